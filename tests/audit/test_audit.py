"""The audit's facts on real files, and the verdict on what a recipe promises."""

import dataclasses
import json

import pytest

from edgeseg.audit.audit import audit_model, judge
from edgeseg.errors import ArtifactError
from edgeseg.files import json_text
from edgeseg.model.recipe import QUICK, recipe
from edgeseg.records import to_data
from support.paths import AUDIT_MODELS, MODELS

HERE, SHARED = AUDIT_MODELS, MODELS
FILES = {path.stem: path for folder in (HERE, SHARED) for path in folder.glob("*.tflite")}
PROMISED = {
    "blobs_float32": "float32", "blobs_int8": "int8-ptq",
    "float16": "float16", "dynamic_int8": "dynamic-int8",
}  # fmt: skip


@pytest.fixture(scope="module")
def audits():
    return {name: audit_model(path.read_bytes(), name=path.name) for name, path in FILES.items()}


def test_the_int8_file_is_integer_from_end_to_end(audits):
    audit = audits["blobs_int8"]
    assert list(audit.operators.items()) == [
        ("CONV_2D", 11), ("MAX_POOL_2D", 2), ("TRANSPOSE_CONV", 2), ("CONCATENATION", 2), ("LOGISTIC", 1),
    ]  # fmt: skip
    assert (audit.activations, audit.float_operators, audit.weight_dtypes) == ({"int8": 19}, (), {"int8": 13})
    assert (audit.per_channel_kernels, audit.per_tensor_kernels, audit.partitions) == (13, 0, 1)
    assert (audit.quantize_operators, audit.dequantize_operators, audit.static_shapes) == (0, 0, True)
    (image,), (mask,) = audit.inputs, audit.outputs
    assert (image.shape, image.dtype, image.zero_point) == ((1, 64, 64, 1), "int8", -128)
    assert image.scale == pytest.approx(1 / 255, rel=1e-3)
    assert (mask.scale, mask.zero_point) == (1 / 256, -128)


def test_the_silent_float_island_is_found(audits):
    """Quantization-aware training with BatchNorm behind a transposed convolution."""
    audit = audits["int8_float_island"]
    assert [(o.index, o.name) for o in audit.float_operators] == [
        (4, "DEQUANTIZE"), (5, "TRANSPOSE_CONV"), (6, "MUL"), (7, "ADD"), (8, "QUANTIZE"),
    ]  # fmt: skip
    assert audit.activations["float32"] == 4
    assert audit.partitions == 1  # XNNPACK does not mind, so the partitions alone tell nothing
    assert audit.per_tensor_kernels == 1


def test_unpacking_weights_is_no_float_activation(audits):
    audit = audits["float16"]
    assert audit.dequantize_operators == 8
    assert "DEQUANTIZE" not in {operator.name for operator in audit.float_operators}


def test_a_dynamic_batch_shows(audits):
    audit = audits["blobs_dynamic_batch"]
    assert not audit.static_shapes
    assert audit.inputs[0].shape == (-1, 64, 64, 1)
    assert audit.inputs[0].scale is None


def test_the_facts_survive_json(audits):
    for audit in audits.values():
        facts = json.loads(json_text(to_data(audit)))
        assert facts["partitions"] == audit.partitions
        assert facts["parameters"] == audit.parameters == sum(weight["size"] for weight in facts["weights"])
        assert [o["index"] for o in facts["float_operators"]] == [o.index for o in audit.float_operators]
        assert facts["runtime_version"]


@pytest.mark.parametrize(("name", "variant"), PROMISED.items())
def test_a_file_keeps_its_own_promise(audits, name, variant):
    assert judge(audits[name], recipe(variant)) == ()


@pytest.mark.parametrize(("name", "variant"), PROMISED.items())
def test_no_file_keeps_the_promise_of_another(audits, name, variant):
    """Of those that differ in types: what was fine-tuned has the types of what was not."""
    for other in QUICK:
        assert bool(judge(audits[name], recipe(other))) == (other != variant)


@pytest.mark.parametrize(
    ("name", "variant", "expected"),
    [
        ("int8_float_island", "int8-ptq", "float values pass operator 4 DEQUANTIZE (output '"),
        ("int8_float_io", "int8-ptq", "input 'serving_default_input"),
        ("int8_float_io", "int8-ptq", "operator 0 QUANTIZE"),
        ("int8_per_tensor", "int8-ptq", "there is one for all in CONV_2D 'model"),
        ("int8_nearest", "int8-ptq", "makes 2 and leaves out operator 3 RESIZE_NEAREST_NEIGHBOR"),
        ("blobs_dynamic_batch", "float32", "shapes are dynamic"),
        ("blobs_dynamic_batch", "float32", "makes 3 and leaves out operator 8 SHAPE"),
        ("blobs_float32", "float16", "expected float16 weights, but found float32 in CONV_2D"),
        ("blobs_float32", "dynamic-int8", "expected int8 weights, but found float32 in CONV_2D"),
        ("blobs_int8", "float32", "expected float32 activations, but 19 are int8"),
    ],
)
def test_a_broken_promise_is_named(audits, name, variant, expected):
    assert expected in " | ".join(judge(audits[name], recipe(variant)))


def test_one_float_operator_is_enough_to_break_int8(audits):
    audit = dataclasses.replace(
        audits["blobs_int8"], float_operators=audits["int8_float_island"].float_operators[:1]
    )
    (sentence,) = judge(audit, recipe("int8-ptq"))
    assert sentence.startswith(
        "expected integer activations only, but float values pass operator 4 DEQUANTIZE"
    )


def test_a_file_that_crashes_the_runtime_is_still_audited(audits):
    data = bytearray(FILES["sparse"].read_bytes())
    data[6826] = 31
    audit = audit_model(bytes(data), name="m.tflite")
    assert audit.partitions is None
    assert audit.operators == audits["sparse"].operators
    assert "m.tflite" in judge(audit, recipe("float32"))[0]


def test_a_damaged_file_is_refused():
    with pytest.raises(ArtifactError, match=r"m\.tflite is damaged"):
        audit_model(FILES["blobs_int8"].read_bytes()[:4000], name="m.tflite")
