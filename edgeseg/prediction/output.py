"""The folder that a prediction fills: masks, labels, overlays, two tables, and what they were made from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg import files, locks
from edgeseg.errors import OutputError
from edgeseg.labels.label_rows import LabelRows
from edgeseg.prediction.facts import RunFacts
from edgeseg.prediction.label_tiff import encode_labels
from edgeseg.prediction.mask_png import encode_mask
from edgeseg.prediction.predict_options import PredictOptions
from edgeseg.prediction.tables import CELLS, IMAGES, times_done
from edgeseg.records import to_data

#: Every folder made here holds it, from the start on.
MANIFEST = "predict.json"

#: 1: first version. 2: frames of videos, cameras and stacks; tables that grow; a run that goes on. 3: labels.
SCHEMA_VERSION = 3

#: A folder of the version before is gone on with as it was begun: without labels.
_WITHOUT_LABELS = 2

#: No colour is blurred. OpenCV has names for the two numbers since 4.7; before, it passes over them.
_SAMPLING_FACTOR, _FULL_COLOUR = 7, 0x111111
_SHARP = (cv2.IMWRITE_JPEG_QUALITY, 95, _SAMPLING_FACTOR, _FULL_COLOUR)

#: A file of each picture lies in each of these, called NAME and the ending.
_ENDINGS = {"masks": ".png", "labels": ".tif", "overlays": ".jpg", "rois": ".zip", "geojson": ".geojson"}

#: Those that version 0.1 made, and those that an option of the same name asks for.
_FIRST, _ASKED_FOR = ("masks", "overlays"), ("rois", "geojson")

_PARTS = (MANIFEST, *_ENDINGS, CELLS, IMAGES)


class ResultFolder:
    """One folder of results.

    Files are written one by one, each atomically, and tables grow row by row, so that a run that is
    interrupted leaves what it finished, and one that is the same goes on from there. With `force`, files
    of an earlier run are deleted, and no others.

    Attributes:
        path: the folder.
        resumed: the manifest of an earlier run that is gone on with, else None.
        schema_version: of its manifest: of the run that began it.
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
        self._earlier = _earlier_manifest(path, facts, force=force)
        for each in inputs:
            place = Path(each).resolve()
            if {place, place.parent} & {(path / part).resolve() for part in _ENDINGS}:
                raise OutputError(f"{each} lies where the results go; choose another folder than {path}")
        self.resumed = None if force else self._earlier
        if self.resumed is not None:
            _refuse_other(path, self.resumed, facts)
        self.schema_version = _schema_version(self.resumed) or SCHEMA_VERSION
        self._parts = _made_by(self.resumed or to_data(facts))

    @property
    def has_labels(self) -> bool:
        """Whether labels are kept; not in a folder that version 0.1 began."""
        return "labels" in self._parts

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
        half = [each for part in _ENDINGS for each in (self.path / part).glob(".*.tmp")]
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
            yield from (self._place(part, name) for part in _made_by(self._earlier))
        yield self.path / CELLS
        yield self.path / IMAGES

    def write_manifest(self, content: Mapping[str, Any]) -> None:
        """Write `predict.json`; `inputs` in it are what `force` goes by.

        Raises:
            OutputError: as `files.write_bytes`.
        """
        files.write_json(self.path / MANIFEST, content)

    def is_whole(self, name: str) -> bool:
        """Whether the mask of an image is there, its labels, and the outlines that were asked for.

        After a power cut they may be empty, since the image's row in the table can outrun them.
        """
        places = [self._place(part, name) for part in self._parts if part != "overlays"]
        return all(each.is_file() and each.stat().st_size for each in places)

    def _place(self, part: str, name: str) -> Path:
        return self.path / part / f"{name}{_ENDINGS[part]}"

    def write_mask(self, name: str, labels: LabelRows) -> None:
        """Write `masks/NAME.png`, 255 on cells and else 0; `OutputError` as `files.write_bytes`."""
        files.write_bytes(self._place("masks", name), encode_mask(labels), durable=False)

    def write_labels(self, name: str, labels: LabelRows, cells: int, pixel_size: float | None) -> None:
        """Write `labels/NAME.tif`, as of `encode_labels`; `OutputError` as `files.write_bytes`.

        Nothing is written where the folder `has_labels` not.
        """
        if self.has_labels:
            data = encode_labels(labels, cells, pixel_size)
            files.write_bytes(self._place("labels", name), data, durable=False)

    def write_rois(self, name: str, data: bytes) -> None:
        """Write `rois/NAME.zip`, of `encode_rois`; `OutputError` as `files.write_bytes`."""
        files.write_bytes(self._place("rois", name), data, durable=False)

    def write_geojson(self, name: str, parts: Iterable[bytes]) -> None:
        """Write `geojson/NAME.geojson`, of `geojson`; `OutputError` as `files.write_bytes`."""
        files.write_parts(self._place("geojson", name), parts, durable=False)

    def write_overlay(self, name: str, picture: npt.NDArray[np.uint8]) -> None:
        """Write `overlays/NAME.jpg` from `(H, W, 3)` uint8 BGR; `OutputError` as `files.write_bytes`.

        JPEG takes a sixth of the time and a quarter of the bytes of PNG; colour is kept at full
        resolution, so that outlines stay sharp.
        """
        data = cv2.imencode(".jpg", picture, _SHARP)[1].data
        files.write_bytes(self._place("overlays", name), data, durable=False)


def _schema_version(manifest: Mapping[str, Any] | None) -> int:
    """Of a manifest; 0 where it is none of a prediction's."""
    stated = (manifest or {}).get("schema_version")
    return stated if isinstance(stated, int) else 0


def _made_by(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """The folders that the prediction of a manifest fills; overlays too where it was asked for none."""
    labels = ("labels",) if _schema_version(manifest) > _WITHOUT_LABELS else ()
    options = manifest.get("options")
    asked_for = options if isinstance(options, dict) else {}
    return *_FIRST, *labels, *(each for each in _ASKED_FOR if asked_for.get(each) is True)


def _is_filled(path: Path) -> bool:
    """Whether there is a file, or a folder that holds something."""
    return any(path.iterdir()) if path.is_dir() else path.exists()


def _earlier_manifest(path: Path, facts: RunFacts, *, force: bool) -> dict[str, Any] | None:
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
    earlier = files.read_json(path / MANIFEST, kind="a prediction's manifest", error=OutputError)
    others = [
        part for part in _made_by(to_data(facts)) if part not in _made_by(earlier) and _is_filled(path / part)
    ]
    if force and others:
        raise OutputError(
            f"{', '.join(others)} in {path} were not made by the prediction there, so --force does not "
            "replace them; choose another folder"
        )
    return earlier


def _refuse_other(path: Path, earlier: Mapping[str, Any], facts: RunFacts) -> None:
    """A folder of results is of one model and one set of options, or its tables would mix two things."""
    cure = "choose another folder or pass --force to replace them"
    if _schema_version(earlier) not in (_WITHOUT_LABELS, SCHEMA_VERSION):
        raise OutputError(f"{path} holds results already, of another version of edgeseg; {cure}")
    model, now = earlier.get("model", {}), to_data(facts.model)
    if any(model.get(key) != now[key] for key in ("sha256", "preprocessing")):
        raise OutputError(
            f"{path} holds results already, of another model ({model.get('file')}, not {now['file']}); {cure}"
        )
    # An option that came later has its default in folders from before.
    options = {**to_data(PredictOptions()), **earlier.get("options", {})}
    different = [
        f"{name.replace('_', '-')} {options.get(name)}, not {value}"
        for name, value in to_data(facts.options).items()
        if name != "threads" and options.get(name) != value
    ]
    if different:
        raise OutputError(
            f"{path} holds results already, with other options ({'; '.join(different)}); {cure}"
        )
