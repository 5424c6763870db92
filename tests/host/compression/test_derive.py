"""Runs that go on from another run."""

import shutil
from dataclasses import replace

import pytest

from edgeseg.errors import TrainingError
from edgeseg.model.fine_tuning import SlimOptions
from edgeseg.progress import silent

pytestmark = pytest.mark.host
derive = pytest.importorskip("edgeseg.host.compression.derive", reason="needs TensorFlow")
run_folder = pytest.importorskip("edgeseg.host.training.run_folder", reason="needs TensorFlow")
trainee = pytest.importorskip("edgeseg.host.training.trainee", reason="needs TensorFlow")

OPTIONS = SlimOptions(epochs=1, batch_size=6, learning_rate=2e-3)


def fine_tuned(parent, dataset, options=OPTIONS, *, force=False, progress=silent):
    method = trainee.from_scratch
    job = derive.job_of(parent, dataset, force=force, progress=progress)
    return derive.fine_tuned(job, options, method)


@pytest.fixture
def parent(blob_run, tmp_path):
    """A trained run of this test's own."""
    shutil.copytree(blob_run.path, tmp_path / "run", ignore=shutil.ignore_patterns("variants"))
    return run_folder.open_run(tmp_path / "run")


def test_it_trains_as_the_options_say_in_a_folder_of_its_own(parent, blobs):
    run = fine_tuned(parent, blobs)
    assert run.path == parent.path / "variants" / "slim"
    assert (run.training.epochs, run.training.batch_size, run.training.learning_rate) == (1, 6, 2e-3)
    assert run.training.schedule == "cosine"
    assert run.training.loss == parent.training.loss
    assert run.origin.settings == OPTIONS
    assert run.best_model.exists()


def test_what_is_finished_is_left_alone(parent, blobs):
    run = fine_tuned(parent, blobs)
    before = run.best_model.stat().st_mtime_ns
    told = []
    fine_tuned(parent, blobs, progress=lambda *step: told.append(step))
    assert run.best_model.stat().st_mtime_ns == before
    assert not told


def test_changed_settings_are_refused_by_name_and_force_begins_again(parent, blobs):
    fine_tuned(parent, blobs)
    changed = replace(OPTIONS, keep=0.5)
    with pytest.raises(TrainingError, match=r"was begun with another keep \(.*, now 0.5\); pass --force"):
        fine_tuned(parent, blobs, changed)
    assert fine_tuned(parent, blobs, changed, force=True).origin.settings == changed


def test_a_parent_that_was_trained_since_is_noticed(parent, blobs):
    fine_tuned(parent, blobs)
    parent.best_model.write_bytes(parent.best_model.read_bytes() + b" ")
    with pytest.raises(TrainingError, match="another float model"):
        fine_tuned(parent, blobs)


def test_a_parent_without_a_finished_epoch_is_refused(parent, blobs):
    parent.best_model.unlink()
    with pytest.raises(TrainingError, match="holds no finished epoch yet"):
        fine_tuned(parent, blobs)
