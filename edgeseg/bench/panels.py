"""Images worth a look: those that the models find hardest, and an ordinary one, with every mask."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from edgeseg.bench.quality import QualityResult
from edgeseg.bench.result import ModelResult, Panel

if TYPE_CHECKING:
    from edgeseg.data.dataset import Sample
    from edgeseg.labels.label_rows import Labels

#: Bytes that hold the length of a PNG file.
_LENGTH = 8

#: The greatest number of 16 bits.
_MOST = 2**16 - 1


@dataclass(frozen=True, slots=True)
class MaskFolder:
    """Where the child processes put the masks that quality was measured with, packed 8 pixels a byte.

    Beside each lie the labels of a model that tells cells apart (`labels_path`).
    """

    folder: Path

    def path(self, model: int, runtime: str) -> Path:
        """The file of one model, by its number, in one runtime: all masks in the order of the images."""
        return self.folder / f"{model}-{runtime}"

    def read(self, model: int, runtime: str, quality: QualityResult, image: int) -> npt.NDArray[np.bool_]:
        """The mask of one image, by its number in `quality`, flat."""
        sizes = [each.pixels for each in quality.images]
        start = sum((size + 7) // 8 for size in sizes[:image])
        packed = np.fromfile(self.path(model, runtime), np.uint8, offset=start, count=(sizes[image] + 7) // 8)
        return np.unpackbits(packed)[: sizes[image]].astype(np.bool_)

    def read_labels(self, model: int, runtime: str, image: int) -> bytes:
        """The labels of one image as `write_labels` wrote them: a PNG file."""
        with labels_path(self.path(model, runtime)).open("rb") as file:
            for _ in range(image):
                file.seek(int.from_bytes(file.read(_LENGTH)), os.SEEK_CUR)
            return file.read(int.from_bytes(file.read(_LENGTH)))


def labels_path(masks: Path) -> Path:
    """Where the labels are that belong to a file of masks."""
    return masks.with_name(f"{masks.name}-labels")


def write_labels(file: BinaryIO, labels: Labels) -> None:
    """Add the labels of one more image, `(H, W)`, as a PNG file with its length before it."""
    data = label_png(labels)
    file.write(len(data).to_bytes(_LENGTH) + data)


def label_png(labels: Labels) -> bytes:
    """Labels, `(H, W)`, as a PNG file of 16 bits, for looking at.

    Where numbers are too large for that, cells are numbered anew; from 65,536 of them on, numbers repeat.
    """
    import cv2

    if labels.max(initial=0) > _MOST:
        numbers, place = np.unique(np.append(labels, 0), return_inverse=True)
        kept = np.arange(len(numbers))
        kept[1:] = kept[:-1] % _MOST + 1
        labels = kept[place[:-1]].reshape(labels.shape).astype(np.int32)
    return cv2.imencode(".png", labels.astype(np.uint16))[1].tobytes()


def choose_panels(
    models: Sequence[ModelResult], samples: Sequence[Sample], masks: MaskFolder, runtime: str, count: int
) -> tuple[Panel, ...]:
    """The images with the least Dice, as the mean over all models, and the one in the middle.

    Args:
        models: as they were measured.
        samples: the images, in the order of their measurement.
        masks: where the masks are.
        runtime: whose masks to show.
        count: how many images to choose; the one in the middle is the last of them.
    """
    measured = [
        (number, model, quality) for number, model in enumerate(models) if (quality := model.quality(runtime))
    ]
    if not measured:
        return ()
    dice = [
        fmean(quality.images[image].counts.dice for _, _, quality in measured)
        for image in range(len(samples))
    ]
    order = sorted(range(len(samples)), key=dice.__getitem__)
    middle = order[len(order) // 2]
    worst = [image for image in order if image != middle][: count - 1]
    chosen = [(image, f"Dice {dice[image]:.4f}, one of the least") for image in worst]
    chosen.append((middle, f"Dice {dice[middle]:.4f}, in the middle"))
    panels = []
    for image, why in chosen:
        grey, truth = samples[image].read()
        found = {
            model.name: _png(masks.read(number, runtime, quality, image).reshape(truth.shape))
            for number, model, quality in measured
        }
        cells = {
            model.name: _text(masks.read_labels(number, runtime, image))
            for number, model, _ in measured
            if model.tells_apart
        }
        panels.append(
            Panel(
                stem=samples[image].stem, why=why, image=_png(grey), truth=_png(truth.mask), masks=found,
                labels=cells,
                true_labels=_text(label_png(truth.labels)) if truth.kind == "labels" else None,
            )
        )  # fmt: skip
    return tuple(panels)


def _png(pixels: npt.NDArray[Any]) -> str:
    """A grey image or a mask as a PNG file in base64."""
    import cv2  # late: whoever reads results needs none

    mask = pixels.dtype == np.bool_
    grey = pixels.astype(np.uint8) * 255 if mask else pixels
    # One bit a pixel for masks: a panel of twelve models stays small.
    _, data = cv2.imencode(".png", grey, [cv2.IMWRITE_PNG_BILEVEL, int(mask)])
    return _text(data.tobytes())


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
