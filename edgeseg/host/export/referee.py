"""Which of two files of the same network to ship: the one that took a fine-tuning, or the one without.

Both segment the validation images. The fine-tuned file must win by more than chance, since the other is
made in a minute; and a little of its lead is luck, because its epoch was chosen on the same images. Chance
is judged by the source images: tiles of one image are alike. What counts is the F1 of cells where the
network tells them apart, and else Dice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgeseg import files
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.labels.decoding import CellDecoder
from edgeseg.metrics import pixels
from edgeseg.metrics.cells import MIN_AREA, NO_CELLS, CellCounts
from edgeseg.metrics.matching import match_cells
from edgeseg.metrics.pixels import ConfusionCounts
from edgeseg.metrics.statistics import Interval, pooled_difference
from edgeseg.model import preprocessing
from edgeseg.model.artifact import Artifact, load_artifact, sidecar_path
from edgeseg.model.segmenter import Segmenter
from edgeseg.model.sidecar import Verdict, write_sidecar
from edgeseg.prediction.tiling import segment_maps


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedImage:
    """One image of a comparison.

    Attributes:
        source: image that it is a tile of, or itself.
        counts: of its pixels by one file.
        cells: found by that file, matched with the true ones; None where it does not tell them apart.
    """

    source: str
    counts: ConfusionCounts
    cells: CellCounts | None = None


def compare_files(
    tuned: Path, plain: Path, dataset: SegmentationDataset, *, progress: Callable[[str], None]
) -> Artifact | None:
    """Have two files compared where both are there; the verdict goes into the fine-tuned one's sidecar.

    Args:
        tuned: the fine-tuned file.
        plain: the one that is had without the fine-tuning.
        dataset: that the network was trained on.
        progress: told before the files run.

    Returns:
        The fine-tuned file with its verdict; None where one is not there, or they are not of one network.

    Raises:
        ArtifactError: a file is damaged or cannot be run.
        DatasetError: an image cannot be read.
        OutputError: the sidecar cannot be written.
    """
    if not (tuned.exists() and plain.exists()):
        return None
    first, second = load_artifact(tuned), load_artifact(plain)
    facts, other = first.sidecar, second.sidecar
    if facts is None or other is None:
        return None  # made elsewhere: nobody knows from what
    models = [(each.made_from or {}).get("model_sha256") for each in (facts, other)]
    if None in models or models[0] != models[1]:
        return None
    stated = facts.referee
    # A verdict without sources is one of version 0.1, which took tiles for images.
    if stated and stated.plain_sha256 == other.sha256 and stated.sources is not None:
        return first
    progress(f"comparing {first.variant} with {second.variant}")
    write_sidecar(sidecar_path(tuned), replace(facts, referee=judge_pair(first, second, dataset)))
    return load_artifact(tuned)


def judge_pair(tuned: Artifact, plain: Artifact, dataset: SegmentationDataset) -> Verdict:
    """Compare a fine-tuned file with its rival on the validation split.

    Raises:
        ArtifactError: a file cannot be run.
        DatasetError: an image cannot be read.
    """
    judged = [_judge_images(each, dataset) for each in (tuned, plain)]
    interval = difference_interval(*judged)
    dice_tuned, dice_plain = (pixels.pooled([each.counts for each in images])["dice"] for images in judged)
    f1_tuned, f1_plain = map(_f1, judged)
    return Verdict(
        ship=(tuned if interval and interval[0] > 0 else plain).variant,
        tuned=tuned.variant,
        plain=plain.variant,
        images=len(judged[0]),
        sources=len({each.source for each in judged[0]}),
        dice_tuned=dice_tuned,
        dice_plain=dice_plain,
        f1_tuned=f1_tuned,
        f1_plain=f1_plain,
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        plain_sha256=files.sha256_bytes(plain.data),
    )


def _judge_images(artifact: Artifact, dataset: SegmentationDataset) -> list[JudgedImage]:
    segmenter, judged = Segmenter(artifact), []
    find_cells = CellDecoder(segmenter.interface)
    for sample in dataset.split("val"):
        image, truth = sample.read()
        maps = segment_maps(preprocessing.apply(image, artifact.preprocessing), segmenter)
        cells = None
        if find_cells.tells_apart:
            cells = match_cells(truth.labels, find_cells(maps), min_area=MIN_AREA).counts
        counts = pixels.count(truth.mask, segmenter.decode(maps))
        judged.append(JudgedImage(source=sample.source_image, counts=counts, cells=cells))
    return judged


def _f1(images: Sequence[JudgedImage]) -> float | None:
    cells = [each.cells for each in images if each.cells is not None]
    return sum(cells, start=NO_CELLS).f1 if len(cells) == len(images) else None


def difference_interval(first: Sequence[JudgedImage], second: Sequence[JudgedImage]) -> Interval | None:
    """The 95 % bootstrap interval of the difference of two pooled F1 of cells, or Dice, over source images.

    Args:
        first: each image by one file.
        second: the same images by another file.

    Returns:
        The interval; None where all are tiles of one image, which does not tell how images differ.
    """
    by_cells = all(each.cells is not None for each in (*first, *second))
    parts, base = ([_parts(each, by_cells=by_cells) for each in images] for images in (first, second))
    return pooled_difference(parts, base, [each.source for each in first], _dice)


def _parts(image: JudgedImage, *, by_cells: bool) -> tuple[int, int, int]:
    """What is right, too much and missed: F1 of cells is the Dice of these counts."""
    if by_cells and image.cells is not None:
        cells = image.cells
        return cells.matched, cells.found - cells.matched, cells.true - cells.matched
    return image.counts.tp, image.counts.fp, image.counts.fn


def _dice(sums: Sequence[int]) -> float:
    tp, fp, fn = sums
    return ConfusionCounts(tp=tp, fp=fp, fn=fn, tn=0).dice
