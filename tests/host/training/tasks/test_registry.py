"""Which task is trained for; what every task promises."""

import csv
import json

import cv2
import numpy as np
import pytest

from edgeseg.data.dataset import open_dataset
from edgeseg.data.images import write_png
from edgeseg.errors import ConfigError
from edgeseg.host.training.tasks import registry
from edgeseg.host.training.tasks.cells import CELLS
from edgeseg.host.training.tasks.mask import MASK
from edgeseg.model.interface import float_interface
from edgeseg.networks.unet import UNetConfig
from support.command import edgeseg, refused

ALL = tuple(registry.TASKS.values())
SMALL = (
    "--preset",
    "unet-8",
    "--set",
    "base_filters=2",
    "--set",
    "levels=2",
    "--epochs",
    "1",
    "--set",
    "crop_size=64",
)


@pytest.fixture(scope="module")
def touching(tmp_path_factory):
    """24 images of 64x64 with pairs of discs that touch, and their labels."""
    root, rng = tmp_path_factory.mktemp("touching"), np.random.default_rng(0)
    for index in range(24):
        labels = np.zeros((64, 64), np.uint16)
        y, x = (int(each) for each in rng.integers(14, 50, 2))
        for number, left in ((1, x - 8), (2, x + 8)):
            cv2.circle(labels, (left, y), 8, number, -1)
        image = np.where(labels, 180, 100) + rng.normal(0, 8, labels.shape)
        write_png(root / "images" / f"pair_{index:02}.png", np.clip(image, 0, 255).astype(np.uint8))
        write_png(root / "labels" / f"pair_{index:02}.png", labels)
    return open_dataset(root)


def interface_of(task, dataset):
    maps, decoder = task.describe(dataset)
    return float_interface(64, 64, maps=maps, decoder=decoder)


def truths_of(task, dataset):
    truths = [each.read()[1] for each in dataset.samples]
    return [each.labels if task.truth == "labels" else each.mask for each in truths]


def test_every_task_has_a_decoder_of_its_own():
    decoders = [each.decoder for each in registry.TASKS.values()]
    assert len(set(decoders)) == len(decoders)


@pytest.mark.parametrize("name", registry.TASKS)
def test_a_task_is_told_by_the_interface_of_its_networks(name, touching):
    task = registry.TASKS[name]
    network, interface = registry.fit_network(UNetConfig(), task, touching)
    assert registry.task_of(interface) is task
    assert network.maps == len(interface.maps)


@pytest.mark.parametrize("task", ALL, ids=lambda each: each.name)
def test_targets_are_from_0_to_1_and_one_for_each_map(task, touching):
    interface = interface_of(task, touching)
    target = task.target(truths_of(task, touching)[0], interface)
    assert target.dtype == np.float32
    assert target.shape == (64, 64, len(interface.maps))
    assert 0 <= target.min() <= target.max() <= 1


@pytest.mark.parametrize("task", ALL, ids=lambda each: each.name)
def test_a_network_that_answers_the_targets_is_judged_perfect(task, touching):
    interface, truths = interface_of(task, touching), truths_of(task, touching)
    maps = [tuple(np.moveaxis(task.target(each, interface), -1, 0)) for each in truths]
    judged = task.judge(zip(truths, maps, strict=True), interface)
    assert judged.keys() >= set(task.figures)
    assert judged[task.figures[0]] == 1


@pytest.mark.host
@pytest.mark.parametrize("task", ALL, ids=lambda each: each.name)
def test_the_targets_themselves_cost_nothing(task, touching):
    pytest.importorskip("tensorflow")
    interface = interface_of(task, touching)
    targets = [task.target(each, interface) for each in truths_of(task, touching)[:4]]
    assert float(task.loss(interface, "jaccard-bce")(np.stack(targets), np.stack(targets))) < 1e-4


class TestWhatIsTrainedFor:
    def test_is_the_most_that_a_data_set_tells(self, touching, blobs):
        assert registry.choose_task(None, touching) is CELLS
        assert registry.choose_task(None, blobs) is MASK

    def test_is_what_was_asked_for(self, touching):
        assert registry.choose_task("mask", touching) is MASK

    def test_is_nothing_that_the_data_set_cannot_serve(self, blobs):
        with pytest.raises(
            ConfigError, match=r"expected label images in .*labels for the task cells.*\(mask\)"
        ):
            registry.choose_task("cells", blobs)


def test_a_task_that_there_is_not_names_those_that_there_are(blobs, tmp_path):
    ended = edgeseg("train", blobs.root, "--out", tmp_path / "run", "--task", "masks")
    refused(ended, "no task 'masks'; did you mean 'mask'")
    assert not (tmp_path / "run").exists()


def test_resuming_takes_no_task(blobs, tmp_path):
    refused(edgeseg("train", blobs.root, "--out", tmp_path, "--task", "mask", "--resume"), "own settings")


@pytest.mark.host
@pytest.mark.slow
class TestTrain:
    def test_takes_the_richest_task_and_shows_its_figures(self, touching, tmp_path):
        pytest.importorskip("tensorflow")
        ended = edgeseg("train", touching.root, "--out", tmp_path / "run", *SMALL)
        assert ended.returncode == 0, ended.stderr
        assert "for the task cells" in ended.stderr
        assert "val_f1" in ended.stdout
        stored = json.loads((tmp_path / "run" / "run.json").read_text())
        assert stored["network"]["maps"] == 4
        assert stored["interface"]["decoder"]["kind"] == "centres"
        assert stored["best"].keys() == {"epoch", "val_f1"}
        with (tmp_path / "run" / "history.csv").open() as file:
            kept = list(csv.DictReader(file))[stored["best"]["epoch"] - 1]
        assert stored["interface"]["decoder"]["centres"]["peak"] == float(kept["val_peak"])

    def test_keeps_the_last_epoch_while_no_cell_is_found(self, touching, tmp_path):
        pytest.importorskip("tensorflow")
        slow = ["--epochs", "2", "--set", "learning_rate=1e-6"]
        ended = edgeseg("train", touching.root, "--out", tmp_path / "run", *SMALL, *slow)
        assert ended.returncode == 0, ended.stderr
        best = json.loads((tmp_path / "run" / "run.json").read_text())["best"]
        assert best == {"epoch": 2, "val_f1": 0}
