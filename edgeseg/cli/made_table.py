"""The table of new model files: what they cost, and how far they agree with what they were made from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from edgeseg.cli.console import table

if TYPE_CHECKING:
    from edgeseg.model.artifact import Artifact
    from edgeseg.model.sidecar import Sidecar

_NOTHING = "-"


def made_table(made: Iterable[Artifact], *, source: str) -> str:
    """A row for each file with a sidecar; columns in which no file has anything are left out.

    Args:
        made: the files.
        source: what they were made from, in a word: `Keras`.
    """
    header = [
        "file", "bytes", "gzip", "xz", "partitions", "float ops", "agreement", "cell agreement",
        f"val Dice {source}", "val Dice file",
    ]  # fmt: skip
    rows = [_row(artifact, artifact.sidecar) for artifact in made if artifact.sidecar]
    used = [place for place in range(len(header)) if any(row[place] != _NOTHING for row in rows)]
    return table([header[place] for place in used], [[row[place] for place in used] for row in rows])


def _row(artifact: Artifact, facts: Sidecar) -> list[str]:
    audit, checked = facts.audit, facts.verification
    cells = checked.cells if checked else None
    return [
        artifact.path.name,
        f"{facts.bytes:,}",
        f"{facts.gzip_bytes:,}",
        f"{artifact.packed_bytes:,}" if artifact.packed_bytes else _NOTHING,
        *((str(audit.partitions), str(len(audit.float_operators))) if audit else (_NOTHING, _NOTHING)),
        f"{checked.agreement:.3%}" if checked else _NOTHING,
        f"{cells.f1:.3%}" if cells else _NOTHING,
        *((f"{checked.dice_reference:.4f}", f"{checked.dice_file:.4f}") if checked else [_NOTHING] * 2),
    ]
