"""Pruning from a trained run to a container: the schedule, the zeros, the epoch that is kept, the file."""

import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from edgeseg.audit.audit import audit_model, judge
from edgeseg.errors import CheckError, ConfigError, TrainingError
from edgeseg.host.export.export_options import ExportOptions
from edgeseg.model.artifact import load_artifact
from edgeseg.model.fine_tuning import FineTuning, PruningOptions, override
from edgeseg.model.recipe import PRUNED, PRUNED_INT8_PTQ, StatedRecipe, promised
from support.command import edgeseg
from support.run_processes import copy_of, start, wait_for_checkpoint

pytestmark = pytest.mark.host
pruning = pytest.importorskip("edgeseg.host.compression.pruning", reason="needs TensorFlow")
export = pytest.importorskip("edgeseg.host.export.export_run", reason="needs TensorFlow")
sources = pytest.importorskip("edgeseg.host.export.sources", reason="needs TensorFlow")
run_folder = pytest.importorskip("edgeseg.host.training.run_folder", reason="needs TensorFlow")

OPTIONS = PruningOptions(epochs=5, batch_size=3, learning_rate=2e-3, sparsity=0.75)
EXPORT = ExportOptions(fine_tuning=FineTuning(pruning=OPTIONS))


@pytest.fixture(scope="module")
def exported(blob_run, blobs, tmp_path_factory):
    made = export.export_run(
        blob_run, blobs, [PRUNED, PRUNED_INT8_PTQ], tmp_path_factory.mktemp("models"), options=EXPORT
    )
    return {artifact.variant: artifact for artifact in made}


def pruned_run(run):
    return run_folder.open_run(run.path / "variants" / "pruned")


def sparsity_of(model):
    kernels = [kernel.numpy() for kernel in pruning.kernels(model)]
    return sum(np.count_nonzero(each == 0) for each in kernels) / sum(each.size for each in kernels)


def test_the_files_have_the_sparsity_that_was_asked_for(exported):
    for artifact in exported.values():
        assert artifact.sidecar.recipe.sparsity == 0.75
    assert audit_model(exported["pruned"].data, name="p").sparsity == pytest.approx(0.75, abs=0.001)
    assert audit_model(exported["pruned-int8-ptq"].data, name="p").sparsity >= 0.75


def test_the_files_are_containers_that_load_with_their_sidecars(exported):
    for artifact in exported.values():
        assert artifact.path.name.endswith(f"_{artifact.variant}.tflite.xz")
        assert load_artifact(artifact.path).sidecar == artifact.sidecar
        assert artifact.sidecar.packed_bytes == artifact.path.stat().st_size < len(artifact.data) / 2


def test_zeros_are_stored_as_zeros(exported):
    """A negative zero is as good in arithmetic, but it is another number to a compressor."""
    words = np.frombuffer(exported["pruned"].data[: len(exported["pruned"].data) // 4 * 4], np.uint32)
    assert np.count_nonzero(words == 0x80000000) < 0.001 * np.count_nonzero(words == 0)


def test_the_pruned_network_still_segments(exported):
    for artifact in exported.values():
        assert artifact.sidecar.verification.dice_file > 0.8


def test_the_kept_epoch_is_the_best_of_those_after_the_last_pruning(blob_run, exported):
    run = pruned_run(blob_run)
    end = pruning.build_schedule(OPTIONS, steps=30).end_step
    final = [row for row in run_folder.read_history(run) if row["steps"] >= end]
    assert 0 < len(final) < OPTIONS.epochs
    assert run_folder.best_row(run)["val_dice"] == max(row["val_dice"] for row in final)
    assert exported["pruned"].sidecar.training["best_epoch"] == run_folder.best_row(run)


def test_a_finished_pruning_is_not_run_again(blob_run, exported, blobs, tmp_path):
    before = (pruned_run(blob_run).path / "history.csv").read_bytes()
    (again,) = export.export_run(blob_run, blobs, [PRUNED], tmp_path, options=EXPORT)
    assert again.path.read_bytes() == exported["pruned"].path.read_bytes()
    assert (pruned_run(blob_run).path / "history.csv").read_bytes() == before


def test_another_sparsity_is_refused_without_force(blob_run, exported, blobs, tmp_path):
    options = ExportOptions(fine_tuning=FineTuning(pruning=replace(OPTIONS, sparsity=0.8)))
    with pytest.raises(TrainingError, match=r"begun with another sparsity \(0.75, now 0.8\); pass --force"):
        export.export_run(blob_run, blobs, [PRUNED], tmp_path, options=options)


@pytest.mark.parametrize("stated", [0.7, 0.8])
def test_a_file_of_another_sparsity_breaks_its_promise(exported, stated):
    audit = audit_model(exported["pruned"].data, name="p")
    (finding,) = judge(audit, replace(PRUNED, sparsity=stated))
    assert finding == f"expected {stated:.2%} zeros among its weights, but found {audit.sparsity:.2%}"


def test_a_dense_network_is_not_exported_as_pruned(blob_run, blobs, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_FINE_TUNERS", {"pruning": lambda job, _settings: job.parent})
    with pytest.raises(CheckError, match=r"expected 90\.00% zeros among its weights, but found 0\.\d\d%"):
        export.export_run(blob_run, blobs, [PRUNED], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_sidecar_says_how_sparse_a_file_must_be(exported):
    assert promised(exported["pruned"].sidecar.recipe) == replace(PRUNED, sparsity=0.75)
    assert promised(StatedRecipe(variant="pruned")) == PRUNED


@pytest.mark.parametrize("steps", [1, 2, 7, 60, 1200])
@pytest.mark.parametrize("begin", [0.0, 0.3, 0.99])
def test_the_last_pruning_has_the_sparsity_asked_for_and_comes_before_the_end(steps, begin):
    options = PruningOptions(begin=begin, end=1.0 if begin > 0.5 else 0.6)
    schedule = pruning.build_schedule(options, steps=steps)
    due = [step for step in range(1, steps + 1) if bool(schedule(step)[0])]
    assert due[-1] == schedule.end_step <= max(options.end * steps, 1)
    assert float(schedule(due[-1])[1]) == pytest.approx(0.9)
    assert float(schedule(schedule.begin_step)[1]) == pytest.approx(0.5)


def test_the_study_prunes_every_hundred_steps():
    """100 epochs of 136 steps."""
    assert pruning.build_schedule(PruningOptions(), steps=13_600).frequency == 100


def test_exactly_the_share_with_the_highest_scores_is_kept_over_all_arrays():
    scores = [np.array([[5.0, 1.0], [1.0, 1.0]]), np.array([9.0, 0.0])]
    first, second = pruning.highest(scores, 0.34)
    assert first.tolist() == [[True, False], [False, False]]
    assert second.tolist() == [True, False]
    assert [int(mask.sum()) for mask in pruning.highest(scores, 0.5)] == [2, 1]


def test_lamp_is_the_square_over_the_squares_that_are_not_smaller():
    assert pruning.lamp(np.array([[3.0, -1.0], [2.0, 0.0]])).tolist() == [[1.0, 1 / 14], [4 / 13, 0.0]]
    assert pruning.lamp(np.zeros(3)).tolist() == [0, 0, 0]


def test_uniform_makes_every_kernel_equally_sparse():
    rng = np.random.default_rng(0)
    kernels = [rng.normal(size=(3, 3, 4, 10)) * 100, rng.normal(size=(40,))]
    masks = pruning.highest([pruning.uniform(kernel) for kernel in kernels], 0.25)
    assert [float(mask.mean()) for mask in masks] == [0.25, 0.25]


def small_network():
    from edgeseg.host.training.keras import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    inputs = keras.Input((8, 8, 1))
    tensor = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    tensor = layers.Conv2D(8, 3, padding="same", activation="relu")(tensor)
    return keras.Model(inputs, layers.Conv2D(2, 1, activation="sigmoid")(tensor))


def trained(model, callbacks):
    from edgeseg.host.training.keras import keras

    rng = np.random.default_rng(0)
    images, masks = rng.random((36, 8, 8, 1)), rng.integers(0, 2, (36, 8, 8, 2))
    model.compile(optimizer=keras.optimizers.RMSprop(0.01), loss="binary_crossentropy")
    model.fit(images, masks, batch_size=4, epochs=2, shuffle=False, verbose=0, callbacks=callbacks)
    return model


def test_the_zeros_are_those_that_tfmot_makes():
    """Its wrapper, with its own callback: the same weights after 18 steps. It counts a step at its
    beginning, we at its end."""
    import tensorflow_model_optimization as tfmot

    tools = tfmot.sparsity.keras

    def schedule(shift):
        return tools.PolynomialDecay(0.25, 0.75, begin_step=3 + shift, end_step=12 + shift, frequency=3)

    wrapped = tools.prune_low_magnitude(small_network(), pruning_schedule=schedule(1))
    theirs = tools.strip_pruning(trained(wrapped, [tools.UpdatePruningStep()]))
    ours = small_network()
    trained(ours, [pruning.MagnitudePruning(pruning.kernels(ours), schedule(0), pruning.uniform)])
    assert sparsity_of(ours) == pytest.approx(0.75, abs=0.01)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("pruning.sparsity=1.2", "expected pruning.sparsity from 0 to 0.99, but got 1.2"),
        ("pruning.initial_sparsity=0.95", "expected pruning.initial_sparsity from 0 to 0.9, but got 0.95"),
        ("pruning.end=0", "expected pruning.end from 0.01 to 1, but got 0"),
        ("pruning.frequency=0", "expected pruning.frequency from 1 to 100000, but got 0"),
        ("pruning.allocation=lmap", "no pruning.allocation 'lmap'; did you mean 'lamp'?"),
    ],
)
def test_settings_out_of_range_are_refused(setting, sentence):
    with pytest.raises(ConfigError) as caught:
        override(FineTuning(), [setting])
    assert sentence in str(caught.value)


def test_a_sparsity_that_is_none_is_refused_on_the_command_line(blob_run, tmp_path):
    done = edgeseg(
        "export",
        blob_run.path,
        "--out",
        tmp_path / "m",
        "--variant",
        "pruned",
        "--set",
        "pruning.sparsity=1.2",
    )
    assert done.returncode == 2
    assert done.stderr == "error: expected pruning.sparsity from 0 to 0.99, but got 1.2\n"


def test_inspect_judges_a_container_by_the_sparsity_of_its_sidecar(exported):
    artifact = exported["pruned"]
    done = edgeseg("inspect", artifact.path)
    assert done.returncode == 0, done.stderr
    assert f"{artifact.packed_bytes:,} as this .xz container ({len(artifact.data):,} unpacked" in done.stdout
    assert "pruned: as promised" in done.stdout
    assert "75.0" in done.stdout


def test_bench_shows_raw_and_compressed_bytes_of_a_container(exported, tmp_path):
    folder = exported["pruned"].path.parent
    done = edgeseg(
        "bench", folder, "--time", 0.1, "--samples", 3, "--warmup", 0, "--out", tmp_path / "r.json"
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    columns = next(line for line in lines if line.startswith("variant")).split("  ")
    assert {"kB", "gzip kB", "xz kB"} <= {column.strip() for column in columns}
    for artifact in exported.values():
        row = next(line.split() for line in lines if line.startswith(f"{artifact.variant} "))
        assert f"{len(artifact.data) / 1000:,.1f}" in row
        assert f"{artifact.packed_bytes / 1000:,.1f}" in row


SETTINGS = (
    "--variant", "pruned", "--set", "pruning.epochs=6", "--set", "pruning.batch_size=3",
    "--set", "pruning.frequency=4",
)  # fmt: skip


def history_without_times(run_path):
    rows = run_folder.read_history(run_folder.open_run(run_path / "variants" / "pruned"))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


@pytest.mark.slow
def test_a_killed_pruning_resumes_to_the_very_bytes_of_an_undisturbed_one(blob_run, tmp_path):
    """SIGKILL after the first checkpoint, in the middle of the pruning."""
    whole, broken = copy_of(blob_run, tmp_path / "whole"), copy_of(blob_run, tmp_path / "broken")
    ended = edgeseg("export", whole, "--out", tmp_path / "a", *SETTINGS)
    assert ended.returncode == 0, ended.stderr
    assert "they save no time" in ended.stdout

    with start("export", broken, "--out", tmp_path / "b", *SETTINGS) as process:
        wait_for_checkpoint(broken / "variants" / "pruned", process)
        os.kill(process.pid, signal.SIGKILL)
    assert len(history_without_times(broken)) < 6

    ended = edgeseg("export", broken, "--out", tmp_path / "b", *SETTINGS)
    assert ended.returncode == 0, ended.stderr
    assert history_without_times(broken) == history_without_times(whole)
    (one,), (other,) = (list((tmp_path / name).glob("*.tflite.xz")) for name in "ab")
    assert one.read_bytes() == other.read_bytes()
