"""What a budget can limit, and how its values are written."""

from __future__ import annotations

from typing import Any

from edgeseg.bench.figure import Figure
from edgeseg.bench.figures import OF_FILE, OF_QUALITY, P50
from edgeseg.bench.readers import Plain, Value
from edgeseg.bench.result import DatasetUsed


def _name_data(data: DatasetUsed) -> str:
    """What must be the same for two values of quality to be compared; the folder's name need not."""
    return f"{data.images} of {data.of} images of the {data.split} split, digest {data.digest[:12]}"


#: Of the file alone: the same every time.
FILE_FIGURES = tuple(figure for figure in OF_FILE if figure.limit)

#: What the file finds: the same every time on the same images.
QUALITY_FIGURES = tuple(figure for figure in OF_QUALITY if figure.limit)

#: The images that quality was measured on. No limit is on them: quality is compared with a baseline of the
#: same images alone.
IMAGES: Figure[DatasetUsed] = Figure(
    name="dice_data", title="images", unit="words", reader=Plain(_name_data), limit="dice_data"
)

#: All that a baseline has of a file, in its order.
LIMITED: tuple[Figure[Any], ...] = (*FILE_FIGURES, *QUALITY_FIGURES, IMAGES)

#: Median time of the network alone. It can be compared on one and the same machine only, so its baseline
#: and its judgement are apart (`times.py`).
LATENCY = P50


def name_of(figure: Figure[Any]) -> str:
    """What a figure is called in budgets.toml, and in sentences about budgets."""
    return figure.limit or figure.name


def format_value(figure: Figure[Any], value: Value) -> str:
    """`2,100,000` for bytes and counts, six decimals for a share, `26.215 ms`, `CONV_2D, LOGISTIC`."""
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if isinstance(value, str):
        return value
    if figure.unit == "share":
        return f"{value:.6f}"
    return f"{value:,.3f} ms" if figure.unit == "ms" else f"{value:,.0f}"


def relative_change(old: Value | None, new: Value | None) -> float | None:
    """`0.05` for 5 per cent more; `None` where there is no such share."""
    if isinstance(old, int | float) and isinstance(new, int | float) and old:
        return new / old - 1
    return None


def format_change(figure: Figure[Any], old: Value, new: Value) -> str:
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
    return f"{sign}{format_value(figure, abs(new - old))}{part}"


def _format_kinds(old: set[str], new: set[str]) -> str:
    return (
        " ".join([*(f"+{kind}" for kind in sorted(new - old)), *(f"-{kind}" for kind in sorted(old - new))])
        or "0"
    )
