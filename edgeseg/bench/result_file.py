"""A bench result as a JSON file: one for each bench, its schema versioned.

Beside what was measured, the file repeats the common statistics under `summary`, and what follows from them
under `why` and `doubts`, for people and for `jq`; reading a file passes over those parts.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from edgeseg import files
from edgeseg.bench.figures import summary
from edgeseg.bench.result import BenchResult
from edgeseg.bench.why import why
from edgeseg.errors import ResultError
from edgeseg.machine.doubts import doubts
from edgeseg.records import check_version, from_data, to_data

#: 1: first version. 2: several runtimes, cells, panels, the Keras model, doubts.
SCHEMA_VERSION = 2


def result_data(result: BenchResult) -> dict[str, Any]:
    """A result as JSON-able data, with its doubts, and each row with its figures and what explains them."""
    data: dict[str, Any] = {"schema_version": SCHEMA_VERSION, **to_data(result)}
    for model, described in zip(result.models, data["models"], strict=True):
        for measurement, row in zip(model.measurements, described["measurements"], strict=True):
            row |= {"summary": summary(measurement), "why": list(why(result, model, measurement))}
    for run, row in zip(result.host, data["host"], strict=True):
        row["summary"] = run.summary
    return data | {"doubts": list(doubts(result.conditions))}


def result_text(result: BenchResult) -> str:
    """The JSON text of a result, each list of numbers and each image on one line."""
    text = json.dumps(result_data(result), indent=2, allow_nan=False, ensure_ascii=False)
    # Line breaks stand only between tokens (inside strings they are escaped), so joining lines is safe.
    text = re.sub(r"[\[{][^\[\]{}]*[\]}]", lambda match: re.sub(r"\n\s*", " ", match[0]), text) + "\n"
    # Bytes of a path that are no UTF-8 become the JSON escapes that they came from.
    return text.encode(errors="backslashreplace").decode()


def save_result(path: Path, result: BenchResult) -> None:
    """Write a result as JSON, atomically; `OutputError` where that fails."""
    files.write_text(path, result_text(result))


def load_result(path: Path) -> BenchResult:
    """Read a result.

    Raises:
        ResultError: no such file, no JSON, or no bench result of this schema version.
    """
    return read_result(files.read_json(path, kind="bench results", error=ResultError), where=path)


def read_result(data: object, *, where: object) -> BenchResult:
    """A result from `result_data`'s data.

    Args:
        data: the data.
        where: what it was read from, for the sentence.

    Raises:
        ResultError: another schema version, or a part is missing, unknown or does not fit.
    """
    place = f"the bench results {where}"
    cure = "bench again, or use the edgeseg version that wrote them"
    check_version(data, (SCHEMA_VERSION,), where=place, error=ResultError, cure=cure)
    return from_data(BenchResult, data, where=place, error=ResultError, cure=cure)
