"""Running a model: agreement between its int8 and float file, and refusals in words."""

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from edgeseg.errors import ArtifactError, ConfigError, MissingDependencyError
from edgeseg.metrics.pixels import count, pooled
from edgeseg.model.artifact import load_artifact
from edgeseg.model.runtimes.registry import PROBE, RUNTIMES, find_runtime, make_interpreter
from edgeseg.model.segmenter import Segmenter
from support.blob_images import drawn_blobs
from support.paths import MODELS


@pytest.fixture(scope="module")
def segmenters():
    return {name: Segmenter(load_artifact(MODELS / f"blobs_{name}.tflite")) for name in ("int8", "float32")}


def patched(tmp_path, name, old, new):
    data = (MODELS / name).read_bytes()
    assert data.count(old) == 1
    path = tmp_path / "patched.tflite"
    path.write_bytes(data.replace(old, new))
    return load_artifact(path)


@pytest.mark.parametrize("name", ["int8", "float32"])
def test_blobs_are_segmented(segmenters, name):
    drawn = (drawn_blobs(64, 64, seed) for seed in range(20))
    counts = [count(truth > 0, segmenters[name].mask(image)) for image, truth in drawn]
    assert pooled(counts)["dice"] > 0.97


def test_int8_and_float_agree_on_the_mask(segmenters):
    images = [drawn_blobs(64, 64, seed)[0] for seed in range(20)]
    same = [np.mean(segmenters["int8"].mask(i) == segmenters["float32"].mask(i)) for i in images]
    assert np.mean(same) > 0.995


def test_probabilities_of_int8_and_float_are_close(segmenters):
    image = drawn_blobs(64, 64, 1)[0]
    a, b = (segmenters[name].probability(image) for name in ("int8", "float32"))
    assert a.dtype == b.dtype == np.float32
    assert a.shape == (64, 64)
    assert 0 <= a.min() <= a.max() <= 1
    assert np.abs(a - b).mean() < 0.02


@pytest.mark.parametrize("name", ["int8", "float32"])
def test_the_mask_is_the_probability_above_one_half(segmenters, name):
    image = drawn_blobs(64, 64, 2)[0]
    assert np.array_equal(segmenters[name].mask(image), segmenters[name].probability(image) > 0.5)


@pytest.mark.parametrize("name", ["int8", "float32"])
def test_an_output_outlives_the_next_inference(segmenters, name):
    (first,) = segmenters[name].invoke(drawn_blobs(64, 64, 3)[0])
    kept = first.copy()
    segmenters[name].invoke(drawn_blobs(64, 64, 4)[0])
    assert np.array_equal(first, kept)


def test_a_tile_of_a_view_is_taken(segmenters):
    image = np.ascontiguousarray(drawn_blobs(64, 64, 5)[0].T).T  # not contiguous
    assert np.array_equal(segmenters["int8"].mask(image), segmenters["int8"].mask(image.copy()))


def test_shape_and_type_are_the_files(segmenters):
    assert segmenters["int8"].shape == segmenters["float32"].shape == (64, 64)
    types = [segmenters[name].interface.input.dtype for name in ("int8", "float32")]
    assert types == ["int8", "float32"]


def test_built_in_kernels_give_nearly_the_same_mask():
    """Backends are not bit-equal; the mask is what must not change."""
    artifact = load_artifact(MODELS / "blobs_int8.tflite")
    one, other = Segmenter(artifact), Segmenter(artifact, runtime="litert-builtin")
    images = [drawn_blobs(64, 64, seed)[0] for seed in range(10)]
    assert np.mean([np.mean(one.mask(image) == other.mask(image)) for image in images]) > 0.999


HERE = [name for name, each in RUNTIMES.items() if find_spec(each.distribution.replace("-", "_"))]


@pytest.mark.parametrize("name", ["int8", "float32"])
@pytest.mark.parametrize("runtime", HERE)
def test_every_runtime_gives_nearly_the_same_mask(runtime, name):
    artifact = load_artifact(MODELS / f"blobs_{name}.tflite")
    one, other = Segmenter(artifact), Segmenter(artifact, runtime=runtime)
    assert other.interface == one.interface
    images = [drawn_blobs(64, 64, seed)[0] for seed in range(10)]
    assert np.mean([np.mean(one.mask(image) == other.mask(image)) for image in images]) > 0.999


@pytest.mark.parametrize("runtime", HERE)
def test_an_output_of_any_runtime_outlives_the_next_inference(runtime):
    segmenter = Segmenter(load_artifact(MODELS / "blobs_int8.tflite"), runtime=runtime)
    (first,) = segmenter.invoke(drawn_blobs(64, 64, 3)[0])
    kept = first.copy()
    segmenter.invoke(drawn_blobs(64, 64, 4)[0])
    assert np.array_equal(first, kept)


@pytest.mark.parametrize("runtime", HERE)
def test_threads_do_not_change_the_mask(runtime):
    artifact = load_artifact(MODELS / "blobs_int8.tflite")
    one, two = (Segmenter(artifact, threads=threads, runtime=runtime) for threads in (1, 2))
    for seed in range(6, 12):
        assert np.array_equal(one.mask(drawn_blobs(64, 64, seed)[0]), two.mask(drawn_blobs(64, 64, seed)[0]))


@pytest.mark.parametrize("runtime", HERE)
def test_a_cut_file_is_refused_by_every_runtime(runtime):
    data = (MODELS / "blobs_int8.tflite").read_bytes()[:5_000]
    with pytest.raises(ArtifactError, match=r"cannot load net\.tflite: "):
        make_interpreter(data, name="net.tflite", runtime=runtime)


def test_an_unknown_runtime_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="no runtime 'openvno'; did you mean 'openvino'"):
        find_runtime("openvno")


def test_a_runtime_that_is_not_here_is_a_sentence_that_says_what_to_install():
    missing = [name for name in ("openvino", "tflite-runtime") if name not in HERE]
    if not missing:
        pytest.skip("every runtime is installed")
    with pytest.raises(
        MissingDependencyError, match=rf"runtime {missing[0]} is not .* `pip install 'edgeseg\["
    ):
        find_runtime(missing[0])


@pytest.mark.parametrize("threads", [0, -1, 257, 10**5, 10**10])
def test_a_number_of_threads_that_cannot_be(threads):
    """100,000 threads would end the process inside the runtime."""
    with pytest.raises(ConfigError, match="expected from 1 to 256 threads, but got"):
        Segmenter(load_artifact(MODELS / "blobs_int8.tflite"), threads=threads)


@pytest.mark.parametrize("size", [8, 40, 5_000, 19_000])
def test_a_truncated_file_is_refused_with_its_name(size):
    with pytest.raises(ArtifactError, match=r"cannot load net\.tflite: "):
        make_interpreter((MODELS / "blobs_int8.tflite").read_bytes()[:size], name="net.tflite")


def test_a_damaged_tensor_name_is_a_sentence(tmp_path):
    artifact = patched(
        tmp_path, "blobs_int8.tflite", b"StatefulPartitionedCall:0", b"Stateful\xffartitionedCall:0"
    )
    with pytest.raises(ArtifactError, match=r"patched\.tflite is damaged"):
        Segmenter(artifact)


def test_a_map_that_cannot_reach_the_threshold_is_refused(tmp_path):
    """Output scale 1/512 in place of 1/256: no pixel would be foreground."""
    artifact = patched(tmp_path, "blobs_int8.tflite", bytes.fromhex("0000803b"), bytes.fromhex("0000003b"))
    with pytest.raises(
        ArtifactError, match=r"expected a probability from 0 to 1 .* int8 output goes from 0 to 0\.498"
    ):
        Segmenter(artifact)


def test_a_model_of_another_interface_is_refused():
    probe = PROBE  # four floats in, four out
    with pytest.raises(
        ArtifactError, match=r"expected one \(1, H, W, C\) .* has float32 \(1, 4\) -> float32 \(1, 4\)"
    ):
        Segmenter(load_artifact(probe))


def test_nodes_are_the_operators_and_then_the_partitions():
    data = (MODELS / "blobs_dynamic_batch.tflite").read_bytes()
    kinds = [node.name for node in make_interpreter(data, name="m").nodes()]
    assert kinds[-3:] == ["DELEGATE"] * 3
    assert "DELEGATE" not in kinds[:-3]
    plain = [node.name for node in make_interpreter(data, name="m", runtime="litert-builtin").nodes()]
    assert plain == kinds[:-3]


def test_the_runtime_says_what_it_is():
    runtime = find_runtime()
    assert runtime.name in ("ai-edge-litert", "tflite-runtime")
    assert runtime.version[0].isdigit()


def test_a_load_says_nothing_on_standard_error(capfd):
    make_interpreter((MODELS / "blobs_int8.tflite").read_bytes(), name="m")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("failure", ["ImportError('blocked')", "OSError('libLiteRt.so: wrong ELF class')"])
def test_a_missing_runtime_is_a_sentence_that_says_what_to_install(failure):
    code = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('ai_edge_litert', 'tflite_runtime'):\n"
        f"            raise {failure}\n"
        "sys.meta_path.insert(0, Block())\n"
        f"sys.argv = ['edgeseg', 'inspect', {str(MODELS / 'blobs_int8.tflite')!r}]\n"
        "from edgeseg.errors import MissingDependencyError\n"
        "from edgeseg.model.runtimes.registry import find_runtime\n"
        "try:\n"
        "    find_runtime()\n"
        "except MissingDependencyError as error:\n"
        "    print(error)\n"
        "from edgeseg.cli import main\n"
        "main()\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.stdout.startswith("running a model needs a TFLite runtime for Python ")
    assert "`pip install ai-edge-litert`" in result.stdout
    assert result.returncode == 2
    assert result.stderr.startswith(
        "error: reading a model's structure needs the TFLite schema of ai-edge-litert"
    )
    assert "Traceback" not in result.stderr
