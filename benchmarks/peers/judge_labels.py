"""Judges label images, whoever made them, by the truth of a data set, with edgeseg's own figures.

    python benchmarks/peers/judge_labels.py LABELS DATA --split test --out judged.json

LABELS is a folder with a label image for each image of the split, by the same stem: 0 is background, every
other number one cell. `edgeseg predict` writes such a folder, and so do the scripts of the peers. Cells of
fewer than 16 pixels are left out of truth and prediction, as in `edgeseg bench`.

The figures are those of `edgeseg bench` (`edgeseg.bench.figures`), over the cells of all images together, and
AP and F1 once more as the mean of the images' own. Each has its 95 % interval over source images. The JSON
holds the counts of every image, from which all of them follow.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeseg import files
from edgeseg.bench import figures
from edgeseg.bench.quality import QualityResult, image_counts
from edgeseg.bench.readers import Pooled
from edgeseg.data.dataset import SegmentationDataset, open_dataset, size_text
from edgeseg.data.images import read_labels
from edgeseg.data.layout import files_by_stem, refuse
from edgeseg.data.splits import SPLITS
from edgeseg.errors import DatasetError, EdgesegError
from edgeseg.metrics.cells import MIN_AREA, CellCounts
from edgeseg.metrics.matching import match_cells
from edgeseg.metrics.pixels import count
from edgeseg.metrics.statistics import Interval
from edgeseg.records import to_data

#: Of the cells and pixels of all images together.
POOLED = (
    figures.CELL_F1, figures.CELL_AP, figures.CELL_AP_50_90, figures.PANOPTIC_QUALITY, figures.COUNT_ERROR,
    figures.COUNT_BIAS, figures.AREA_ERROR, figures.DICE,
)  # fmt: skip


def _mean_of(metric: Callable[[CellCounts], float]) -> Pooled:
    return Pooled(lambda image: (metric(image.cells), 1), lambda sums: sums[0] / sums[1])


#: Means of the images' own values.
MEANS = {"mean_cell_f1": _mean_of(lambda cells: cells.f1), "mean_cell_ap": _mean_of(lambda cells: cells.ap)}


@dataclass(frozen=True, slots=True)
class Judged:
    """A figure with its 95 % interval; None where all images are tiles of one, or it has no meaning."""

    value: float | None
    interval: Interval | None


def judge(folder: Path, dataset: SegmentationDataset, split: str) -> QualityResult:
    """Compare the label images of a folder with the truth of a split.

    Raises:
        DatasetError: a label image is missing, cannot be read, or has not the size of its image.
    """
    found, problems = files_by_stem(folder)
    refuse(problems, folder)
    samples = dataset.split(split)
    missing = [sample.stem for sample in samples if sample.stem not in found]
    if missing:
        such = f" ({len(missing)} of them are)" if len(missing) > 1 else ""
        raise DatasetError(
            f"expected a label image of {missing[0]} in {folder}, but it is missing{such}; "
            f"the split '{split}' has {len(samples)} images"
        )
    images = []
    for sample in samples:
        truth, path = sample.read()[1], found[sample.stem]
        labels = read_labels(path)
        if labels.shape != truth.shape:
            raise DatasetError(
                f"expected a label image of the size of its image, {size_text(truth.labels)}, in {path}, "
                f"but it is {size_text(labels)}"
            )
        matching = match_cells(truth.labels, labels, min_area=MIN_AREA)
        images.append(image_counts(sample, count(truth.mask, labels != 0), matching))
    return QualityResult(tuple(images))


def figures_of(quality: QualityResult) -> Mapping[str, Judged]:
    """All figures by name."""
    judged = {figure.name: Judged(figure.number(quality), figure.interval(quality)) for figure in POOLED}
    for name, reader in MEANS.items():
        judged[name] = Judged(reader.read(quality), reader.interval(quality))
    return judged


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("labels", type=Path, help="a folder of label images")
    parser.add_argument("data", type=Path, help="the data set with the truth")
    parser.add_argument("--split", choices=SPLITS, default="test")
    parser.add_argument("--out", type=Path, help="where to write figures and counts as JSON")
    chosen = parser.parse_args()
    try:
        show(chosen)
    except EdgesegError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def show(chosen: argparse.Namespace) -> None:
    dataset = open_dataset(chosen.data)
    quality = judge(chosen.labels, dataset, chosen.split)
    judged = figures_of(quality)
    cells = quality.cells
    print(
        f"{cells.found} cells found, {cells.true} true, {cells.matched} matched, in {len(quality.images)} "
        f"images of {quality.sources} sources"
    )
    if dataset.kind == "masks":
        print("the truth is masks: cells that touch are one there")
    for name, each in judged.items():
        text = "-" if each.value is None else f"{each.value:.4f}"
        interval = "" if each.interval is None else f"  ({each.interval[0]:.4f} to {each.interval[1]:.4f})"
        print(f"{name:18s} {text}{interval}")
    if chosen.out:
        content: dict[str, Any] = {
            "data": {
                "name": dataset.name, "digest": dataset.digest, "split": chosen.split, "truth": dataset.kind,
                "sources": quality.sources,
            },
            "min_area": MIN_AREA,
            "figures": to_data(judged),
            "images": to_data(quality),
        }  # fmt: skip
        files.write_json(chosen.out, content)


if __name__ == "__main__":
    main()
