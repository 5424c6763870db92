"""From a float file to quantized ones: what is written, what is refused, and that it is repeatable."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeseg.audit.audit import audit_model, judge
from edgeseg.cli import app
from edgeseg.data.dataset import open_dataset
from edgeseg.data.images import write_png
from edgeseg.errors import (
    ArtifactError,
    CheckError,
    ConfigError,
    DatasetError,
    EdgesegError,
    OutputError,
)
from edgeseg.files import sha256_bytes
from edgeseg.model.artifact import Artifact, load_artifact, save_artifact
from edgeseg.model.flatbuffer import parse_model
from edgeseg.model.lean import make_lean
from edgeseg.model.preprocessing import Preprocessing
from edgeseg.model.recipe import DYNAMIC_INT8, FLOAT16, FROM_FILE, INT8_MIXED, INT8_PTQ, promised
from edgeseg.model.segmenter import Segmenter
from edgeseg.model.sidecar import Sidecar
from edgeseg.quantizing.quantize_file import QuantizeOptions, quantize_file
from support.command import edgeseg
from support.network_files import open_network
from support.paths import MODELS, TESTS

pytest.importorskip("ai_edge_quantizer", reason="needs the extra quantize")

FLOAT = load_artifact(MODELS / "blobs_float32.tflite")
LAYER = "re_lu_1[67]"


@pytest.fixture(scope="module")
def made(blobs, tmp_path_factory):
    options = QuantizeOptions(keep_float=LAYER)
    out = tmp_path_factory.mktemp("models")
    files = quantize_file(FLOAT, blobs, list(FROM_FILE.values()), out, options=options)
    return {each.variant: each for each in files}


def test_every_variant_is_written_with_a_sidecar_that_loads(made):
    assert list(made) == list(FROM_FILE)
    for variant, artifact in made.items():
        assert artifact.path.name == f"blobs_{variant}.tflite"
        assert load_artifact(artifact.path).sidecar == artifact.sidecar


def test_every_file_keeps_the_promise_that_its_sidecar_states(made):
    for artifact in made.values():
        audit = audit_model(artifact.data, name=artifact.path.name, names=artifact.names)
        assert judge(audit, promised(artifact.sidecar.recipe)) == ()
        assert audit == artifact.sidecar.audit


def test_the_int8_file_needs_no_conversion_inside(made):
    """The tensors that meet in a concatenation share their range, as in the converter's files."""
    audit = made["int8-ptq"].sidecar.audit
    assert (audit.quantize_operators, audit.dequantize_operators) == (0, 0)
    assert audit.activations == {"int8": 19}


def test_the_int8_input_takes_the_cameras_grey_value_by_one_xor(made, blobs):
    for variant in ("int8-ptq", "int8-mixed"):
        port = made[variant].sidecar.audit.inputs[0]
        assert (port.scale, port.zero_point) == (pytest.approx(1 / 255, rel=1e-6), -128)
        Segmenter(made[variant]).mask(blobs.samples[0].read()[0])


def test_verification_is_on_validation_images_against_the_float_file(made):
    for variant, artifact in made.items():
        facts = artifact.sidecar.verification
        assert (facts.reference, facts.split, facts.images) == ("blobs_float32.tflite", "val", 6)
        assert FROM_FILE[variant].min_agreement <= facts.agreement <= 1


def test_only_training_images_calibrate_and_are_written_down(made, blobs):
    training = {sample.stem for sample in blobs.split("train")}
    for variant, artifact in made.items():
        manifest = artifact.sidecar.calibration
        if FROM_FILE[variant].calibrated:
            assert set(manifest.stems) == training
        else:
            assert manifest is None


def test_the_float_file_is_named_by_its_digest(made):
    origin = made["int8-ptq"].sidecar.quantized_from
    assert origin.name == "blobs_float32"
    assert origin.bytes == len(FLOAT.data)
    assert len(origin.sha256) == 64


def test_the_named_layers_alone_stay_in_float(made):
    mixed = made["int8-mixed"].sidecar
    kept = [each.tensor for each in mixed.audit.float_operators if each.name == "CONV_2D"]
    assert tuple(kept) == mixed.recipe.float_layers
    assert len(kept) == 2
    assert all(re.search(LAYER, name) for name in kept)
    assert mixed.audit.partitions == 1


def test_float_layers_cost_bytes(made):
    assert len(made["int8-ptq"].data) < len(made["int8-mixed"].data) < len(FLOAT.data)


def test_a_mixed_file_is_not_what_another_list_of_layers_promises(made):
    mixed = made["int8-mixed"]
    audit = audit_model(mixed.data, name="mixed", names=mixed.names)
    assert any("float values pass" in each for each in judge(audit, INT8_PTQ))
    stated = promised(mixed.sidecar.recipe)
    (absent,) = judge(audit, replace(stated, float_layers=(*stated.float_layers, "elsewhere")))
    assert absent == "expected these layers in float, but they are not: elsewhere"
    fewer = judge(audit, replace(stated, float_layers=stated.float_layers[:1]))
    assert any("expected int8 weights, but found float32" in each for each in fewer)


@pytest.fixture(scope="module")
def lean_float(tmp_path_factory):
    """The float file as edgeseg writes it: without names, which its sidecar has."""
    lean, path = make_lean(FLOAT.data, name="blobs"), tmp_path_factory.mktemp("lean") / "blobs_float32.tflite"
    sha256 = sha256_bytes(lean.data)
    return save_artifact(
        path, lean.data, Sidecar(sha256=sha256, bytes=len(lean.data), tensor_names=lean.names)
    )


def test_a_float_file_without_names_in_it_gives_the_same_files(made, lean_float, blobs, tmp_path):
    options = QuantizeOptions(keep_float=LAYER)
    again = quantize_file(lean_float, blobs, list(FROM_FILE.values()), tmp_path, options=options)
    for artifact in again:
        assert artifact.data == made[artifact.variant].data
        assert artifact.names == made[artifact.variant].names
        assert artifact.sidecar.recipe == made[artifact.variant].sidecar.recipe


def test_inspect_against_speaks_of_layers_that_no_file_names(made, lean_float, blobs):
    options = ("--against", lean_float.path, "--data", blobs.root, "--images", 2)
    result = edgeseg("inspect", made["int8-ptq"].path, *options)
    assert result.returncode == 0, result.stderr
    assert "model_1/re_lu_16/Relu" in result.stdout


def test_without_names_anywhere_layers_go_by_the_number_of_their_tensor(blobs, tmp_path):
    path = tmp_path / "theirs.tflite"
    path.write_bytes(make_lean(FLOAT.data, name="blobs").data)
    graph = parse_model(FLOAT.data, name="blobs")[0]
    number = graph.operators[0].outputs[0]
    options = QuantizeOptions(keep_float=f"^{number}$")
    (made,) = quantize_file(load_artifact(path), blobs, [INT8_MIXED], tmp_path / "out", options=options)
    assert made.sidecar.recipe.float_layers == (str(number),)
    kept = [each for each in made.sidecar.audit.float_operators if each.name == "CONV_2D"]
    assert [each.tensor for each in kept] == [str(number)]


def test_a_sidecars_facts_are_carried_over(made, blobs, tmp_path):
    source = tmp_path / "float.tflite"
    source.write_bytes(FLOAT.data)
    facts = {
        "schema_version": 1,
        "bytes": len(FLOAT.data),
        "sha256": made["int8-ptq"].sidecar.quantized_from.sha256,
        "network": {"base_filters": 8},
        "dataset": {"name": "theirs"},
        "preprocessing": Preprocessing(kind="percentile").to_dict(),
    }
    source.with_suffix(".json").write_text(json.dumps(facts))
    (artifact,) = quantize_file(load_artifact(source), blobs, [FLOAT16], tmp_path / "out")
    assert artifact.sidecar.network == {"base_filters": 8}
    assert artifact.sidecar.dataset == {"name": "theirs"}
    assert artifact.preprocessing.kind == "percentile"
    options = QuantizeOptions(preprocessing=Preprocessing())
    with pytest.raises(ConfigError, match=r"states its preprocessing \(percentile\); leave --preprocessing"):
        quantize_file(load_artifact(source), blobs, [FLOAT16], tmp_path / "other", options=options)


def test_the_same_inputs_give_the_same_bytes(made, blobs, tmp_path):
    again = quantize_file(FLOAT, blobs, [INT8_PTQ, DYNAMIC_INT8], tmp_path)
    assert [each.data for each in again] == [made["int8-ptq"].data, made["dynamic-int8"].data]


def test_existing_files_are_not_replaced_without_force(made, blobs):
    out = made["float16"].path.parent
    with pytest.raises(OutputError, match="--force"):
        quantize_file(FLOAT, blobs, [FLOAT16], out)


def test_the_float_file_itself_is_never_replaced(blobs, tmp_path):
    source = tmp_path / "a_float16.tflite"
    source.write_bytes(FLOAT.data)
    moved = tmp_path / "a_float16_float16.tflite"
    moved.symlink_to(source)
    with pytest.raises(OutputError, match="is the model itself"):
        quantize_file(load_artifact(source), blobs, [FLOAT16], tmp_path, options=QuantizeOptions(force=True))
    assert source.read_bytes() == FLOAT.data


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("int8", r"to quantize, but .*blobs_int8.tflite is already quantized \(13 int8 kernels, 19 int8 act"),
        ("dynamic_batch", "expected a model with static shapes, but .* has dynamic ones"),
    ],
)
def test_a_file_that_is_no_static_float_model_is_refused(model, sentence, blobs, tmp_path):
    with pytest.raises(ArtifactError, match=sentence):
        quantize_file(load_artifact(MODELS / f"blobs_{model}.tflite"), blobs, [INT8_PTQ], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_half_precision_file_is_quantized_already(made, blobs, tmp_path):
    with pytest.raises(ArtifactError, match="already quantized \\(13 float16 kernels\\)"):
        quantize_file(made["float16"], blobs, [INT8_PTQ], tmp_path)


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        (
            "nothing like it",
            "no layer of .* has a name that fits --keep-float 'nothing like it'; there are mod",
        ),
        ("(", r"expected a regular expression for --keep-float, but '\(' is none"),
        (None, "int8-mixed needs --keep-float"),
    ],
)
def test_a_pattern_that_names_no_layer_is_refused(pattern, sentence, blobs, tmp_path):
    with pytest.raises(ConfigError, match=sentence):
        quantize_file(FLOAT, blobs, [INT8_MIXED], tmp_path, options=QuantizeOptions(keep_float=pattern))


def test_calibration_images_much_smaller_than_the_input_are_refused(tmp_path):
    rng = np.random.default_rng(0)
    for index in range(12):
        image = rng.integers(0, 256, (24, 40), dtype=np.uint8)
        write_png(tmp_path / "small" / "images" / f"{index:02}.png", image)
        write_png(tmp_path / "small" / "masks" / f"{index:02}.png", (image > 128).astype(np.uint8) * 255)
    with pytest.raises(DatasetError, match=r"calibration images of about 64x64 pixels, .* has 40x24: most"):
        quantize_file(FLOAT, open_dataset(tmp_path / "small"), [INT8_PTQ], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_that_disagrees_with_the_float_file_is_not_written(blobs, tmp_path):
    """The bound is raised to one that no quantized file can reach."""
    with pytest.raises(CheckError, match=r"agrees with blobs_float32\.tflite on .* at least 101\.00%"):
        quantize_file(FLOAT, blobs, [replace(INT8_PTQ, min_agreement=1.01)], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_two_tensors_of_one_name_are_refused_since_the_quantizer_goes_by_names(blobs, tmp_path):
    first, second = (f"model_1/max_pooling2d_{i}/MaxPool".encode() for i in (2, 3))
    doubled = Artifact(path=Path("doubled.tflite"), data=FLOAT.data.replace(second, first))
    with pytest.raises(
        ArtifactError, match=r"two of the activations .* are called 'model_1/max_pooling2d_2/"
    ):
        quantize_file(doubled, blobs, [INT8_PTQ], tmp_path)


def test_operators_without_an_integer_form_are_named_with_the_way_to_keep_them(blobs, tmp_path):
    """A network with leaky ReLUs, made elsewhere, whose input is no square."""
    source = load_artifact(TESTS / "quantizing" / "models" / "leaky_relu_32x48.tflite")
    with pytest.raises(CheckError, match="no integer form of LEAKY_RELU, so leaky_relu_32x48_int8-ptq") as it:
        quantize_file(source, blobs, [INT8_PTQ], tmp_path)
    assert list(tmp_path.iterdir()) == []
    (pattern,) = re.findall(r"--keep-float (?:'(.*)')$", str(it.value))
    options = QuantizeOptions(keep_float=pattern)
    (made,) = quantize_file(source, blobs, [INT8_MIXED], tmp_path, options=options)
    assert made.sidecar.audit.operators["LEAKY_RELU"] == 1
    assert made.sidecar.calibration.count == 18


def test_the_command_shows_a_line_for_each_file(blobs, tmp_path):
    model = MODELS / "blobs_float32.tflite"
    result = edgeseg("quantize", model, "--data", blobs.root, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].split("  ")[0] == "file"
    for variant in ("float16", "dynamic-int8", "int8-ptq"):
        assert sum(line.startswith(f"blobs_{variant}.tflite ") for line in lines) == 1
    assert "Quantization Ratio" not in result.stdout + result.stderr


def test_a_mixed_file_is_judged_by_inspect(made):
    result = edgeseg("inspect", made["int8-mixed"].path)
    assert result.returncode == 0, result.stderr
    assert "int8-mixed: as promised" in result.stdout


def test_inspect_against_shows_layers_and_a_recommendation(made, blobs):
    model = made["int8-ptq"].path
    options = ("--against", MODELS / "blobs_float32.tflite", "--data", blobs.root, "--images", 2)
    result = edgeseg("inspect", model, *options)
    assert result.returncode == 0, result.stderr
    assert "17 LOGISTIC" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("Nothing to mend")
    figures = json.loads(edgeseg("inspect", model, *options, "--json").stdout)["against"]
    assert len(figures["layers"]) == 18
    assert figures["verification"]["images"] == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("quantize", "F", "--data", "D", "--out", "out", "--variant", "int8"), "did you mean 'int8-ptq'"),
        (("quantize", "F", "--data", "D", "--out", "out", "--variant", "int8-mixed"), "needs --keep-float"),
        (
            ("quantize", "F", "--data", "D", "--out", "out", "--variant", "float16", "--keep-float", "x"),
            "--keep-float makes int8-mixed, which is not among the variants",
        ),
        (("quantize", "F", "--data", "D", "--out", "out", "--preprocessing", "scal"), "did you mean 'scale'"),
        (
            ("quantize", "F", "--data", "D", "--out", "out", "--calibration-count", "0"),
            "at least 1 calibration",
        ),
        (("quantize", "I", "--data", "D", "--out", "out"), "is already quantized"),
        (("quantize", "F", "--data", "nowhere", "--out", "out"), "expected a data set at nowhere"),
        (("inspect", "I", "--against", "F"), "--against needs --data"),
        (("inspect", "I", "--images", "3"), "--against needs --data"),
        (("inspect", "I", "--against", "I", "--data", "D"), "is already quantized"),
        (("inspect", "I", "--against", "F", "--data", "D", "--tensors"), "--tensors adds to the page"),
    ],
)
def test_wrong_usage_is_a_sentence(arguments, sentence, blobs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = {"F": MODELS / "blobs_float32.tflite", "I": MODELS / "blobs_int8.tflite", "D": blobs.root}
    with pytest.raises(EdgesegError, match=re.escape(sentence)) as caught:
        app([str(paths.get(each, each)) for each in arguments], standalone_mode=False)
    assert caught.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_without_the_quantizer_the_command_says_what_to_install(blobs, tmp_path):
    code = (
        "import sys\nsys.modules['ai_edge_quantizer'] = None\n"
        "from edgeseg.cli import main\n"
        f"sys.argv = ['edgeseg', 'quantize', {str(FLOAT.path)!r}, '--data', {str(blobs.root)!r}, "
        f"'--out', {str(tmp_path / 'out')!r}]\nmain()\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "pip install 'edgeseg[quantize]'" in result.stderr
    assert not (tmp_path / "out").exists()


def test_quantizing_needs_no_tensorflow(blobs, tmp_path):
    code = (
        "import sys\n"
        "for name in ('tensorflow', 'keras', 'tf_keras', 'tensorflow_model_optimization'):\n"
        "    sys.modules[name] = None\n"
        "from edgeseg.cli import main\n"
        f"sys.argv = ['edgeseg', 'quantize', {str(FLOAT.path)!r}, '--data', {str(blobs.root)!r}, "
        f"'--out', {str(tmp_path)!r}, '--variant', 'int8-ptq']\nmain()\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_a_network_of_two_maps_keeps_both(blobs, tmp_path):
    source = open_network("grey_2outputs_float32")
    (made,) = quantize_file(source, blobs, [replace(INT8_PTQ, min_agreement=0.9)], tmp_path)
    stated = load_artifact(made.path).sidecar.interface
    assert [(each.name, each.output, each.dtype) for each in stated.maps] == [
        ("foreground", 0, "int8"), ("centre", 1, "int8"),
    ]  # fmt: skip
    assert max(each.error for each in made.sidecar.verification.maps) < 0.03


def test_a_colour_network_is_a_sentence_while_images_are_read_as_grey(blobs, tmp_path):
    with pytest.raises(DatasetError, match="expected an image of 3 channels, but got a grey one"):
        quantize_file(open_network("rgb_4maps_float32"), blobs, [INT8_PTQ], tmp_path / "out")
    assert not (tmp_path / "out").exists()
