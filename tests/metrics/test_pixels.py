"""Metrics against scikit-learn, by hand, and by their laws."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sklearn_metrics

from edgeseg.metrics.pixels import NAMES, ConfusionCounts, count, mean, pooled

shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)
mask_pairs = shapes.flatmap(lambda shape: st.tuples(hnp.arrays(np.bool_, shape), hnp.arrays(np.bool_, shape)))


def by_sklearn(truth, prediction):
    """With the stated rule: 0/0 is 1 only if both masks are empty."""
    y, p = truth.ravel(), prediction.ravel()
    rule = {"zero_division": 0.0 if y.any() or p.any() else 1.0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "accuracy": sklearn_metrics.accuracy_score(y, p),
            "precision": sklearn_metrics.precision_score(y, p, **rule),
            "recall": sklearn_metrics.recall_score(y, p, **rule),
            "dice": sklearn_metrics.f1_score(y, p, **rule),
            "iou": sklearn_metrics.jaccard_score(y, p, **rule),
        }


@pytest.mark.parametrize("true_share", [0.0, 0.01, 0.4, 1.0])
@pytest.mark.parametrize("predicted_share", [0.0, 0.02, 0.5, 1.0])
def test_every_metric_is_scikit_learns(true_share, predicted_share):
    rng = np.random.default_rng(7)
    truth, prediction = rng.random((40, 50)) < true_share, rng.random((40, 50)) < predicted_share
    assert count(truth, prediction).to_dict() == pytest.approx(by_sklearn(truth, prediction))


def test_a_mask_of_nine_pixels_by_hand():
    truth = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0]], bool)
    prediction = np.array([[1, 0, 0], [1, 0, 1], [0, 0, 1]], bool)
    counts = count(truth, prediction)
    assert counts == ConfusionCounts(tp=2, fp=2, fn=1, tn=4)
    assert counts.to_dict() == pytest.approx(
        {"accuracy": 6 / 9, "precision": 2 / 4, "recall": 2 / 3, "dice": 4 / 7, "iou": 2 / 5}
    )


@pytest.mark.parametrize(
    ("truth", "prediction", "value"), [(False, False, 1.0), (False, True, 0.0), (True, False, 0.0)]
)
def test_the_rule_for_empty_masks(truth, prediction, value):
    counts = count(np.full((4, 4), truth), np.full((4, 4), prediction))
    assert {counts.precision, counts.recall, counts.dice, counts.iou} == {value}


@given(mask_pairs)
def test_dice_and_iou_are_symmetric(masks):
    one, other = count(*masks), count(*reversed(masks))
    assert (one.dice, one.iou, one.accuracy) == (other.dice, other.iou, other.accuracy)
    assert (one.precision, one.recall) == (other.recall, other.precision)


@given(mask_pairs)
def test_every_metric_is_from_0_to_1_and_iou_never_above_dice(masks):
    counts = count(*masks)
    assert all(0 <= value <= 1 for value in counts.to_dict().values())
    assert counts.iou <= counts.dice
    assert counts.iou == pytest.approx(counts.dice / (2 - counts.dice))


@given(mask_pairs)
def test_the_counts_are_all_pixels(masks):
    counts = count(*masks)
    assert counts.tp + counts.fp + counts.fn + counts.tn == masks[0].size


@given(mask_pairs)
def test_a_mask_agrees_with_itself(masks):
    assert set(count(masks[0], masks[0]).to_dict().values()) == {1.0}


@given(mask_pairs)
def test_pooled_and_mean_of_one_image_are_its_own_values(masks):
    counts = count(*masks)
    assert pooled([counts]) == counts.to_dict()
    assert mean([counts]) == counts.to_dict()


@given(st.lists(mask_pairs, min_size=1, max_size=4))
def test_pooled_is_the_metric_of_all_pixels_together(pairs):
    whole = [np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1)]
    assert pooled([count(*pair) for pair in pairs]) == count(*whole).to_dict()


def test_mean_weighs_every_image_alike():
    large, small = ConfusionCounts(tp=1000, fp=0, fn=0, tn=0), ConfusionCounts(tp=0, fp=1, fn=1, tn=8)
    assert mean([large, small])["dice"] == 0.5
    assert pooled([large, small])["dice"] > 0.99
    assert set(mean([large, small])) == set(NAMES)


@pytest.mark.parametrize(
    "other", [np.zeros((3, 4), bool), np.zeros((4, 4), np.uint8)], ids=["another shape", "not bool"]
)
def test_masks_that_do_not_fit_are_refused(other):
    with pytest.raises(ValueError, match="expected two bool masks of one shape"):
        count(np.zeros((4, 4), bool), other)
