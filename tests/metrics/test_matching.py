"""Cells of two label images matched, against slow second opinions and by their laws."""

from itertools import permutations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import linear_sum_assignment

from edgeseg.labels.pieces import connected_pieces
from edgeseg.metrics.cells import MIN_AREA, CellCounts
from edgeseg.metrics.matching import match_cells, overlap

THRESHOLDS = st.sampled_from([0.01, 0.1, 0.2, 1 / 3, 0.4, 0.5, 0.55, 0.7, 0.9, 1.0])


def label_images(shape, most=5):
    return hnp.arrays(np.int32, shape, elements=st.integers(0, most))


@st.composite
def pairs(draw, most=5):
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    return draw(label_images(shape, most)), draw(label_images(shape, most))


def ious(true, found):
    """`(T, F)`: each true cell against each found one, pixel by pixel."""
    rows = [true == number for number in np.unique(true[true > 0])]
    columns = [found == number for number in np.unique(found[found > 0])]
    table = [[(one & other).sum() / (one | other).sum() for other in columns] for one in rows]
    return np.array(table).reshape(len(rows), len(columns))


def many_cells(seed, shape=(96, 96), count=40):
    """Crowded discs, of which a second image has some moved, some missing and some new."""
    rng = np.random.default_rng(seed)
    images = np.zeros((2, *shape), np.int32)
    for number in range(1, count + 1):
        centre, radius = rng.integers(0, shape[0], 2), int(rng.integers(3, 10))
        for which in rng.choice(2, int(rng.integers(1, 3)), replace=False):
            place = (centre + rng.integers(-3, 4, 2)).tolist()
            cv2.circle(images[which], place, radius, int(rng.integers(1000)) * 64 + number, -1)
    return images


class TestAgainstOthers:
    @pytest.mark.parametrize("seed", range(20))
    @pytest.mark.parametrize("threshold", [0.05, 0.2, 0.4, 0.5, 0.75])
    def test_as_an_independent_solver_of_the_assignment(self, seed, threshold):
        """Its costs: one for each match, less than one for all IoU of matches together."""
        true, found = many_cells(seed)
        table = ious(true, found)
        gain = np.where(table >= threshold, 1 + table / (2 * min(table.shape)), 0)
        chosen = table[linear_sum_assignment(gain, maximize=True)]
        chosen = chosen[chosen >= threshold]
        counts = match_cells(true, found, threshold).counts
        assert (counts.true, counts.found, counts.matched) == (*table.shape, len(chosen))
        assert counts.iou_sum == pytest.approx(chosen.sum())
        if threshold == 0.05:
            assert (table >= threshold).sum() > counts.matched  # there was something to choose

    @pytest.mark.parametrize("seed", range(20))
    @pytest.mark.parametrize("threshold", [0.1, 0.5, 0.75])
    def test_counts_are_those_of_stardist_s_definition(self, seed, threshold):
        """Schmidt et al. 2018, whose costs let IoU below the threshold take part."""
        true, found = many_cells(seed)
        table = ious(true, found)
        cost = -(table >= threshold).astype(float) - table / (2 * min(table.shape))
        tp = int((table[linear_sum_assignment(cost)] >= threshold).sum())
        fn, fp = (number - tp for number in table.shape)
        counts = match_cells(true, found, threshold).counts
        assert counts.matched == tp
        assert counts.ap == pytest.approx(tp / (tp + fp + fn))
        assert counts.precision == pytest.approx(tp / (tp + fp))
        assert counts.recall == pytest.approx(tp / (tp + fn))
        assert counts.f1 == pytest.approx(2 * tp / (2 * tp + fp + fn))
        assert counts.panoptic_quality == pytest.approx(counts.iou_sum / (tp + fp / 2 + fn / 2))

    @given(pairs(most=4), THRESHOLDS)
    def test_as_trying_every_assignment_of_a_few_cells(self, pair, threshold):
        table = ious(*pair)
        if table.shape[0] > table.shape[1]:
            table = table.T
        options = [
            [table[row, column] for row, column in enumerate(order) if table[row, column] >= threshold]
            for order in permutations(range(table.shape[1]), table.shape[0])
        ]
        best = max(options, key=lambda each: (len(each), sum(each)))
        counts = match_cells(*pair, threshold).counts
        assert counts.matched == len(best)
        assert counts.iou_sum == pytest.approx(sum(best))

    @given(pairs())
    def test_matches_are_pairs_of_the_two_images_with_their_iou(self, pair):
        true, found = pair
        for match in match_cells(true, found, 0.1).matches:
            one, other = true == match.true, found == match.found
            assert match.iou == (one & other).sum() / (one | other).sum() >= 0.1


class TestLaws:
    @given(pairs(), THRESHOLDS)
    def test_swapping_the_images_swaps_true_and_found(self, pair, threshold):
        forth, back = match_cells(*pair, threshold).counts, match_cells(*pair[::-1], threshold).counts
        assert (forth.true, forth.found, forth.matched) == (back.found, back.true, back.matched)
        assert forth.iou_sum == pytest.approx(back.iou_sum)

    @given(pairs(), THRESHOLDS, st.permutations(range(1, 6)), st.integers(1, 1000))
    def test_other_numbers_for_the_same_cells_change_nothing(self, pair, threshold, order, factor):
        table = np.array([0, *order], np.int32) * factor
        before = match_cells(*pair, threshold).counts
        after = match_cells(table[pair[0]], pair[1], threshold).counts
        assert (before.true, before.found, before.matched) == (after.true, after.found, after.matched)
        assert before.iou_sum == pytest.approx(after.iou_sum)

    @given(st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(label_images), THRESHOLDS)
    def test_a_perfect_prediction_is_worth_1(self, labels, threshold):
        counts = match_cells(labels, labels, threshold).counts
        figures = (
            counts.ap, counts.f1, counts.precision, counts.recall, counts.panoptic_quality,
            counts.mean_matched_iou, counts.mean_true_iou,
        )  # fmt: skip
        assert figures == (1,) * 7

    @given(pairs())
    def test_more_is_asked_less_is_found(self, pair):
        overlaps = overlap(*pair)
        counts = [overlaps.match(number / 20).counts for number in range(1, 21)]
        matched, ap = [each.matched for each in counts], [each.ap for each in counts]
        assert matched == sorted(matched, reverse=True)
        assert ap == sorted(ap, reverse=True)

    @given(pairs(), THRESHOLDS)
    def test_figures_are_from_0_to_1_and_panoptic_quality_is_f1_times_mean_iou(self, pair, threshold):
        counts = match_cells(*pair, threshold).counts
        for value in (counts.ap, counts.f1, counts.panoptic_quality, counts.mean_matched_iou):
            assert 0 <= value <= 1 + 1e-12
        if counts.matched:
            assert counts.panoptic_quality == pytest.approx(counts.f1 * counts.mean_matched_iou)
            assert counts.mean_true_iou == pytest.approx(counts.recall * counts.mean_matched_iou)

    @given(pairs())
    def test_with_a_least_area_smaller_cells_are_background(self, pair):
        def without(labels):
            sizes = np.bincount(labels.ravel(), minlength=6)
            return np.where(sizes[labels] >= 4, labels, 0)

        assert match_cells(*pair, 0.3, min_area=4) == match_cells(*map(without, pair), 0.3)


def discs(*centres, radius=6, shape=(64, 64)):
    labels = np.zeros(shape, np.int32)
    for number, centre in enumerate(centres, start=1):
        cv2.circle(labels, centre, radius, number, -1)
    return labels


def counted(true, found):
    counts = match_cells(true, found, min_area=MIN_AREA).counts
    return counts.true, counts.found, counts.matched


def test_two_cells_that_are_found_as_one_are_missed():
    truth = discs((20, 20), (44, 20))
    joined = (truth > 0).astype(np.int32)
    joined[19:22, 20:44] = 1
    assert counted(truth, joined) == (2, 1, 0)


def test_touching_cells_are_three_in_labels_and_one_in_a_perfect_mask():
    truth = discs((20, 20), (32, 20), (44, 20))
    assert counted(truth, connected_pieces(truth > 0)) == (3, 1, 0)
    assert counted(truth, truth) == (3, 3, 3)


def test_a_cell_that_is_found_too_far_off_is_missed_and_wrong():
    assert counted(discs((20, 20)), discs((26, 20))) == (1, 1, 0)
    assert counted(discs((20, 20)), discs((22, 20))) == (1, 1, 1)


def test_half_is_enough():
    true, found = np.zeros((2, 4, 4), np.int32)
    true[0], found[:2] = 1, 1
    assert match_cells(true, found, 0.5).counts == CellCounts(1, 1, 1, 0.5)
    assert match_cells(true, found, 0.51).counts == CellCounts(1, 1, 0, 0.0)


def test_specks_are_no_cells():
    with_speck = discs((30, 30))
    with_speck[3, 3:8] = 2
    assert counted(with_speck, discs((30, 30))) == (1, 1, 1)
    assert counted(discs((30, 30)), with_speck) == (1, 1, 1)


def test_where_below_half_two_are_to_choose_from_the_better_one_is_taken():
    true, found = np.zeros((2, 2, 10), np.int32)
    true[:, :] = 1
    found[:, :4], found[:, 4:8] = 1, 2
    found[0, 8] = 2
    (match,) = match_cells(true, found, 0.3).matches
    assert (match.found, match.iou) == (2, 0.45)


def test_numbers_far_apart_are_matched_too():
    labels = discs((20, 20), (44, 20))
    far = np.where(labels == 2, 65_535, labels).astype(np.uint16)
    assert [match.found for match in match_cells(labels, far).matches] == [1, 65_535]
    crowd = np.arange(1, 4097, dtype=np.int32).reshape(64, 64)
    assert match_cells(crowd, crowd * 15).counts == CellCounts(4096, 4096, 4096, 4096.0)


@pytest.mark.parametrize(
    ("true", "found"),
    [
        (np.zeros((2, 2), np.int32), np.zeros((2, 3), np.int32)),
        (np.zeros((2, 2)), np.zeros((2, 2), np.int32)),
        (np.zeros((2, 2), np.int32), np.zeros((2, 2), bool)),
        (np.full((2, 2), -1), np.zeros((2, 2), np.int32)),
    ],
)
def test_what_is_no_pair_of_label_images_is_refused(true, found):
    with pytest.raises(ValueError, match="expected two label images of one shape"):
        match_cells(true, found)


@pytest.mark.parametrize("threshold", [0, -0.5, 1.01, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(ValueError, match="expected an IoU threshold above 0 and of at most 1"):
        overlap(discs(), discs()).match(threshold)
