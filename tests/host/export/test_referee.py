"""The referee: paired, by more than chance, and plain."""

import numpy as np
import pytest

from edgeseg.metrics.pixels import ConfusionCounts
from edgeseg.model.artifact import load_artifact
from edgeseg.model.sidecar import Verdict
from support.paths import MODELS

referee = pytest.importorskip("edgeseg.host.export.referee", reason="needs TensorFlow")
pytestmark = pytest.mark.host


def counts(dices, pixels=1000):
    """One image for each Dice: as many false positives as false negatives."""
    return [ConfusionCounts(round(pixels * dice), *(pixels - round(pixels * dice),) * 2, 0) for dice in dices]


def test_the_same_file_differs_from_itself_by_nothing(blobs):
    artifact = load_artifact(MODELS / "blobs_int8.tflite")
    verdict = referee.judge_pair(artifact, artifact, blobs)
    assert (verdict.low, verdict.high) == (0, 0)
    assert verdict.dice_tuned == verdict.dice_plain > 0.9
    assert verdict.images == len(blobs.split("val"))


def test_a_steady_lead_is_more_than_chance():
    base = np.random.default_rng(0).uniform(0.5, 0.9, 40)
    low, high = referee.difference_interval(counts(base + 0.01), counts(base))
    assert 0 < low <= 0.01 <= high


def test_a_lead_on_a_single_image_is_chance():
    base = np.random.default_rng(0).uniform(0.5, 0.9, 40)
    better = base.copy()
    better[3] += 0.1
    low, _ = referee.difference_interval(counts(better), counts(base))
    assert low == 0


def verdict(low, high, ship):
    return Verdict(plain_sha256="",
        ship=ship, tuned="int8-qat", plain="int8-ptq", images=9, dice_tuned=0.9, dice_plain=0.89,
        low=low, high=high,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "ship", "reason"),
    [
        (0.001, 0.02, "int8-qat", "it is better than int8-ptq"),
        (-0.001, 0.02, "int8-ptq", "not measurably better, and this one needs no fine-tuning"),
        (-0.02, -0.001, "int8-ptq", "int8-qat is worse"),
    ],
)
def test_the_sentence_says_what_to_ship_and_why(low, high, ship, reason):
    sentence = verdict(low, high, ship).sentence
    assert sentence.startswith(f"ship {ship}: ")
    assert reason in sentence
    assert "+1.00 points, 95 % interval" in sentence


def test_images_without_any_cell_do_not_break_the_interval():
    empty = [ConfusionCounts(0, 0, 0, 100)] * 3
    assert referee.difference_interval(empty, empty) == (0, 0)
