"""Quality of the very file that is timed, image by image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from edgeseg.metrics.cells import MIN_AREA, MIN_IOU, NO_CELLS, CellCounts
from edgeseg.metrics.pixels import ConfusionCounts, count, mean, pooled
from edgeseg.model.preprocessing import Preprocessing, apply
from edgeseg.model.segmenter import Segmenter
from edgeseg.progress import Progress
from edgeseg.records import stored

if TYPE_CHECKING:
    # Reading results must not load OpenCV, which reading and tiling images does.
    from edgeseg.data.dataset import Sample
    from edgeseg.labels.label_rows import Labels
    from edgeseg.metrics.matching import Matching
    from edgeseg.model.encoding import Mask


#: IoU thresholds that AP is averaged over.
AP_THRESHOLDS = tuple(number / 100 for number in range(50, 91, 5))


@dataclass(frozen=True, slots=True)
class ImageCounts:
    """One image's pixels and cells.

    Attributes:
        stem: the image.
        source: the image that it is a tile of, else its own stem; tiles of one image are not independent.
        counts: pixels by truth and prediction.
        cells: how many, and how many of them were found at an IoU of 0.5.
        differing: mask pixels that are not the reference file's; None where there is no such file.
        ious: of the matched cells, each from 0.5 to 1, rounded down to six decimals, so that the same ones
            pass a threshold of that many decimals; None in results of version 0.1.
        pieces: connected pieces of the mask, of as many pixels as a cell has at least; None where they are
            the found cells, or not known.
    """

    stem: str
    source: str
    counts: ConfusionCounts
    cells: CellCounts
    differing: int | None = None
    ious: tuple[float, ...] | None = None
    pieces: int | None = None

    def cells_at(self, threshold: float) -> CellCounts | None:
        """The cells as they match at another IoU threshold, 0.5 to 1; None where `ious` is."""
        if not MIN_IOU <= threshold <= 1:
            raise ValueError(f"expected an IoU threshold from {MIN_IOU} to 1, but got {threshold}")
        if self.ious is None:
            return None
        kept = [iou for iou in self.ious if iou >= threshold]
        return CellCounts(self.cells.true, self.cells.found, len(kept), sum(kept, start=0.0))

    @property
    def pixels(self) -> int:
        """How many there are."""
        counts = self.counts
        return counts.tp + counts.fp + counts.fn + counts.tn

    def to_stored(self) -> StoredImage:
        """As it lies in files."""
        counts, cells = self.counts, self.cells
        return StoredImage(
            stem=self.stem, source=self.source,
            tp=counts.tp, fp=counts.fp, fn=counts.fn, tn=counts.tn,
            true_cells=cells.true, found_cells=cells.found, matched_cells=cells.matched,
            differing=self.differing, ious=self.ious, pieces=self.pieces,
        )  # fmt: skip

    @classmethod
    def from_stored(cls, form: StoredImage) -> Self:
        """From `to_stored`'s form."""
        iou_sum = None if form.ious is None else sum(form.ious, start=0.0)
        return cls(
            stem=form.stem,
            source=form.source,
            counts=ConfusionCounts(form.tp, form.fp, form.fn, form.tn),
            cells=CellCounts(form.true_cells, form.found_cells, form.matched_cells, iou_sum),
            differing=form.differing,
            ious=form.ious,
            pieces=form.pieces,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """An `ImageCounts` as it lies in files: all numbers beside each other, those that are known."""

    stem: str
    source: str
    tp: int
    fp: int
    fn: int
    tn: int
    true_cells: int
    found_cells: int
    matched_cells: int
    differing: int | None = field(default=None, metadata=stored(omit_default=True))
    ious: tuple[float, ...] | None = field(default=None, metadata=stored(omit_default=True))
    pieces: int | None = field(default=None, metadata=stored(omit_default=True))


@dataclass(frozen=True, slots=True)
class QualityResult:
    """What a model found on one split; `images` in the order of their stems, at least one."""

    images: tuple[ImageCounts, ...]

    def to_stored(self) -> tuple[ImageCounts, ...]:
        """As it lies in files: the images alone."""
        return self.images

    @classmethod
    def from_stored(cls, form: tuple[ImageCounts, ...]) -> Self:
        """From `to_stored`'s form."""
        return cls(form)

    @property
    def pooled(self) -> dict[str, float]:
        """Every metric over the pixels of all images together."""
        return pooled([image.counts for image in self.images])

    @property
    def mean(self) -> dict[str, float]:
        """Every metric as the mean of each image's own value."""
        return mean([image.counts for image in self.images])

    @property
    def cells(self) -> CellCounts:
        """The cells of all images together."""
        return sum((image.cells for image in self.images), start=NO_CELLS)

    def cells_at(self, threshold: float) -> CellCounts | None:
        """The cells of all images at an IoU threshold, 0.5 to 1; None in results of version 0.1."""
        images = [image.cells_at(threshold) for image in self.images]
        return sum((each for each in images if each), start=NO_CELLS) if all(images) else None

    @property
    def sources(self) -> int:
        """Of how many source images the images are tiles."""
        return len({image.source for image in self.images})

    def has_images_of(self, other: QualityResult) -> bool:
        """Whether both are of the same images, so that they can be compared image by image."""
        mine, its = ([(each.stem, each.source) for each in quality.images] for quality in (self, other))
        return mine == its

    @property
    def worst(self) -> tuple[ImageCounts, ...]:
        """The images by their Dice, the worst first."""
        return tuple(sorted(self.images, key=lambda image: image.counts.dice))


def spread(samples: Sequence[Sample], images: int | None) -> Sequence[Sample]:
    """That many of the samples, evenly spread over all; all where `images` is None or there are no more."""
    if images is None or images >= len(samples):
        return samples
    return [samples[index * len(samples) // images] for index in range(images)]


def compare_masks(quality: QualityResult, masks: bytes, reference: bytes) -> QualityResult:
    """Count in every image the mask pixels in which two files differ.

    Args:
        quality: of the file.
        masks: of the file: `numpy.packbits` of each image's mask, in the order of `quality`.
        reference: likewise, of the file to compare with.
    """
    images, start = [], 0
    for image in quality.images:
        end = start + (image.pixels + 7) // 8
        mine, other = (np.frombuffer(each[start:end], np.uint8) for each in (masks, reference))
        images.append(replace(image, differing=int(np.unpackbits(mine ^ other).sum(dtype=np.int64))))
        start = end
    return QualityResult(tuple(images))


def image_counts(sample: Sample, counts: ConfusionCounts, matching: Matching) -> ImageCounts:
    """Put together what was counted in one image."""
    ious = tuple(_rounded_down(each.iou) for each in matching.matches)
    cells = CellCounts(matching.true, matching.found, len(ious), sum(ious, start=0.0))
    return ImageCounts(sample.stem, sample.source_image, counts, cells, ious=ious)


def _rounded_down(iou: float) -> float:
    """To six decimals, exactly."""
    near = int(iou * 1e6)
    return max(number / 1e6 for number in (near - 1, near, near + 1) if number / 1e6 <= iou)


def measure_quality(
    segmenter: Segmenter,
    samples: Sequence[Sample],
    preprocessing: Preprocessing,
    *,
    progress: Progress,
    keep: Callable[[Mask, Labels], None] = lambda _mask, _labels: None,
) -> QualityResult:
    """Segment every sample, by overlapping tiles where it is larger than the model; count pixels and cells.

    Args:
        segmenter: the model, with the settings that it was timed with.
        samples: images and truths. Cells are found as by `CellDecoder`, true cells are those of the truth.
        preprocessing: the model's own.
        progress: told (images done, images in all, stem), after each tile too.
        keep: given each mask and its labels, `(H, W)` each.

    Raises:
        DatasetError: a file cannot be decoded, or a mask has not the size of its image.
    """
    from edgeseg.labels.decoding import CellDecoder
    from edgeseg.labels.pieces import connected_pieces
    from edgeseg.metrics.matching import count_cells, match_cells
    from edgeseg.prediction.tiling import segment_maps

    find_cells, images = CellDecoder(segmenter.interface), []
    for done, sample in enumerate(samples):
        image, truth = sample.read()

        def tile_done(_tile: int, _tiles: int, _note: str, done: int = done, stem: str = sample.stem) -> None:
            progress(done, len(samples), stem)

        maps = segment_maps(apply(image, preprocessing), segmenter, progress=tile_done)
        mask, labels = segmenter.decode(maps), find_cells(maps)
        matching = match_cells(truth.labels, labels, min_area=MIN_AREA)
        counted = image_counts(sample, count(truth.mask, mask), matching)
        if find_cells.tells_apart:
            pieces = count_cells(connected_pieces(mask), min_area=MIN_AREA)
            counted = replace(counted, pieces=pieces)
        images.append(counted)
        keep(mask, labels)
    progress(len(samples), len(samples), "")
    return QualityResult(tuple(images))
