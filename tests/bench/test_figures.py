"""Figures are what their names say; intervals are deterministic, paired, and wide where images are few."""

from dataclasses import replace

import numpy as np
import pytest

from edgeseg.bench.figures import (
    AGREEMENT,
    AREA_ERROR,
    CELL_AP,
    CELL_AP_50_90,
    COUNT_BIAS,
    COUNT_ERROR,
    DICE,
    FIGURES,
    MEAN_MATCHED_IOU,
    OF_FILE,
    OF_QUALITY,
    OF_RUNS,
    P50,
    PANOPTIC_QUALITY,
    summary,
)
from edgeseg.bench.quality import ImageCounts, QualityResult
from edgeseg.bench.readers import Pooled
from edgeseg.metrics.cells import CellCounts
from edgeseg.metrics.pixels import ConfusionCounts
from support.bench_results import make_measurement


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


def fitted_quality():
    """As above, with how well cells fit."""
    fitted = (
        replace(image, ious=(0.8,) * 3, cells=replace(image.cells, iou_sum=2.4), pieces=3)
        for image in random_quality(1, images=10).images
    )
    return QualityResult(tuple(fitted))


def key_of(figure):
    return figure.key


def test_no_two_figures_share_a_name():
    figures = (*OF_FILE, *OF_RUNS, *OF_QUALITY)
    for names in ([figure.name for figure in figures], [figure.key for figure in figures]):
        assert len(set(names)) == len(names)


def test_every_figure_with_a_column_is_in_the_order_of_tables_once():
    figures = [figure for figure in (*OF_FILE, *OF_RUNS, *OF_QUALITY) if figure.column]
    assert sorted(figure.key for figure in FIGURES if figure.column) == sorted(map(key_of, figures))


def test_figures_of_a_measurement_are_computed_from_its_raw_samples(result):
    found = summary(result.models[0].measurements[0])
    assert (found["p50_ms"], found["p90_ms"], found["p99_ms"]) == (20, 40, 40)
    assert (found["mad_ms"], found["samples"]) == (10, 4)


def test_over_several_processes_samples_add_up_and_memory_is_the_greatest(result):
    found = summary(result.models[0].measurements[1])
    assert (found["samples"], found["p50_ms"], found["peak_mb"], found["model_mb"]) == (4, 5, 90, 50)


def test_import_init_and_first_inference_are_apart_from_the_samples(result):
    found = summary(result.models[0].measurements[0])
    assert (found["load_ms"], found["init_ms"], found["first_ms"]) == (30, 5, 9)


def test_quality_is_summarized_pooled_and_as_the_mean(result):
    found = summary(result.models[0].measurements[0])
    assert (found["dice_pooled"], found["dice_mean"]) == pytest.approx((0.875, 0.9))


def test_a_measurement_without_runs_has_no_figures():
    assert summary(make_measurement()) == {}
    assert P50.read(make_measurement()) is None


def test_figures_of_cells_are_those_of_all_images_together():
    quality, cells = fitted_quality(), CellCounts(40, 50, 30, 24.0)
    assert CELL_AP.read(quality) == cells.ap
    assert PANOPTIC_QUALITY.read(quality) == pytest.approx(cells.panoptic_quality)
    assert MEAN_MATCHED_IOU.read(quality) == pytest.approx(0.8)
    # At 0.5 to 0.8 all 30 match, at 0.85 and 0.9 none.
    assert CELL_AP_50_90.read(quality) == pytest.approx(7 / 9 * cells.ap)


def test_errors_of_counts_are_told_with_and_without_their_sign():
    """One image has two cells too many, the other one too few; 8 are true."""
    images = tuple(
        ImageCounts(stem, stem, ConfusionCounts(1, 0, 0, 1), CellCounts(4, found, 3))
        for stem, found in (("a", 6), ("b", 3))
    )
    assert COUNT_ERROR.read(QualityResult(images)) == 3 / 8
    assert COUNT_BIAS.read(QualityResult(images)) == 1 / 8


def test_without_cells_no_error_has_a_meaning():
    nothing = QualityResult((ImageCounts("a", "a", ConfusionCounts(0, 0, 0, 9), CellCounts(0, 0, 0)),))
    assert [figure.read(nothing) for figure in (COUNT_ERROR, COUNT_BIAS, AREA_ERROR)] == [None] * 3


@pytest.mark.parametrize(
    "figure", [each for each in OF_QUALITY if isinstance(each.reader, Pooled)], ids=key_of
)
def test_every_figure_lies_in_its_interval(figure):
    quality = fitted_quality()
    low, high = figure.interval(quality)
    assert low - 1e-9 <= figure.read(quality) <= high + 1e-9


@pytest.mark.parametrize("figure", [PANOPTIC_QUALITY, CELL_AP_50_90, AGREEMENT], ids=key_of)
def test_what_is_not_known_of_one_image_is_not_known_of_all(figure):
    known = fitted_quality()
    image = known.images[0]
    unknown = replace(image, differing=None, ious=None, cells=replace(image.cells, iou_sum=None))
    mixed = QualityResult((unknown, *known.images[1:]))
    assert figure.read(mixed) is figure.interval(mixed) is figure.change_interval(known, mixed) is None


def test_an_interval_is_the_same_every_time():
    assert DICE.interval(random_quality(1)) == DICE.interval(random_quality(1))


def test_tiles_of_one_image_do_not_make_an_interval_narrower():
    """16 tiles that are all alike tell no more than one of them."""
    one, many = (DICE.interval(random_quality(2, tiles=tiles)) for tiles in (1, 16))
    assert one == pytest.approx(many)


def test_one_source_image_has_no_interval():
    assert DICE.interval(random_quality(3, images=1, tiles=5)) is None


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
    assert (DICE.reader.draws(worse) < DICE.reader.draws(quality)).all()
