"""Training runs: what they leave behind, and what a kill cannot take."""

import csv
import json
import os
import shutil
import signal

import numpy as np
import pytest

from edgeseg.errors import OutputError, TrainingError
from edgeseg.networks.training import TrainingConfig
from edgeseg.networks.unet import UNetConfig
from support.blob_images import write_blobs
from support.command import edgeseg, refused
from support.run_processes import start, wait_for_checkpoint

pytestmark = pytest.mark.host
fit = pytest.importorskip("edgeseg.host.training.fit", reason="needs TensorFlow")
trainee = pytest.importorskip("edgeseg.host.training.trainee", reason="needs TensorFlow")
model_files = pytest.importorskip("edgeseg.host.training.model_files", reason="needs TensorFlow")
run_folder = pytest.importorskip("edgeseg.host.training.run_folder", reason="needs TensorFlow")

NETWORK = UNetConfig(base_filters=2, levels=3, input_size=64)
TRAINING = TrainingConfig(epochs=2, batch_size=6, crop_size=32)


def history_without_times(run_path):
    with (run_path / "history.csv").open() as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def weights(run_path):
    return model_files.load_best(run_folder.open_run(run_path)).get_weights()


@pytest.fixture(scope="module")
def finished(blobs, tmp_path_factory):
    """A finished run of two epochs, and what the progress was told."""
    told = []
    path = tmp_path_factory.mktemp("runs") / "run"
    run = run_folder.create_run(path, NETWORK, TRAINING, blobs, force=False)
    fit.fit(run, blobs, progress=lambda *step: told.append(step))
    return run, told


def test_a_run_leaves_config_environment_digest_history_and_models(finished, blobs):
    run, _ = finished
    description = json.loads((run.path / "run.json").read_text())
    assert description["dataset"]["digest"] == blobs.digest
    assert description["environment"]["packages"]["tensorflow"]
    assert description["finished"] is True
    assert len(history_without_times(run.path)) == 2
    assert (run.path / "best.keras").is_file()
    assert any((run.path / "tensorboard").iterdir())
    reopened = run_folder.open_run(run.path)
    assert (reopened.network, reopened.training) == (NETWORK, TRAINING)


def test_progress_counts_every_step(finished):
    _, told = finished
    assert [done for done, _, _ in told] == [1, 2, 3, 4, 5, 6]
    assert {total for _, total, _ in told} == {6}
    assert "val Dice" in told[-1][2]


def test_the_best_epoch_is_the_one_with_the_best_validation_dice(finished, blobs):
    run, _ = finished
    from edgeseg.host.training.evaluate import judge_of
    from edgeseg.host.training.pipeline import TrainingImages
    from edgeseg.host.training.targets import Targets

    val = TrainingImages(blobs.split("val"), TRAINING.preprocessing, Targets(run.interface))
    best = model_files.load_best(run)
    measured = judge_of(best, run.interface, multiple=NETWORK.multiple)(val)["dice"]
    stated = max(float(row["val_dice"]) for row in history_without_times(run.path))
    assert measured == pytest.approx(stated, abs=1e-4)


def test_training_on_a_finished_run_changes_nothing(finished, blobs):
    run, _ = finished
    before = history_without_times(run.path)
    fit.fit(run, blobs)
    assert history_without_times(run.path) == before


def test_a_changed_data_set_is_refused(finished, tmp_path):
    run, _ = finished
    with pytest.raises(TrainingError, match="digest differs"):
        fit.fit(run, write_blobs(tmp_path, seed=1))


def test_checkpoints_elsewhere_are_refused_and_not_deleted(finished, blobs, tmp_path):
    """The list of a run from elsewhere may name any files; TensorFlow would delete the oldest of them."""
    shutil.copytree(finished[0].path, tmp_path / "run")
    for name in ("a.index", "a.data-00000-of-00001"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "run" / "checkpoints" / "checkpoint").write_text(
        f'model_checkpoint_path: "{tmp_path}/a"\nall_model_checkpoint_paths: "{tmp_path}/a"\n'
        "all_model_checkpoint_timestamps: 1.0\nlast_preserved_timestamp: 0.5\n"
    )
    with pytest.raises(OutputError, match="expected a place below"):
        fit.fit(run_folder.open_run(tmp_path / "run"), blobs)
    assert (tmp_path / "a.index").read_text() == "mine"


def test_two_processes_cannot_train_in_one_folder(finished, blobs):
    run, _ = finished
    with run_folder.locked(run), pytest.raises(OutputError, match="another process"):
        fit.fit(run, blobs)


def test_an_existing_run_is_not_replaced_without_force(finished, blobs):
    run, _ = finished
    with pytest.raises(OutputError, match="--force"):
        run_folder.create_run(run.path, NETWORK, TRAINING, blobs, force=False)
    assert (run.path / "best.keras").exists()


def test_a_loss_that_is_no_number_stops_with_the_step_and_advice(blobs, tmp_path):
    """The weights of the last layer are spoilt, as an overflow would spoil them."""
    run = run_folder.create_run(tmp_path / "run", NETWORK, TRAINING, blobs, force=False)
    training = fit.Training(run, blobs, trainee.from_scratch, lambda *_: None)
    kernel = training.model.get_layer("logits").trainable_variables[0]
    kernel.assign(np.full(kernel.shape, np.nan, np.float32))
    with pytest.raises(TrainingError, match="nan at step 1 of epoch 1; try a lower"):
        training.run_all()


def test_a_run_without_a_finished_epoch_has_no_best_model(blobs, tmp_path):
    run = run_folder.create_run(tmp_path / "run", NETWORK, TRAINING, blobs, force=False)
    with pytest.raises(TrainingError, match="no finished epoch"):
        model_files.load_best(run)


def test_a_run_description_that_lacks_something_is_refused(finished, tmp_path):
    description = json.loads((finished[0].path / "run.json").read_text())
    del description["origin"]
    (tmp_path / "run.json").write_text(json.dumps(description))
    with pytest.raises(TrainingError, match="expected origin in"):
        run_folder.open_run(tmp_path)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="expected a training run"):
        run_folder.open_run(tmp_path)


def train(data, out, *options):
    return start("train", data, "--out", out, *options)


SETTINGS = ("--epochs", "6", "--batch-size", "6", "--set", "crop_size=32", "--set", "base_filters=2")


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_very_end_that_an_undisturbed_one_reaches(tmp_path):
    """SIGKILL after the first checkpoint, wherever the second epoch then is."""
    root = write_blobs(tmp_path / "data").root
    whole = edgeseg("train", root, "--out", tmp_path / "whole", *SETTINGS)
    assert whole.returncode == 0, whole.stderr

    with train(root, tmp_path / "killed", *SETTINGS) as killed:
        wait_for_checkpoint(tmp_path / "killed", killed)
        os.kill(killed.pid, signal.SIGKILL)
    assert len(history_without_times(tmp_path / "killed")) < 6

    resumed = edgeseg("train", root, "--out", tmp_path / "killed", "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert "best model" in resumed.stdout
    assert history_without_times(tmp_path / "killed") == history_without_times(tmp_path / "whole")
    pairs = zip(weights(tmp_path / "killed"), weights(tmp_path / "whole"), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_a_fine_tuned_run_is_not_resumed_by_train(finished, blobs, tmp_path):
    """Training would go on with the wrong method."""
    description = json.loads((finished[0].path / "run.json").read_text())
    description["origin"] = {"method": "int8-qat", "settings": {}, "parent_sha256": "0" * 64}
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text(json.dumps(description))
    ended = edgeseg("train", blobs.root, "--out", tmp_path / "run", "--resume")
    refused(ended, "`edgeseg export` goes on with it")


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(tmp_path):
    root = write_blobs(tmp_path / "data").root
    with train(root, tmp_path / "run", "--epochs", "5000", *SETTINGS[2:]) as process:
        wait_for_checkpoint(tmp_path / "run", process)
        process.send_signal(signal.SIGINT)  # once is enough
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in errors
    assert "Traceback" not in errors
