"""What became of one limit on one file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from edgeseg.bench.readers import Value
from edgeseg.budget.limited import format_value, name_of
from edgeseg.budget.limits import Limit

#: `unconfirmed`: a time that is beyond its limit in one run, while no second one was given.
Verdict = Literal["ok", "broken", "unconfirmed", "not judged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What became of one limit on one file.

    Attributes:
        file: its name.
        limit: which.
        verdict: only `broken` fails a check.
        sentence: why, beginning with the file's name; empty for `ok`.
        row: runtime and threads of a time, `litert, 1 thread`, else empty.
        value: what was measured; `None` where nothing was.
        bound: the greatest (Dice: least) value allowed; `None` where it is not known.
        baseline: the file's value in the baseline, if there is one; a relative limit starts from it.
    """

    file: str
    limit: Limit
    verdict: Verdict
    sentence: str = ""
    row: str = ""
    value: Value | None = None
    bound: Value | None = None
    baseline: Value | None = None

    @property
    def label(self) -> str:
        """The metric, with the row of a time."""
        return f"{name_of(self.limit.figure)} ({self.row})" if self.row else name_of(self.limit.figure)

    @property
    def excess(self) -> float | None:
        """How far a number is beyond its bound; `None` where it is not, or is none."""
        if self.verdict in ("ok", "not judged") or not isinstance(self.value, int | float):
            return None
        return abs(self.value - self.bound) if isinstance(self.bound, int | float) else None

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data; tuples are lists in JSON."""
        return {
            "file": self.file,
            "metric": name_of(self.limit.figure),
            "row": self.row or None,
            "key": self.limit.key,
            "value": self.value,
            "limit": self.bound,
            "excess": self.excess,
            "baseline": self.baseline,
            "verdict": self.verdict,
            "sentence": self.sentence or None,
        }


def sentence_beyond(what: str, limit: Limit, *, value: float, bound: float, baseline: float | None) -> str:
    """`WHAT 2,100 exceeds the limit 2,000 by 100 (+5.0 %)`, with the baseline where there is one."""
    figure = limit.figure
    verb, sign = ("is below", "-") if figure.higher_is_better else ("exceeds", "+")
    origin = (
        f" (baseline {format_value(figure, baseline)} {sign} {limit.text})" if baseline is not None else ""
    )
    excess = abs(value - bound)
    share = f" ({sign}{100 * excess / bound:.1f} %)" if bound else ""
    return (
        f"{what} {format_value(figure, value)} {verb} the limit {format_value(figure, bound)}{origin} "
        f"by {format_value(figure, excess)}{share}"
    )
