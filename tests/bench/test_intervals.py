"""Intervals of figures: deterministic, paired, and wide where images are few."""

import numpy as np
import pytest

from edgeseg.bench.intervals import QUALITY_FIGURES, quality_draws, quality_interval
from edgeseg.bench.quality import ImageCounts, QualityResult
from edgeseg.metrics.cells import CellCounts
from edgeseg.metrics.pixels import ConfusionCounts


def random_quality(seed, images=40, tiles=1):
    """Images whose true positives vary; `tiles` of each source image are all alike."""
    random = np.random.default_rng(seed)
    found = []
    for source in range(images):
        tp = int(random.integers(300, 700))
        for tile in range(tiles):
            counts = ConfusionCounts(tp, 1000 - tp, 200, 3000)
            found.append(ImageCounts(f"{source}-{tile}", str(source), counts, CellCounts(4, 5, 3), 10))
    return QualityResult(tuple(found))


@pytest.mark.parametrize("name", QUALITY_FIGURES)
def test_every_figure_lies_in_its_interval(name):
    quality = random_quality(1)
    low, high = quality_interval(quality, name)
    figures = quality.pooled | {
        "cell_precision": quality.cells.precision, "cell_recall": quality.cells.recall,
        "cell_f1": quality.cells.f1, "count_error": quality.count_error, "area_error": quality.area_error,
        "agreement": quality.agreement,
    }  # fmt: skip
    assert low <= figures[name] + 1e-9
    assert figures[name] <= high + 1e-9


def test_an_interval_is_the_same_every_time():
    assert quality_interval(random_quality(1), "dice") == quality_interval(random_quality(1), "dice")


def test_tiles_of_one_image_do_not_make_an_interval_narrower():
    """16 tiles that are all alike tell no more than one of them."""
    one, many = (quality_interval(random_quality(2, tiles=tiles), "dice") for tiles in (1, 16))
    assert one == pytest.approx(many)


def test_one_source_image_has_no_interval():
    assert quality_interval(random_quality(3, images=1, tiles=5), "dice") is None


def test_draws_of_two_results_on_the_same_images_belong_together():
    """A file that is one pixel worse on every image is worse in every draw."""
    quality = random_quality(4)
    worse = QualityResult(
        tuple(
            ImageCounts(
                each.stem, each.source, each.counts + ConfusionCounts(-1, 0, 1, 0), each.cells, each.differing
            )
            for each in quality.images
        )
    )
    assert (quality_draws(worse, "dice") < quality_draws(quality, "dice")).all()
