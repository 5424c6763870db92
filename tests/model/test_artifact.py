"""A model file and its sidecar: the good pair loads, every bad one is a sentence."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from edgeseg.errors import ArtifactError, OutputError
from edgeseg.files import sha256, write_json
from edgeseg.model import xz
from edgeseg.model.artifact import load_artifact, read_file, save_artifact, sidecar_path
from edgeseg.model.interface import Decoder, Quantization, float_interface
from edgeseg.model.preprocessing import Preprocessing
from edgeseg.model.sidecar import SCHEMA_VERSION, Sidecar
from edgeseg.records import to_data
from support.paths import MODELS

#: 1/255 as float32 stores it.
INT8_INPUT_STORED = Quantization(scale=0.003921568859368563, zero_point=-128)

MODEL = MODELS / "blobs_int8.tflite"


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "net.tflite"
    shutil.copy(MODEL, path)
    return path


def write_sidecar(model, **changes):
    facts = {"schema_version": SCHEMA_VERSION, "bytes": model.stat().st_size, "sha256": sha256(model)}
    write_json(sidecar_path(model), {key: v for key, v in (facts | changes).items() if v is not None})


def test_a_file_without_a_sidecar_is_taken_as_it_is(model):
    artifact = load_artifact(model)
    assert artifact.data == MODEL.read_bytes()
    assert (artifact.sidecar, artifact.variant, artifact.name) == (None, "unknown", "net")
    assert artifact.preprocessing == Preprocessing()


def test_a_file_and_its_sidecar_are_one_artifact(model):
    stated = Preprocessing(kind="percentile", high=99.0)
    write_sidecar(model, recipe={"variant": "int8-ptq"}, preprocessing=stated.to_dict())
    artifact = load_artifact(model)
    assert artifact.variant == "int8-ptq"
    assert artifact.preprocessing == stated


def test_the_sidecar_lies_beside_the_file_and_only_the_last_suffix_changes():
    assert sidecar_path(Path("a/unet-16.v2.tflite")) == Path("a/unet-16.v2.json")


def test_a_missing_file(tmp_path):
    with pytest.raises(ArtifactError, match=r"expected a \.tflite model at .*no such file"):
        load_artifact(tmp_path / "net.tflite")


def test_a_folder(tmp_path):
    with pytest.raises(ArtifactError, match="is a folder; name the file in it"):
        load_artifact(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "net.tflite")
    with pytest.raises(ArtifactError, match="is a device or a pipe"):
        load_artifact(tmp_path / "net.tflite")


def test_an_endless_device_is_not_read():
    with pytest.raises(ArtifactError, match="/dev/zero is a device or a pipe"):
        read_file(Path("/dev/zero"))


def test_a_name_that_is_too_long():
    with pytest.raises(ArtifactError, match=r"cannot read .*file name too long"):
        read_file(Path("m" * 300))


def test_an_empty_file(model):
    model.write_bytes(b"")
    with pytest.raises(ArtifactError, match=r"is empty \(0 bytes\)"):
        load_artifact(model)


@pytest.mark.parametrize("content", [b"TFL3", b"\x1c\0\0\0TFL2....", b"\x89PNG\r\n\x1a\n", b"1234567"])
def test_a_file_of_another_kind(model, content):
    model.write_bytes(content)
    with pytest.raises(ArtifactError, match="it is not one \\(no 'TFL3' at byte 4\\)"):
        load_artifact(model)


def test_a_truncated_file_with_a_sidecar(model):
    write_sidecar(model)
    model.write_bytes(model.read_bytes()[:5000])
    with pytest.raises(ArtifactError, match=r"has 5,000 bytes, but net\.json states 19,504"):
        load_artifact(model)


def test_a_flipped_bit_with_a_sidecar(model):
    write_sidecar(model)
    data = bytearray(model.read_bytes())
    data[10_000] ^= 1
    model.write_bytes(data)
    with pytest.raises(ArtifactError, match="was changed after its export"):
        load_artifact(model)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 99}, "expected schema_version 1 or 2 .* but got 99"),
        ({"schema_version": "1"}, 'expected schema_version 1 or 2 .* but got "1"'),
        ({"schema_version": None}, "states no schema_version, so edgeseg did not write it"),
        ({"bytes": None}, "expected bytes in .*json, but it is not there; export again"),
        ({"bytes": "19504"}, "expected a whole number as bytes in .*; export again"),
        ({"sha256": None}, "expected sha256 in .*json, but it is not there; export again"),
        ({"sha256": "0" * 64}, "was changed after its export"),
    ],
)
def test_a_sidecar_that_does_not_say_what_it_must(model, changes, message):
    write_sidecar(model, **changes)
    with pytest.raises(ArtifactError, match=message):
        load_artifact(model)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[1]", "holds a list"),
        ("", "not valid JSON"),
        ("\xff\xfe", "not valid JSON"),
    ],
)
def test_a_sidecar_that_is_no_json_object(model, text, message):
    sidecar_path(model).write_bytes(text.encode("latin-1"))
    with pytest.raises(ArtifactError, match=message):
        load_artifact(model)


def test_a_sidecar_that_is_a_folder(model):
    sidecar_path(model).mkdir()
    with pytest.raises(ArtifactError, match="cannot read model metadata"):
        load_artifact(model)


def test_no_recipe_is_an_unknown_variant(model):
    write_sidecar(model)
    assert load_artifact(model).variant == "unknown"


@pytest.mark.parametrize("recipe", ["int8-ptq", 3, [], {}])
def test_an_odd_recipe_is_one_sentence(model, recipe):
    write_sidecar(model, recipe=recipe)
    with pytest.raises(ArtifactError, match=r"expected .*recipe.* in .*; export again"):
        load_artifact(model)


def test_facts_that_are_not_known_do_no_harm(model):
    write_sidecar(model, threshold={"probability": 0.5, "quantized": 0}, colour="green")
    assert load_artifact(model).sidecar.bytes == model.stat().st_size


def test_a_sidecar_states_an_interface_that_is_used(model):
    """The threshold of its decoder decides, not a half."""
    stated = replace(float_interface(64, 64), decoder=Decoder(threshold=0.9))
    write_sidecar(model, interface=to_data(stated))
    found = load_artifact(model).find_interface()
    assert found.decoder.threshold == 0.9
    assert (found.input.quantization, found.assumed) == (INT8_INPUT_STORED, ())


def test_an_interface_of_another_size_is_refused(model):
    write_sidecar(model, interface=to_data(float_interface(32, 64)))
    with pytest.raises(ArtifactError, match=r"expected an input of \(1, 32, 64, 1\) in .*net\.tflite"):
        load_artifact(model).find_interface()


def test_a_damaged_interface_is_one_sentence(model):
    write_sidecar(model, interface={"input": {"height": 64}, "maps": []})
    with pytest.raises(ArtifactError, match=r"interface\.input\.width in .*net\.json, but it is not there"):
        load_artifact(model)


@pytest.mark.parametrize("stated", [{"kind": "magic"}, {"gamma": 2}, {"low": "a"}, {"kind": 5}, [1], "scale"])
def test_a_preprocessing_that_does_not_exist_here(model, stated):
    write_sidecar(model, preprocessing=stated)
    with pytest.raises(ArtifactError, match=r"(?i)preprocessing"):
        load_artifact(model)


@pytest.fixture
def packed(model):
    """The model as a container, in the place of the file."""
    path = model.with_name("net.tflite.xz")
    path.write_bytes(xz.pack(model.read_bytes()))
    write_sidecar(model)
    model.unlink()
    return path


def test_a_container_is_the_same_artifact_as_its_content(packed):
    artifact = load_artifact(packed)
    assert artifact.data == MODEL.read_bytes()
    assert artifact.packed_bytes == packed.stat().st_size < len(artifact.data)
    assert artifact.name == "net"


def test_a_file_and_its_container_share_their_sidecar():
    assert (
        sidecar_path(Path("a/net.v2.tflite.xz"))
        == sidecar_path(Path("a/net.v2.tflite"))
        == Path("a/net.v2.json")
    )


def test_a_container_without_a_sidecar_is_taken_as_it_is(packed):
    sidecar_path(packed).unlink()
    assert load_artifact(packed).sidecar is None


def test_a_container_of_another_content_is_refused(packed):
    packed.write_bytes(xz.pack(MODEL.read_bytes()[:-1] + b"?"))
    with pytest.raises(ArtifactError, match=r"net\.tflite\.xz was changed after its export"):
        load_artifact(packed)


def test_a_container_of_less_content_is_refused(packed):
    packed.write_bytes(xz.pack(MODEL.read_bytes()[:-1]))
    with pytest.raises(ArtifactError, match="the content was cut or replaced"):
        load_artifact(packed)


def test_a_container_of_more_content_is_refused_before_it_is_unpacked(packed):
    packed.write_bytes(xz.pack(MODEL.read_bytes() + bytes(2**24)))
    with pytest.raises(ArtifactError, match=r"more than the .* bytes that its sidecar states"):
        load_artifact(packed)


def test_a_container_of_something_else_is_refused(packed):
    sidecar_path(packed).unlink()
    packed.write_bytes(xz.pack(b"a text, no model"))
    with pytest.raises(ArtifactError, match=r"expected a \.tflite model in .*xz, but it is not one"):
        load_artifact(packed)


def test_an_artifact_is_saved_whole_or_not_at_all(tmp_path):
    """The place of the sidecar is taken by a folder, so that it cannot be written."""
    data = MODEL.read_bytes()
    (tmp_path / "m.json").mkdir()
    (tmp_path / "m.json" / "x").write_text("")
    with pytest.raises(OutputError):
        save_artifact(tmp_path / "m.tflite", data, Sidecar(sha256="", bytes=len(data)))
    assert not (tmp_path / "m.tflite").exists()
