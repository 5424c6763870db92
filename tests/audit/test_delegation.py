"""Partitions, seen from the runtime in a process of its own."""

from pathlib import Path

import pytest

from edgeseg.audit.delegation import measure_delegation, read_delegation
from edgeseg.errors import ArtifactError
from edgeseg.model.flatbuffer import parse_model
from support.paths import AUDIT_MODELS, MODELS

HERE, SHARED = AUDIT_MODELS, MODELS


def flipped(path: Path, place: int, value: int) -> bytes:
    data = bytearray(path.read_bytes())
    data[place] = value
    return bytes(data)


def test_a_static_file_is_one_partition_with_every_operator():
    found = measure_delegation((SHARED / "blobs_int8.tflite").read_bytes(), name="m.tflite")
    assert (found.delegate, found.partitions, found.undelegated, found.runtime_problem) == (
        "XNNPACK",
        1,
        (),
        None,
    )
    assert (found.runtime, found.runtime_version) != (None, None)


def test_a_dynamic_batch_leaves_the_computed_shapes_and_their_users_outside():
    data = (SHARED / "blobs_dynamic_batch.tflite").read_bytes()
    found = measure_delegation(data, name="m.tflite")
    operators = parse_model(data, name="m.tflite")[0].operators
    assert found.partitions == 3
    assert [operators[n].name for n in found.undelegated] == [
        "SHAPE",
        "STRIDED_SLICE",
        "PACK",
        "TRANSPOSE_CONV",
    ] * 2


def test_nearest_resizing_splits_the_model():
    data = (HERE / "int8_nearest.tflite").read_bytes()
    found = read_delegation(data, name="m.tflite")
    assert found.partitions == 2
    assert [parse_model(data, name="m")[0].operators[n].name for n in found.undelegated] == [
        "RESIZE_NEAREST_NEIGHBOR"
    ]


@pytest.mark.parametrize("name", ["float16", "dynamic_int8", "sparse", "int8_float_island", "int8_float_io"])
def test_operators_that_unpack_or_convert_are_inside_too(name):
    found = read_delegation((HERE / f"{name}.tflite").read_bytes(), name="m")
    assert (found.partitions, found.undelegated) == (1, ())


def test_a_file_that_the_runtime_refuses_has_its_reason():
    found = measure_delegation(b"\x1c\0\0\0TFL3 and nothing more", name="m.tflite")
    assert found.partitions is None
    assert "cannot load m.tflite" in found.runtime_problem
    with pytest.raises(ArtifactError, match=r"cannot load m\.tflite"):
        read_delegation(b"\x1c\0\0\0TFL3 and nothing more", name="m.tflite")


def test_a_file_that_crashes_the_runtime_leaves_this_process_alive():
    """One byte of a sparse encoding flipped: ai-edge-litert 2.3.0 dies, another version may refuse it."""
    found = measure_delegation(flipped(HERE / "sparse.tflite", 6826, 31), name="m.tflite")
    assert found.partitions is None
    assert "loading m.tflite" in found.runtime_problem or "cannot load m.tflite" in found.runtime_problem


def test_a_file_that_asks_for_23_gb_is_stopped():
    """One byte of a shape flipped; the tensor would be written, page by page, for minutes."""
    found = measure_delegation(flipped(HERE / "float16.tflite", 3510, 90), name="m.tflite", timeout_s=60)
    assert found.partitions is None
    assert "m.tflite" in found.runtime_problem
    assert "did not finish" not in found.runtime_problem


def test_a_load_that_takes_too_long_is_given_up():
    found = measure_delegation((SHARED / "blobs_int8.tflite").read_bytes(), name="m.tflite", timeout_s=0.001)
    assert found.runtime_problem == "the runtime did not finish loading m.tflite in 0.001 s"


def test_a_module_in_the_current_folder_is_not_run(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('hijacked')")
    monkeypatch.chdir(tmp_path)
    assert measure_delegation((SHARED / "blobs_int8.tflite").read_bytes(), name="m").partitions == 1
