"""The folder that a prediction fills: masks, overlays, two tables, and what they were made from."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg import files, locks
from edgeseg.errors import OutputError
from edgeseg.prediction.bitmask import MaskRows
from edgeseg.prediction.facts import RunFacts
from edgeseg.prediction.tables import CELLS, IMAGES, times_done
from edgeseg.records import to_data

#: Every folder made here holds it, from the start on.
MANIFEST = "predict.json"

#: 1: first version. 2: frames of videos, cameras and stacks; tables that grow; a run that goes on.
SCHEMA_VERSION = 2

#: No colour is blurred. OpenCV has names for the two numbers since 4.7; before, it passes over them.
_SAMPLING_FACTOR, _FULL_COLOUR = 7, 0x111111
_SHARP = (cv2.IMWRITE_JPEG_QUALITY, 95, _SAMPLING_FACTOR, _FULL_COLOUR)

_PARTS = (MANIFEST, "masks", "overlays", CELLS, IMAGES)

#: Rows of a mask that are unpacked and compressed at a time.
_BAND_ROWS = 256


class ResultFolder:
    """One folder of results.

    Files are written one by one, each atomically, and tables grow row by row, so that a run that is
    interrupted leaves what it finished, and one that is the same goes on from there. With `force`, files
    of an earlier run are deleted, and no others.

    Attributes:
        path: the folder.
        resumed: the manifest of an earlier run that is gone on with, else None.
    """

    def __init__(self, path: Path, inputs: Sequence[str], facts: RunFacts, *, force: bool) -> None:
        """Look at what is there; nothing is written yet.

        Args:
            path: the folder.
            inputs: the files and folders whose results it will hold.
            facts: the model and the options, as in the manifest.
            force: replace an earlier prediction.

        Raises:
            OutputError: it holds results of another model, with other options or of another kind and
                `force` is not set, or one of the inputs.
        """
        self.path, self._force = path, force
        self._earlier = _earlier_manifest(path, force=force)
        for each in inputs:
            place = Path(each).resolve()
            if {place, place.parent} & {(path / "masks").resolve(), (path / "overlays").resolve()}:
                raise OutputError(f"{each} lies where the results go; choose another folder than {path}")
        self.resumed = None if force else self._earlier
        if self.resumed is not None:
            _refuse_other(path, self.resumed, facts)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep another process from writing into the folder, which is made where needed.

        Raises:
            OutputError: another one does already, or the folder cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise files.output_error(self.path, error) from error
        taken = f"another edgeseg predict is writing into {self.path}; wait for it, or choose another folder"
        with locks.locked(self.path, taken=taken):
            yield

    def clear(self) -> None:
        """Delete what an earlier prediction made, and what a killed one left half written.

        Raises:
            OutputError: the folder cannot be written, or one of the files lies outside it; then nothing is
                deleted.
        """
        half = [each for part in ("masks", "overlays") for each in (self.path / part).glob(".*.tmp")]
        doomed = [*half, *(self._made_earlier() if self._force else ())]
        for file in doomed:
            files.path_below(self.path, str(file.relative_to(self.path)))
        for file in doomed:
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise files.output_error(file, error) from error

    def _made_earlier(self) -> Iterable[Path]:
        if self._earlier is None:
            return
        stems = (Path(each).stem for each in map(str, self._earlier.get("inputs", [])))
        for name in {*stems, *times_done(self.path)}:
            if not name or name != Path(name).name:
                raise OutputError(
                    f"{self.path / IMAGES} holds {name!r}, which is no name of a result, so nothing was "
                    "deleted; choose another folder"
                )
            yield self.path / _mask_name(name)
            yield self.path / _overlay_name(name)
        yield self.path / CELLS
        yield self.path / IMAGES

    def write_manifest(self, content: Mapping[str, Any]) -> None:
        """Write `predict.json`; `inputs` in it are what `force` goes by.

        Raises:
            OutputError: as `files.write_bytes`.
        """
        files.write_json(self.path / MANIFEST, content)

    def write_mask(self, name: str, mask: MaskRows) -> None:
        """Write `masks/NAME.png`, 0 and 255; `OutputError` as `files.write_bytes`."""
        # OpenCV's own settings: on small images three times as fast as a stated compression level.
        data = cv2.imencode(".png", mask)[1].tobytes() if isinstance(mask, np.ndarray) else _png(mask)
        files.write_bytes(self.path / _mask_name(name), data, durable=False)

    def write_overlay(self, name: str, picture: npt.NDArray[np.uint8]) -> None:
        """Write `overlays/NAME.jpg` from `(H, W, 3)` uint8 BGR; `OutputError` as `files.write_bytes`.

        JPEG takes a sixth of the time and a quarter of the bytes of PNG; colour is kept at full
        resolution, so that outlines stay sharp.
        """
        data = cv2.imencode(".jpg", picture, _SHARP)[1].data
        files.write_bytes(self.path / _overlay_name(name), data, durable=False)


def _earlier_manifest(path: Path, *, force: bool) -> dict[str, Any] | None:
    if path.exists() and not path.is_dir():
        raise OutputError(f"expected a folder for the results, but {path} is a file; choose another name")
    there = [part for part in _PARTS if (path / part).exists()]
    if not there:
        return None
    if MANIFEST not in there:
        stays = "--force does not replace them" if force else "nothing is added to them"
        raise OutputError(
            f"{', '.join(there)} in {path} were not made by a prediction (there is no {MANIFEST}), so "
            f"{stays}; choose another folder"
        )
    return files.read_json(path / MANIFEST, kind="a prediction's manifest", error=OutputError)


def _refuse_other(path: Path, earlier: Mapping[str, Any], facts: RunFacts) -> None:
    """A folder of results is of one model and one set of options, or its tables would mix two things."""
    cure = "choose another folder or pass --force to replace them"
    if earlier.get("schema_version") != SCHEMA_VERSION:
        raise OutputError(f"{path} holds results already, of another version of edgeseg; {cure}")
    model, now = earlier.get("model", {}), to_data(facts.model)
    if any(model.get(key) != now[key] for key in ("sha256", "preprocessing")):
        raise OutputError(
            f"{path} holds results already, of another model ({model.get('file')}, not {now['file']}); {cure}"
        )
    options = earlier.get("options", {})
    different = [
        f"{name.replace('_', '-')} {options.get(name)}, not {value}"
        for name, value in to_data(facts.options).items()
        if name != "threads" and options.get(name) != value
    ]
    if different:
        raise OutputError(
            f"{path} holds results already, with other options ({'; '.join(different)}); {cure}"
        )


def _mask_name(name: str) -> Path:
    return Path("masks") / f"{name}.png"


def _overlay_name(name: str) -> Path:
    return Path("overlays") / f"{name}.jpg"


def _png(mask: MaskRows) -> bytes:
    """An 8-bit grey PNG, made band by band: OpenCV would need the whole mask as an array."""
    height, width = mask.shape
    packer = zlib.compressobj(1)
    parts = []
    for top in range(0, height, _BAND_ROWS):
        rows = mask[slice(top, top + _BAND_ROWS)]
        parts.append(packer.compress(np.pad(rows, ((0, 0), (1, 0))).data))  # filter 0 before each row
    parts.append(packer.flush())
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = (
        _chunk(b"IHDR", header),
        *(_chunk(b"IDAT", part) for part in parts if part),
        _chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
