from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.bench.figures import (
    AGREEMENT,
    AREA_ERROR,
    CELL_AP_50_90,
    COUNT_ERROR,
    MEAN_CELL_AP,
    PIECES_ERROR,
)
from edgeseg.bench.quality import (
    ImageCounts,
    QualityResult,
    compare_masks,
    image_counts,
    measure_quality,
    spread,
)
from edgeseg.data.dataset import Sample, open_dataset
from edgeseg.data.images import write_png
from edgeseg.errors import ResultError
from edgeseg.labels.pieces import connected_pieces
from edgeseg.metrics.cells import CellCounts
from edgeseg.metrics.matching import Match, Matching, overlap
from edgeseg.metrics.pixels import ConfusionCounts, count
from edgeseg.model.artifact import load_artifact
from edgeseg.model.interface import Decoder
from edgeseg.model.preprocessing import Preprocessing
from edgeseg.model.segmenter import Segmenter
from edgeseg.records import from_data, to_data
from support.blob_images import touching_pairs, write_touching
from support.network_files import open_network
from support.paths import MODELS


def reread(image: ImageCounts) -> ImageCounts:
    return from_data(ImageCounts, to_data(image), where="json", error=ResultError)


NO_CELLS = CellCounts(0, 0, 0)


@pytest.fixture(scope="module")
def segmenter():
    return Segmenter(load_artifact(MODELS / "blobs_int8.tflite"))


def quiet(_done, _total, _note):
    pass


def test_the_counts_are_those_of_this_very_model(segmenter, blobs):
    samples = blobs.split("test")
    found = measure_quality(segmenter, samples, Preprocessing(), progress=quiet)
    assert [image.stem for image in found.images] == [sample.stem for sample in samples]
    image, truth = samples[0].read()
    assert found.images[0].counts == count(truth.mask, segmenter.mask(image))


def test_the_trained_model_finds_the_blobs(segmenter, blobs):
    assert (
        measure_quality(segmenter, blobs.split("test"), Preprocessing(), progress=quiet).pooled["dice"] > 0.95
    )


def test_the_models_own_preprocessing_is_used(segmenter, blobs):
    plain, stretched = (
        measure_quality(segmenter, blobs.split("test"), preprocessing, progress=quiet)
        for preprocessing in (Preprocessing(), Preprocessing(kind="percentile", low=40, high=60))
    )
    assert stretched.pooled["dice"] < plain.pooled["dice"]


def test_an_image_larger_than_the_model_is_segmented_in_tiles(segmenter, tmp_path):
    rng = np.random.default_rng(1)
    image, mask = rng.normal(110, 8, (150, 200)), np.zeros((150, 200), np.uint8)
    for x, y in ((30, 40), (66, 62), (150, 120), (190, 20)):
        cv2.circle(mask, (x, y), 9, 1, -1)
    for folder, picture in (("images", image + 60 * mask), ("masks", 255 * mask)):
        write_png(tmp_path / folder / "a.png", np.clip(picture, 0, 255).astype(np.uint8))
    samples = open_dataset(tmp_path).samples
    heard = []
    found = measure_quality(
        segmenter, samples, Preprocessing(), progress=lambda done, total, _note: heard.append((done, total))
    )
    assert found.pooled["dice"] > 0.95
    counts = found.images[0].counts
    assert counts.tp + counts.fp + counts.fn + counts.tn == 150 * 200
    assert len(heard) > 2, "each tile is a sign of life"
    assert heard[-1] == (1, 1)


def test_cells_are_counted_in_every_image(segmenter, blobs):
    found = measure_quality(segmenter, blobs.split("test"), Preprocessing(), progress=quiet)
    assert all(image.cells.true > 0 for image in found.images)
    assert found.cells.f1 > 0.9
    assert COUNT_ERROR.read(found) < 0.2
    assert AREA_ERROR.read(found) < 0.1


def test_errors_of_count_and_area_are_shares_of_the_truth(quality):
    """Cells 4 and 2, found 5 and 2; foreground 10 and 6 pixels, found as much."""
    assert COUNT_ERROR.read(quality) == pytest.approx(1 / 6)
    assert AREA_ERROR.read(quality) == 0


def test_errors_of_count_and_area_need_something_to_count():
    nothing = QualityResult((ImageCounts("a", "a", ConfusionCounts(0, 0, 0, 9), NO_CELLS),))
    assert (COUNT_ERROR.read(nothing), AREA_ERROR.read(nothing)) == (None, None)


def test_the_worst_image_comes_first(quality):
    assert [image.stem for image in quality.worst] == ["a", "b ["]


@pytest.mark.parametrize(
    ("images", "stems"), [(None, "abcdef"), (6, "abcdef"), (9, "abcdef"), (3, "ace"), (1, "a"), (4, "abde")]
)
def test_a_part_of_the_split_is_evenly_spread(images, stems):
    assert "".join(spread("abcdef", images)) == stems


def test_pooled_and_mean_differ_where_images_differ(quality):
    assert quality.pooled["dice"] == pytest.approx(0.875)
    assert quality.mean["dice"] == pytest.approx(0.9)


def test_counts_survive_json():
    image = ImageCounts("a", "of", ConfusionCounts(1, 2, 3, 4), CellCounts(5, 6, 4))
    assert to_data(image) == {
        "stem": "a", "source": "of", "tp": 1, "fp": 2, "fn": 3, "tn": 4,
        "true_cells": 5, "found_cells": 6, "matched_cells": 4,
    }  # fmt: skip
    assert QualityResult((reread(image),)) == QualityResult((image,))


def test_differing_pixels_are_counted_image_by_image():
    """Images of 7 and 12 pixels: neither fills its last byte."""
    mine = [np.array([1, 0, 1, 0, 1, 0, 1], bool), np.zeros(12, bool)]
    other = [np.array([1, 0, 1, 0, 1, 1, 0], bool), np.ones(12, bool)]
    quality = QualityResult(
        tuple(ImageCounts("i", "i", count(~mask, mask), NO_CELLS) for mask in mine)  # any truth will do
    )
    masks, reference = (b"".join(np.packbits(each).tobytes() for each in masks) for masks in (mine, other))
    found = compare_masks(quality, masks, reference)
    assert [image.differing for image in found.images] == [2, 12]
    assert AGREEMENT.read(found) == pytest.approx(5 / 19)
    assert AGREEMENT.read(compare_masks(quality, masks, masks)) == 1
    assert AGREEMENT.read(QualityResult((*found.images, quality.images[0]))) is None


def test_each_mask_is_handed_over(segmenter, blobs):
    masks, cells = [], []

    def keep(mask, labels):
        masks.append(mask)
        cells.append(labels)

    samples = blobs.split("test")
    measure_quality(segmenter, samples, Preprocessing(), progress=quiet, keep=keep)
    assert [mask.shape for mask in masks] == [(64, 64)] * 6
    assert np.array_equal(masks[0], segmenter.mask(samples[0].read()[0]))
    assert np.array_equal(cells[0], connected_pieces(masks[0]))


def test_a_known_difference_survives_json():
    image = ImageCounts("a", "a", ConfusionCounts(1, 2, 3, 4), NO_CELLS, differing=0)
    assert reread(image) == image


def touching_discs(root):
    """An image of two cells that touch and one alone, with labels and masks."""
    labels = np.zeros((64, 64), np.uint16)
    for number, centre in enumerate(((20, 20), (33, 20), (40, 50)), start=1):
        cv2.circle(labels, centre, 8, number, -1)
    image = np.random.default_rng(0).normal(110, 8, labels.shape) + 60 * (labels > 0)
    write_png(root / "images" / "a.png", np.clip(image, 0, 255).astype(np.uint8))
    write_png(root / "masks" / "a.png", (labels > 0).astype(np.uint8) * 255)
    return labels


def test_with_labels_touching_cells_that_a_mask_joins_are_missed(segmenter, tmp_path):
    labels = touching_discs(tmp_path)
    by_mask = measure_quality(segmenter, open_dataset(tmp_path).samples, Preprocessing(), progress=quiet)
    write_png(tmp_path / "labels" / "a.png", labels)
    by_labels = measure_quality(segmenter, open_dataset(tmp_path).samples, Preprocessing(), progress=quiet)
    assert by_mask.pooled == by_labels.pooled
    assert (by_mask.cells.true, by_mask.cells.found, by_mask.cells.matched) == (2, 2, 2)
    assert (by_labels.cells.true, by_labels.cells.found) == (3, 2)
    assert by_labels.cells.matched < 3
    assert COUNT_ERROR.read(by_labels) == pytest.approx(1 / 3)


def test_cells_are_told_apart_as_the_network_tells_them(tmp_path):
    """Whole images of 200x150 as well, tile by tile: the mask alone would find half of the cells."""
    write_touching(tmp_path / "small", pairs=1)
    rng = np.random.default_rng(5)
    for index in range(2):
        parts = [[touching_pairs(rng, 50) for _ in range(4)] for _ in range(3)]
        image = np.block([[part[0] for part in row] for row in parts])
        offsets = 2 * np.arange(12).reshape(3, 4)
        labels = np.block(
            [
                [np.where(part[1] > 0, part[1] + offset, 0) for part, offset in zip(row, added, strict=True)]
                for row, added in zip(parts, offsets.tolist(), strict=True)
            ]
        )
        write_png(tmp_path / "large" / "images" / f"{index}.png", image)
        write_png(tmp_path / "large" / "labels" / f"{index}.png", labels.astype(np.uint16))
    network = open_network("touching_int8")
    mask_alone = replace(network, interface=replace(network.interface, decoder=Decoder()))
    for size in ("small", "large"):
        samples = open_dataset(tmp_path / size).samples
        found, pieces = (
            measure_quality(Segmenter(each), samples, Preprocessing(), progress=quiet)
            for each in (network, mask_alone)
        )
        assert found.pooled == pieces.pooled
        assert found.cells.f1 > 0.95
        assert COUNT_ERROR.read(found) < 0.05
        assert COUNT_ERROR.read(pieces) > 0.3
        assert PIECES_ERROR.read(found) == COUNT_ERROR.read(pieces)
        assert PIECES_ERROR.read(pieces) is None
        assert pieces.cells.f1 < 0.7


def test_mean_ap_is_the_mean_of_the_images_own(quality):
    """Cells 4, found 5, matched 3: AP 3/6; cells 2, all found: AP 1."""
    assert MEAN_CELL_AP.read(quality) == pytest.approx(0.75)
    low, high = MEAN_CELL_AP.interval(quality)
    assert 0.5 <= low < 0.75 < high <= 1


IOUS = ImageCounts(
    "a", "a", ConfusionCounts(1, 2, 3, 4), CellCounts(4, 5, 3, 2.2), ious=(0.699999, 0.7, 0.800001)
)


def test_ious_survive_json():
    assert reread(IOUS).ious == IOUS.ious
    assert reread(IOUS).cells == CellCounts(4, 5, 3, sum(IOUS.ious))


def test_cells_at_other_thresholds_are_those_with_that_iou():
    assert IOUS.cells_at(0.5) == CellCounts(4, 5, 3, sum(IOUS.ious))
    assert IOUS.cells_at(0.7) == CellCounts(4, 5, 2, 0.7 + 0.800001)
    assert IOUS.cells_at(0.9) == CellCounts(4, 5, 0, 0.0)
    assert QualityResult((IOUS, IOUS)).cells_at(0.8) == CellCounts(8, 10, 2, 2 * 0.800001)
    for threshold in (0.49, 1.01):
        with pytest.raises(ValueError, match=r"expected an IoU threshold from 0\.5 to 1"):
            IOUS.cells_at(threshold)


def test_ap_over_thresholds_is_the_mean_of_nine():
    ap = [3 / 6] * 4 + [2 / 7] + [1 / 8] * 2 + [0] * 2
    assert CELL_AP_50_90.read(QualityResult((IOUS,))) == pytest.approx(sum(ap) / 9)


def test_what_version_0_1_measured_has_no_ious(quality):
    assert quality.images[0].ious is None
    assert quality.cells_at(0.5) is CELL_AP_50_90.read(quality) is quality.cells.panoptic_quality is None


@given(st.integers(1, 10**6).flatmap(lambda union: st.tuples(st.integers(1, union), st.just(union))))
def test_rounded_ious_pass_the_same_thresholds(fraction):
    shared, union = fraction
    matching = Matching(0.5, 1, 1, (Match(1, 1, shared / union),))
    (iou,) = image_counts(SAMPLE, ConfusionCounts(0, 0, 0, 0), matching).ious
    assert iou == int(shared * 10**6 // union) / 1e6


SAMPLE = Sample(
    stem="a", image_path=Path("a"), mask_path=Path("a"), labels_path=None, split="test", source_image="a"
)


@given(st.integers(0, 2**32))
def test_cells_at_a_threshold_are_those_of_matching_anew(seed):
    rng = np.random.default_rng(seed)
    truth, found = np.zeros((2, 48, 48), np.int32)
    for number in range(1, 9):
        centre, size = rng.integers(0, 48, 2), int(rng.integers(3, 9))
        for labels in (truth, found):
            cv2.circle(labels, (centre + rng.integers(-2, 3, 2)).tolist(), size, number, -1)
    overlaps = overlap(truth, found)
    image = image_counts(SAMPLE, ConfusionCounts(0, 0, 0, 0), overlaps.match())
    for threshold in (0.5, 0.55, 0.6, 0.75, 0.9):
        expected, got = overlaps.match(threshold).counts, image.cells_at(threshold)
        assert (expected.true, expected.found, expected.matched) == (got.true, got.found, got.matched)
        assert got.iou_sum == pytest.approx(expected.iou_sum, abs=1e-5)
