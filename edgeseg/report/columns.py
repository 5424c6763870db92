"""The columns of the table of rows: what each is called, means, and looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from edgeseg.report.rows import Row, Value

#: What is shown where nothing was measured.
NOTHING = "-"


class HasValues(Protocol):
    """A row of some table."""

    @property
    def values(self) -> Mapping[str, Value]:
        """By the names of columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        name: of `Row.values`, and in CSV.
        title: in the page and in Markdown.
        about: what it is, in a few words.
        digits: behind the point, of a number; `None`: text.
        scale: what a number is multiplied by to be shown.
        signed: whether the sign is always shown, of a change.
        main: whether it is seen at once.
    """

    name: str
    title: str
    about: str
    digits: int | None = None
    scale: float = 1
    signed: bool = False
    main: bool = False

    def text(self, row: HasValues) -> str:
        """The value as people read it."""
        return self.show(row.values.get(self.name))

    def show(self, value: Value) -> str:
        """A value of this column as people read it."""
        if value is None or value == "":
            return NOTHING
        if self.digits is None or isinstance(value, str):
            return str(value)
        number = round(value * self.scale, self.digits) + 0.0  # not -0.0
        return f"{number:{'+' * self.signed},.{self.digits}f}"


def _change(name: str, title: str, about: str) -> Column:
    return Column(name=name, title=title, about=about, digits=4, signed=True, main=True)


#: Bytes are shown as kB of 1000 bytes and MB of 10^6; shares as they are, agreement in per cent.
COLUMNS = (
    Column(name="variant", title="variant", about="what the sidecar says the file is", main=True),
    Column(name="runtime", title="runtime", about="what ran it", main=True),
    Column(name="threads", title="threads", about="of the interpreter", digits=0, main=True),
    Column(name="state", title="state", about="whether it could be measured"),
    Column(name="front", title="Pareto front", about="no other file is as cheap and as good", main=True),
    Column(name="file_bytes", title="kB", about="of the file as shipped", digits=1, scale=1e-3, main=True),
    Column(name="raw_bytes", title="unpacked kB", about="of the model", digits=1, scale=1e-3),
    Column(name="gzip_bytes", title="gzip kB", about="of the model after gzip -9", digits=1, scale=1e-3),
    Column(name="xz_bytes", title="xz kB", about="of an .xz container", digits=1, scale=1e-3),
    Column(name="p50_ms", title="p50 ms", about="median of one inference", digits=2, main=True),
    Column(name="p90_ms", title="p90 ms", about="90 % of inferences were no slower", digits=2, main=True),
    Column(name="p99_ms", title="p99 ms", about="99 % of inferences were no slower", digits=2),
    Column(name="mad_ms", title="MAD ms", about="median absolute deviation from p50", digits=3),
    Column(name="samples", title="samples", about="inferences counted", digits=0),
    Column(name="load_ms", title="import ms", about="importing the runtime", digits=2),
    Column(name="init_ms", title="init ms", about="building the interpreter", digits=2),
    Column(name="first_ms", title="first ms", about="the first inference", digits=2),
    Column(name="prepare_p50_ms", title="prepare ms", about="median of preparing an image", digits=2),
    Column(name="output_p50_ms", title="output ms", about="median of making the mask", digits=2),
    Column(name="peak_mb", title="peak MB", about="most memory of the process", digits=1, main=True),
    Column(name="model_mb", title="model MB", about="what the process grew by", digits=1),
    Column(name="arena_bytes", title="arena MB", about="tensors as planned", digits=1, scale=1e-6),
    Column(name="overhead", title="overhead %", about="what the bench itself added", digits=1, scale=100),
    Column(name="dice_pooled", title="Dice", about="over the pixels of all images", digits=4, main=True),
    Column(name="dice_low", title="Dice from", about="95 % interval over source images", digits=4),
    Column(name="dice_high", title="Dice to", about="95 % interval over source images", digits=4),
    _change("dice_change", "Dice change", "against the reference, on the same images"),
    _change("dice_change_low", "change from", "95 % interval of the change"),
    _change("dice_change_high", "change to", "95 % interval of the change"),
    Column(name="dice_mean", title="mean Dice", about="mean of the images' own", digits=4),
    Column(name="iou_pooled", title="IoU", about="over the pixels of all images", digits=4),
    Column(name="iou_mean", title="mean IoU", about="mean of the images' own", digits=4),
    Column(name="cell_precision", title="cell precision", about="found cells that are true", digits=3),
    Column(name="cell_recall", title="cell recall", about="true cells that were found", digits=3),
    Column(name="cell_f1", title="cell F1", about="cells matched at IoU 0.5", digits=3, main=True),
    Column(name="count_error", title="count error", about="of the cells of an image, as a share", digits=3),
    Column(name="area_error", title="area error", about="of the area of an image, as a share", digits=3),
    Column(
        name="agreement",
        title="agree %",
        about="mask pixels as the reference's",
        digits=3,
        scale=100,
    ),
    Column(name="operators", title="operators", about="in the file", digits=0),
    Column(name="float_operators", title="float operators", about="that compute in float", digits=0),
    Column(name="partitions", title="partitions", about="that XNNPACK takes the file in", digits=0),
    Column(name="macs", title="MACs (million)", about="multiply-accumulates", digits=1, scale=1e-6),
)

BY_NAME = {column.name: column for column in COLUMNS}


def used_columns(rows: Sequence[Row]) -> list[Column]:
    """The columns that say something about some row; `variant` does not where the labels are variants."""
    said = {"variant"} if all(row.label == row.values["variant"] for row in rows) else set()
    return [
        column
        for column in COLUMNS
        if column.name not in said and any(column.text(row) != NOTHING for row in rows)
    ]
