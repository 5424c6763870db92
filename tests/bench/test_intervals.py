"""Intervals: deterministic, paired, wide where images are few, and right as often as they say."""

import numpy as np
import pytest

from edgeseg.bench.intervals import QUALITY_FIGURES, latency_draws, quality_draws, quality_interval
from edgeseg.bench.quality import ImageCounts, QualityResult
from edgeseg.metrics.bootstrap import draw_images, percentile_interval
from edgeseg.metrics.cells import CellCounts
from edgeseg.metrics.pixels import ConfusionCounts
from support.bench_results import make_measurement, make_run


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


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    """Mean of 30 uniform values, 200 times: 95 % of the intervals should hold 0.5 (a few less for 30)."""
    random = np.random.default_rng(5)
    held = 0
    for trial in range(200):
        values = random.random(30)
        times = draw_images([str(image) for image in range(30)], seed=trial, draws=400)
        low, high = percentile_interval(times @ values / 30)
        held += low <= 0.5 <= high
    assert 0.88 <= held / 200 <= 0.99


def test_each_draw_has_as_many_sources_as_there_are():
    times = draw_images(["a", "a", "b", "c"], draws=50)
    assert times.shape == (50, 4)
    assert (times[:, 0] == times[:, 1]).all()
    assert (times[:, 1:].sum(axis=1) == 3).all()


def test_a_median_time_varies_with_the_rounds():
    """Rounds that differ make an uncertain median, samples that differ within alike rounds hardly."""
    apart = latency_draws(make_measurement(make_run(*[10] * 30), make_run(*[20] * 30), make_run(*[30] * 30)))
    alike = latency_draws(make_measurement(*[make_run(*range(10, 40))] * 3))
    assert percentile_interval(apart) == (10, 30)
    low, high = percentile_interval(alike)
    assert 18 < low < 24.5 < high < 31
