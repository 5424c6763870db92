"""The referee: paired, by more than chance, and plain."""

from dataclasses import replace

import numpy as np
import pytest

from edgeseg.data.dataset import open_dataset
from edgeseg.data.images import write_png
from edgeseg.metrics.pixels import ConfusionCounts
from edgeseg.model.artifact import load_artifact
from edgeseg.model.sidecar import Verdict
from support.blob_images import blob_image, write_touching
from support.network_files import open_network
from support.paths import MODELS, ROOT

referee = pytest.importorskip("edgeseg.host.export.referee", reason="needs TensorFlow")
pytestmark = pytest.mark.host


def images(dices, sources=None, pixels=1000):
    """One image for each Dice, each of its own source: as many false positives as false negatives."""
    return [
        referee.JudgedImage(
            source=sources[number] if sources else str(number),
            counts=ConfusionCounts(round(pixels * dice), *(pixels - round(pixels * dice),) * 2, 0),
        )
        for number, dice in enumerate(dices)
    ]


def test_the_same_file_differs_from_itself_by_nothing(blobs):
    artifact = load_artifact(MODELS / "blobs_int8.tflite")
    verdict = referee.judge_pair(artifact, artifact, blobs)
    assert (verdict.low, verdict.high) == (0, 0)
    assert verdict.dice_tuned == verdict.dice_plain > 0.9
    assert verdict.images == len(blobs.split("val"))


def test_cells_count_where_the_network_tells_them_apart(tmp_path):
    """The same file, once as it is and once without its centres' heights: Dice is the same, cells are not."""
    dataset = write_touching(tmp_path / "touching", count=24)
    sharp = open_network("touching_int8")
    centres = replace(sharp.interface.decoder.centres, peak=0.99)
    blunt = replace(
        sharp, interface=replace(sharp.interface, decoder=replace(sharp.interface.decoder, centres=centres))
    )
    found = referee.judge_pair(sharp, blunt, dataset)
    assert found.dice_tuned == found.dice_plain
    assert found.f1_tuned > 0.9 > found.f1_plain
    assert 0 < found.low <= found.f1_tuned - found.f1_plain <= found.high
    assert f"(validation F1 of cells {found.tuned} {found.f1_tuned:.4f}, " in found.sentence
    assert Verdict.from_stored(found.to_stored()) == found


def test_a_network_that_gives_a_mask_has_no_cells_in_its_verdict(blobs):
    artifact = load_artifact(MODELS / "blobs_int8.tflite")
    found = referee.judge_pair(artifact, artifact, blobs)
    assert found.f1_tuned is found.f1_plain is None
    assert "f1_tuned" not in found.to_stored()
    assert "validation Dice" in found.sentence


def test_a_steady_lead_is_more_than_chance():
    base = np.random.default_rng(0).uniform(0.5, 0.9, 40)
    low, high = referee.difference_interval(images(base + 0.01), images(base))
    assert 0 < low <= 0.01 <= high


def test_a_lead_on_a_single_image_is_chance():
    base = np.random.default_rng(0).uniform(0.5, 0.9, 40)
    better = base.copy()
    better[3] += 0.1
    low, _ = referee.difference_interval(images(better), images(base))
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
    empty = [
        referee.JudgedImage(source=str(number), counts=ConfusionCounts(0, 0, 0, 100)) for number in range(3)
    ]
    assert referee.difference_interval(empty, empty) == (0, 0)


def test_tiles_of_one_image_are_not_taken_for_images():
    """Ten images of 16 tiles: seven gain and three lose, each by all of its tiles.

    Over tiles, as 160 images, the lead would be more than chance.
    """
    base = np.random.default_rng(0).uniform(0.5, 0.9, 160)
    better = base + np.repeat([0.02] * 7 + [-0.02] * 3, 16)
    sources = [str(number // 16) for number in range(160)]
    over_tiles, _ = referee.difference_interval(images(better), images(base))
    over_images, _ = referee.difference_interval(images(better, sources), images(base, sources))
    assert over_tiles > 0 > over_images


def test_tiles_of_a_single_image_tell_nothing():
    one = images([0.8, 0.9, 0.7], ["a"] * 3)
    assert referee.difference_interval(one, one) is None


def test_images_that_were_cut_into_tiles_are_judged_by_their_sources(tmp_path):
    """Two images of two tiles each, and a single one."""
    artifact = load_artifact(MODELS / "blobs_int8.tflite")
    for index, blob in enumerate(("a_r0c0", "a_r0c1", "b_r0c0", "b_r0c1", "c_r0c0", "c_r0c1")):
        image, mask = blob_image(np.random.default_rng(index), 64)
        write_png(tmp_path / "images" / f"{blob}.png", image)
        write_png(tmp_path / "masks" / f"{blob}.png", mask * 255)
    splits = {"a": "val", "b": "val", "c": "train"}
    rows = [f"{path.stem},{splits[path.stem[0]]}" for path in sorted((tmp_path / "images").iterdir())]
    (tmp_path / "splits.csv").write_text("\n".join(["stem,split", *rows]) + "\n")
    verdict = referee.judge_pair(artifact, artifact, open_dataset(tmp_path))
    assert (verdict.images, verdict.sources) == (4, 2)
    assert "4 tiles of 2 images" in verdict.sentence


def test_where_nothing_tells_how_images_differ_the_plain_file_is_shipped():
    sentence = verdict(None, None, "int8-ptq").sentence
    assert sentence.startswith("ship int8-ptq: nothing tells whether int8-qat is better")
    assert "which do not tell how images differ" in sentence


def test_a_verdict_of_version_0_1_is_read():
    """It states no sources."""
    path = ROOT / "tests" / "fixtures" / "v0_1" / "models" / "unet-4-3levels_blobs_64_int8-qat.tflite"
    found = load_artifact(path).sidecar.referee
    assert found.sources is None
    assert found.sentence.startswith(f"ship {found.ship}: ")
