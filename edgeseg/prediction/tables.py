"""`cells.csv` and `images.csv`: one row a cell, one row an image, appended as results come.

`images.csv` is the record of what is done: an image's row is written last. Whatever ends a run, even a
power cut, leaves at worst the rows of one image without that last row, and `recover` takes them out.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeseg import files
from edgeseg.errors import OutputError, ResultError
from edgeseg.labels.regions import Cell
from edgeseg.prediction.measures import FIRST_MEASURES, MEASURES, Measure, names, values

CELLS, IMAGES = "cells.csv", "images.csv"

#: Columns that tell which picture a row belongs to, in both tables.
_WHICH = ("image", "page", "frame")

_NOTES = "; "


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageResult:
    """What was found in one picture.

    Attributes:
        source: the file or camera it is from.
        name: what its results are called, without an ending.
        label: what it is called in the tables: a file's name, or the results' name of a page or frame.
        page: of a file with several, from 1.
        frame: of a video or camera, from 0.
        seconds: since the beginning of the video.
        time: UTC: when the file was last changed, or the camera gave the frame.
        width: pixels.
        height: pixels.
        cells: how many.
        mask_pixels: how many pixels of the mask are foreground.
        notes: what was done to bring the file to 8-bit grey.
    """

    source: str
    name: str
    label: str
    width: int
    height: int
    cells: int
    mask_pixels: int
    page: int | None = None
    frame: int | None = None
    seconds: float | None = None
    time: str = ""
    notes: tuple[str, ...] = ()

    @property
    def coverage(self) -> float:
        """The share of the image that is foreground, 0 to 1."""
        return self.mask_pixels / (self.width * self.height)


class Columns:
    """The columns of both tables, and their rows.

    Attributes:
        headers: name of a table -> its columns.
    """

    def __init__(self, pixel_size: float | None, measures: Sequence[Measure] = MEASURES) -> None:
        """Choose the units.

        Args:
            pixel_size: micrometres a pixel, for lengths and areas in um and um2; None keeps pixels.
            measures: of the cells, in the order of the columns; the area is the first.
        """
        self._pixel_size, self._measures = pixel_size, measures
        measured = names(measures, pixel_size)
        self.headers = {
            CELLS: ["image", "cell", *measured, "page", "frame", "seconds"],
            IMAGES: [
                "image", "width_px", "height_px", "cells", measured[0], "coverage", "page", "frame",
                "seconds", "time", "name", "source", "notes",
            ],
        }  # fmt: skip

    def of_cells(self, result: ImageResult, cells: Iterable[Cell]) -> list[list[object]]:
        """The rows of the cells of one picture."""
        return [
            [
                result.label, cell.number, *map(_optional, values(cell, self._measures, self._pixel_size)),
                *_place(result),
            ]
            for cell in cells
        ]  # fmt: skip

    def of_image(self, result: ImageResult) -> list[object]:
        """The row of one picture."""
        area = _number(result.mask_pixels * (self._pixel_size or 1.0) ** 2)
        return [
            result.label, result.width, result.height, result.cells, area, _number(result.coverage),
            *_place(result), result.time, result.name, result.source, _NOTES.join(result.notes),
        ]  # fmt: skip


def cells_csv(result: ImageResult, cells: Iterable[Cell], pixel_size: float | None) -> str:
    """The text of the `cells.csv` that holds one picture alone."""
    columns = Columns(pixel_size)
    return files.csv_text([columns.headers[CELLS], *columns.of_cells(result, cells)])


class Tables:
    """Both tables in a folder of results, open for what comes."""

    def __init__(self, folder: Path, pixel_size: float | None) -> None:
        """Name them; nothing is read or written yet.

        Args:
            folder: of the results.
            pixel_size: as of `Columns`.
        """
        self._folder, self._pixel_size = folder, pixel_size
        self._columns = Columns(pixel_size)

    def recover(self, is_whole: Callable[[str], bool]) -> list[ImageResult]:
        """Read what is done, and take out of both tables what a run that was cut short left unfinished.

        A table that is not there is begun. One that version 0.1 began keeps its columns.

        Args:
            is_whole: whether the files of an image are there, by its name; one whose files or cells are not
                all there is not done.

        Raises:
            OutputError: a table has other columns, or cannot be read or written.
        """
        first = Columns(self._pixel_size, FIRST_MEASURES)
        if next(_read(self._folder / CELLS), []) == first.headers[CELLS]:
            self._columns = first
        for name, header in self._columns.headers.items():
            if not (self._folder / name).exists():
                files.write_text(self._folder / name, files.csv_text([header]))
        counts = Counter(map(_which, self._rows(CELLS)))
        rows = [
            row
            for row in self._rows(IMAGES)
            if is_whole(row["name"]) and str(counts[_which(row)]) == row["cells"]
        ]
        done = set(map(_which, rows))
        cells = [row for row in self._rows(CELLS) if _which(row) in done]
        for name, kept in ((IMAGES, rows), (CELLS, cells)):
            text = files.csv_text([self._columns.headers[name], *(row.values() for row in kept)])
            if text.encode() != (self._folder / name).read_bytes():
                files.write_text(self._folder / name, text)
        return [_result(row) for row in rows]

    def _rows(self, name: str) -> Iterator[dict[str, str]]:
        """The rows of a table that are whole."""
        header = self._columns.headers[name]
        lines = _read(self._folder / name)
        if next(lines, None) != header:
            raise OutputError(
                f"{self._folder / name} does not begin with the columns {','.join(header)}, so nothing can "
                "be added to it; choose another folder or pass --force to replace them"
            )
        for line in lines:
            if len(line) == len(header):
                yield dict(zip(header, line, strict=True))

    def add(self, result: ImageResult, cells: Iterable[Cell]) -> None:
        """Append one image and its cells, which are numbered from 1.

        Raises:
            OutputError: the disk is full, for one; then neither table has a row more than before.
        """
        before = _append(self._folder / CELLS, files.csv_text(self._columns.of_cells(result, cells)))
        try:
            _append(self._folder / IMAGES, files.csv_text([self._columns.of_image(result)]))
        except OutputError:
            os.truncate(self._folder / CELLS, before)
            raise


def times_done(path: Path) -> dict[str, str]:
    """What a folder's `images.csv` has: names of results -> `ImageResult.time`; none where there is none."""
    lines = _read(path / IMAGES)
    header = next(lines, [])
    if not {"name", "time"} <= set(header):
        return {}
    name, made_of = header.index("name"), header.index("time")
    return {line[name]: line[made_of] for line in lines if len(line) == len(header)}


def read_images(folder: Path, pixel_size: float | None) -> list[ImageResult]:
    """The pictures that a folder's `images.csv` tells of, whole rows only.

    Args:
        folder: of results.
        pixel_size: as of `Columns`, which is that of the folder.

    Raises:
        ResultError: it has other columns, or what is in them is not what was written there.
    """
    header = Columns(pixel_size).headers[IMAGES]
    lines = _read(folder / IMAGES)
    if next(lines, None) != header:
        raise ResultError(
            f"expected {folder / IMAGES} to begin with the columns {','.join(header)}, as edgeseg predict "
            "wrote it; was it changed?"
        )
    rows = [dict(zip(header, line, strict=True)) for line in lines if len(line) == len(header)]
    try:
        return [_result(row) for row in rows]
    except ValueError as error:
        raise ResultError(f"expected numbers in {folder / IMAGES}, but: {error}; was it changed?") from error


def _read(path: Path) -> Iterator[list[str]]:
    """The lines of a table, without a last one that was cut off; none where there is no table."""
    if not path.is_file():
        return iter(())
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise OutputError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    return csv.reader(io.StringIO(text[: text.rfind("\n") + 1], newline=""))


def _place(result: ImageResult) -> list[str]:
    return [_optional(result.page), _optional(result.frame), _optional(result.seconds)]


def _which(row: dict[str, str]) -> tuple[str, ...]:
    """What tells the picture that a row of either table belongs to."""
    return tuple(row[name] for name in _WHICH)


def _result(row: dict[str, str]) -> ImageResult:
    width, height = int(row["width_px"]), int(row["height_px"])
    return ImageResult(
        source=row["source"], name=row["name"], label=row["image"], width=width, height=height,
        cells=int(row["cells"]), mask_pixels=round(float(row["coverage"]) * width * height),
        page=int(row["page"]) if row["page"] else None, frame=int(row["frame"]) if row["frame"] else None,
        seconds=float(row["seconds"]) if row["seconds"] else None, time=row["time"],
        notes=tuple(row["notes"].split(_NOTES)) if row["notes"] else (),
    )  # fmt: skip


def _append(path: Path, text: str) -> int:
    """Add text to a file, all or nothing, and give the size that it had before."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            before = os.fstat(descriptor).st_size
            try:
                _write_all(descriptor, text.encode("utf-8", errors="surrogateescape"))
            except OSError:
                os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)
    except OSError as error:
        raise files.output_error(path, error) from error
    return before


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _number(value: float) -> str:
    return f"{value:.10g}"


def _optional(value: float | None) -> str:
    return "" if value is None else _number(value)
