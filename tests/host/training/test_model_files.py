"""Loading networks from run folders: weights and nothing else, whoever sends the folder."""

import json
import shutil
import zipfile

import numpy as np
import pytest

from edgeseg.bench.bench_options import QUICK
from edgeseg.bench.host import HostOptions
from edgeseg.errors import TrainingError
from support.command import edgeseg, refused
from support.paths import TESTS

pytestmark = pytest.mark.host
model_files = pytest.importorskip("edgeseg.host.training.model_files", reason="needs TensorFlow")
timing = pytest.importorskip("edgeseg.host.training.timing", reason="needs TensorFlow")
run_folder = pytest.importorskip("edgeseg.host.training.run_folder", reason="needs TensorFlow")

V0_1 = TESTS / "fixtures" / "v0_1"
RUNS = sorted(path.parent.relative_to(V0_1) for path in V0_1.glob("run/**/run.json"))


@pytest.fixture
def run(tmp_path):
    """A folder that anything may be done to."""
    return shutil.copytree(V0_1 / "run", tmp_path / "run", ignore=shutil.ignore_patterns("variants"))


def load(run):
    return model_files.load_best(run_folder.open_run(run))


@pytest.mark.parametrize("path", RUNS, ids=str)
def test_models_of_version_0_1_load_with_the_weights_that_keras_reads(path):
    """The trained one, the folded one of a quantization-aware run, pruned, clustered and slim ones."""
    from edgeseg.host.training.keras import keras

    there = keras.models.load_model(V0_1 / path / "best.keras", compile=False)
    loaded = load(V0_1 / path)
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in there.layers]
    for found, expected in zip(loaded.weights, there.weights, strict=True):
        assert (found.name, found.dtype) == (expected.name, expected.dtype)
        assert np.array_equal(found, expected)
    image = np.random.default_rng(0).random((1, 64, 64, 1), np.float32)
    assert np.array_equal(loaded(image), there(image))


class TestCode:
    """A Keras model may hold code, which Keras runs when it loads it."""

    @pytest.fixture
    def trace(self, tmp_path):
        """What the code makes when it runs."""
        return tmp_path / "it ran"

    @pytest.fixture
    def hdf5(self, tmp_path, trace):
        from edgeseg.host.training.keras import keras

        def harm(tensor, trace=str(trace)):
            from pathlib import Path

            Path(trace).touch()
            return tensor

        image = keras.Input((64, 64, 1))
        path = tmp_path / "model.h5"
        with pytest.warns(UserWarning, match="HDF5"):
            keras.Model(image, keras.layers.Lambda(harm)(image)).save(path)
        trace.unlink()
        return path

    def test_keras_itself_would_run_it(self, hdf5, run, trace):
        """Under the name of a run's model too: else the tests below would show nothing."""
        from edgeseg.host.training.keras import keras

        keras.models.load_model(shutil.copy(hdf5, run / "best.keras"), compile=False)
        assert trace.exists()

    @pytest.mark.parametrize("variant", ["float32", "int8-qat"])
    def test_export_does_not(self, hdf5, run, trace, tmp_path, variant):
        shutil.copy(hdf5, run / "best.keras")
        arguments = ("--variant", variant, "--data", V0_1 / "blobs", "--out", tmp_path / "models")
        refused(edgeseg("export", run, *arguments), "nothing was loaded from it")
        assert not trace.exists()

    def test_export_with_a_teacher_does_not(self, hdf5, run, trace, tmp_path):
        teacher = shutil.copytree(run, tmp_path / "teacher")
        shutil.copy(hdf5, teacher / "best.keras")
        arguments = ("--variant", "slim", "--data", V0_1 / "blobs", "--out", tmp_path / "models")
        ended = edgeseg("export", run, *arguments, "--keep", 0.5, "--teacher", teacher)
        refused(ended, "nothing was loaded from it")
        assert not trace.exists()

    def test_bench_does_not(self, hdf5, run, trace):
        shutil.copy(hdf5, run / "best.keras")
        (measured,) = timing.measure_host(run, host=HostOptions(batches=(1,)), options=QUICK)
        assert measured.failure.kind == "refused"
        assert "nothing was loaded from it" in measured.failure.reason
        assert not trace.exists()

    def test_a_zip_archive_that_holds_it_beside_weights_does_not(self, hdf5, run, trace):
        """The archive's own description of the network is not read."""
        from edgeseg.host.training.keras import keras

        expected = load(run)
        keras.models.load_model(hdf5, compile=False).save(run / "harm.keras")
        trace.unlink()
        with zipfile.ZipFile(run / "harm.keras") as harm, zipfile.ZipFile(run / "best.keras") as good:
            members = {name: good.read(name) for name in good.namelist()}
            members["config.json"] = harm.read("config.json")
        with zipfile.ZipFile(run / "best.keras", "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        assert all(map(np.array_equal, load(run).get_weights(), expected.get_weights()))
        assert not trace.exists()


def test_an_archive_without_weights_is_one_sentence(run):
    with zipfile.ZipFile(run / "best.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(TrainingError, match=r"a zip archive with model\.weights\.h5, but .* is none"):
        load(run)


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_one_sentence(run, share):
    data = (run / "best.keras").read_bytes()
    (run / "best.keras").write_bytes(data[: int(share * len(data))])
    with pytest.raises(TrainingError, match="copy the run folder again"):
        load(run)


def test_damaged_weights_are_one_sentence(run):
    with zipfile.ZipFile(run / "best.keras", "w") as archive:
        archive.writestr("model.weights.h5", b"no HDF5")
    with pytest.raises(TrainingError, match="are damaged"):
        load(run)


@pytest.mark.parametrize("changed", [{"base_filters": 8}, {"levels": 2}, {"channels": 3}])
def test_weights_of_another_network_than_the_run_states_are_one_sentence(run, changed):
    record = json.loads((run / "run.json").read_text())
    record["network"] |= changed
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(TrainingError, match=r"are not those of unet-.*, which run\.json states"):
        load(run)
