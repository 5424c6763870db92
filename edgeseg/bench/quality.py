"""Quality of the very file that is timed, image by image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from edgeseg.config import Preprocessing
from edgeseg.metrics import ConfusionCounts, count, mean, pooled
from edgeseg.preprocessing import apply
from edgeseg.progress import Progress
from edgeseg.runtime import Segmenter

if TYPE_CHECKING:
    # Reading results must not load OpenCV, which reading and tiling images does.
    from edgeseg.data.dataset import Sample


@dataclass(frozen=True, slots=True)
class ImageCounts:
    """One image's pixels by truth and prediction."""

    stem: str
    counts: ConfusionCounts

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data: `stem`, `tp`, `fp`, `fn`, `tn`."""
        counts = self.counts
        return {"stem": self.stem, "tp": counts.tp, "fp": counts.fp, "fn": counts.fn, "tn": counts.tn}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """From `to_dict`'s data."""
        return cls(value["stem"], ConfusionCounts(value["tp"], value["fp"], value["fn"], value["tn"]))


@dataclass(frozen=True, slots=True)
class QualityResult:
    """What a model found on one split; `images` in the order of their stems, at least one."""

    images: tuple[ImageCounts, ...]

    @property
    def pooled(self) -> dict[str, float]:
        """Every metric over the pixels of all images together."""
        return pooled([image.counts for image in self.images])

    @property
    def mean(self) -> dict[str, float]:
        """Every metric as the mean of each image's own value."""
        return mean([image.counts for image in self.images])


def measure_quality(
    segmenter: Segmenter,
    samples: Sequence[Sample],
    preprocessing: Preprocessing,
    *,
    progress: Progress,
) -> QualityResult:
    """Segment every sample, by overlapping tiles where it is larger than the model, and count its pixels.

    Args:
        segmenter: the model, with the settings that it was timed with.
        samples: images and masks.
        preprocessing: the model's own.
        progress: told (images done, images in all, stem), after each tile too.

    Raises:
        DatasetError: a file cannot be decoded, or a mask has not the size of its image.
    """
    from edgeseg.prediction.tiling import segment

    images = []
    for done, sample in enumerate(samples):
        image, truth = sample.read()

        def tile_done(_tile: int, _tiles: int, _note: str, done: int = done, stem: str = sample.stem) -> None:
            progress(done, len(samples), stem)

        mask = segment(apply(image, preprocessing), segmenter, progress=tile_done)
        images.append(ImageCounts(sample.stem, count(truth, mask != 0)))
    progress(len(samples), len(samples), "")
    return QualityResult(tuple(images))
