"""The folder that a prediction fills: masks, overlays, two tables, and what they were made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg import files
from edgeseg.data.images import Grey8
from edgeseg.errors import OutputError

#: Every folder made here holds it, from the start on.
MANIFEST = "predict.json"

_SHARP = (
    cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
)  # fmt: skip

_PARTS = (MANIFEST, "masks", "overlays", "cells.csv", "images.csv")


class ResultFolder:
    """One folder of results.

    Files are written one by one, each atomically, so that a run that is interrupted leaves what it
    finished. The manifest tells from the start which images belong to it, and at the end what came of
    them; with `force`, files of an earlier run are deleted, and no others.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: Path, inputs: Sequence[Path], *, force: bool) -> None:
        """Name the folder and look at what is there; nothing is written yet.

        Args:
            path: the folder.
            inputs: the images whose results it will hold.
            force: replace an earlier prediction.

        Raises:
            OutputError: it holds results already and `force` is not set, or results of another kind,
                or one of the inputs.
        """
        self.path = path
        _refuse_overwriting(path, force=force)
        for image in inputs:
            if image.resolve().parent in ((path / "masks").resolve(), (path / "overlays").resolve()):
                raise OutputError(f"{image} lies where the results go; choose another folder than {path}")

    def begin(self, manifest: Mapping[str, Any]) -> None:
        """Delete an earlier prediction, and write a manifest that tells the inputs.

        Raises:
            OutputError: the folder cannot be written.
        """
        for file in self._earlier_files():
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise files.output_error(file, error) from error
        self.write_manifest(manifest)

    def _earlier_files(self) -> list[Path]:
        manifest = self.path / MANIFEST
        if not manifest.exists():
            return []
        earlier = files.read_json(manifest, kind="a prediction's manifest", error=OutputError)
        inputs = [Path(each) for each in earlier.get("inputs", [])]
        names = [*map(_mask_name, inputs), *map(_overlay_name, inputs), Path("cells.csv"), Path("images.csv")]
        return [self.path / name for name in names]

    def write_manifest(self, content: Mapping[str, Any]) -> None:
        """Write `predict.json`; `inputs` in it are what `force` goes by.

        Raises:
            OutputError: as `files.write_bytes`.
        """
        files.write_json(self.path / MANIFEST, content)

    def write_tables(self, texts: Mapping[str, str]) -> None:
        """Write texts by file name; `OutputError` as `files.write_bytes`."""
        for name, text in texts.items():
            files.write_text(self.path / name, text)

    def write_mask(self, image: Path, mask: Grey8) -> None:
        """Write `masks/STEM.png` from `(H, W)` uint8; `OutputError` as `files.write_bytes`."""
        # OpenCV's own settings: on small images three times as fast as a stated compression level.
        _write(self.path / _mask_name(image), cv2.imencode(".png", mask)[1])

    def write_overlay(self, image: Path, picture: npt.NDArray[np.uint8]) -> None:
        """Write `overlays/STEM.jpg` from `(H, W, 3)` uint8 BGR; `OutputError` as `files.write_bytes`.

        JPEG takes a sixth of the time and a quarter of the bytes of PNG; colour is kept at full
        resolution, so that outlines stay sharp.
        """
        _write(self.path / _overlay_name(image), cv2.imencode(".jpg", picture, _SHARP)[1])


def _refuse_overwriting(path: Path, *, force: bool) -> None:
    if path.exists() and not path.is_dir():
        raise OutputError(f"expected a folder for the results, but {path} is a file; choose another name")
    there = [part for part in _PARTS if (path / part).exists()]
    if not there:
        return
    if not force:
        raise OutputError(
            f"{path} holds results already ({', '.join(there)}); choose another folder or pass --force "
            "to replace them"
        )
    if MANIFEST not in there:
        raise OutputError(
            f"{', '.join(there)} in {path} were not made by a prediction (there is no {MANIFEST}), so "
            "--force does not replace them; choose another folder"
        )


def _mask_name(image: Path) -> Path:
    return Path("masks") / f"{image.stem}.png"


def _overlay_name(image: Path) -> Path:
    return Path("overlays") / f"{image.stem}.jpg"


def _write(path: Path, data: npt.NDArray[np.uint8]) -> None:
    files.write_bytes(path, data.data, durable=False)
