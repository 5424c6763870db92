"""What a budget can limit, each with its unit, and how its values are written."""

from __future__ import annotations

from dataclasses import dataclass

#: A number, the kinds of operators by name, or words.
Value = float | tuple[str, ...] | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Something that a budget can limit.

    Attributes:
        name: in budgets.toml and in sentences.
        unit: `bytes`, `count`, `share` (0 to 1), `ms`, `kinds` (of operators) or `words`.
        higher_is_better: whether the limit is a least value.
    """

    name: str
    unit: str
    higher_is_better: bool = False

    @property
    def whole(self) -> bool:
        """Whether its values are whole numbers."""
        return self.unit in ("bytes", "count")


#: All are the same every time for one file (Dice: for one file and data set).
METRICS = (
    Metric(name="bytes", unit="bytes"),
    Metric(name="gzip_bytes", unit="bytes"),
    Metric(name="xz_bytes", unit="bytes"),
    Metric(name="macs", unit="count"),
    Metric(name="parameters", unit="count"),
    Metric(name="operators", unit="count"),
    Metric(name="operator_kinds", unit="kinds"),
    Metric(name="float_operators", unit="count"),
    Metric(name="partitions", unit="count"),
    Metric(name="arena_bytes", unit="bytes"),
    Metric(name="dice", unit="share", higher_is_better=True),
    # No limit is on it: Dice is compared with a baseline of the same images alone.
    Metric(name="dice_data", unit="words"),
)

#: Median time of the network alone. It can be compared on one and the same machine only, so its baseline
#: and its judgement are apart (`latency.py`).
LATENCY = Metric(name="latency", unit="ms")


def format_value(metric: Metric, value: Value) -> str:
    """`2,100,000` for bytes and counts, six decimals for a share, `26.215 ms`, `CONV_2D, LOGISTIC`."""
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if isinstance(value, str):
        return value
    if metric.unit == "share":
        return f"{value:.6f}"
    return f"{value:,.3f} ms" if metric.unit == "ms" else f"{value:,.0f}"


def relative_change(old: Value | None, new: Value | None) -> float | None:
    """`0.05` for 5 per cent more; `None` where there is no such share."""
    if isinstance(old, int | float) and isinstance(new, int | float) and old:
        return new / old - 1
    return None


def format_change(metric: Metric, old: Value, new: Value) -> str:
    """What is more or less now: `+2,000 (+2.0 %)`, `+DEQUANTIZE -LOGISTIC`, `0`."""
    if isinstance(old, tuple) and isinstance(new, tuple):
        return _format_kinds(set(old), set(new))
    if not isinstance(old, int | float) or not isinstance(new, int | float):
        return ""
    if old == new:
        return "0"
    sign = "+" if new > old else "-"
    share = relative_change(old, new)
    part = "" if share is None else f" ({100 * share:+.1f} %)"
    return f"{sign}{format_value(metric, abs(new - old))}{part}"


def _format_kinds(old: set[str], new: set[str]) -> str:
    return (
        " ".join([*(f"+{kind}" for kind in sorted(new - old)), *(f"-{kind}" for kind in sorted(old - new))])
        or "0"
    )
