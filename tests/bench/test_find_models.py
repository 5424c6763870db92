import os

import pytest

from edgeseg.bench.models import display_names, find_models
from edgeseg.errors import ArtifactError


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def test_of_a_folder_its_models_are_taken_by_name(tmp_path):
    b, a = touch(tmp_path / "b.tflite"), touch(tmp_path / "a.tflite")
    touch(tmp_path / "a.json")
    assert find_models([tmp_path]) == [a, b]


def test_of_a_folder_of_folders_the_models_one_level_below(tmp_path):
    model = touch(tmp_path / "unet" / "int8.tflite")
    assert find_models([tmp_path]) == [model]


def test_each_file_is_taken_once_in_the_order_given(tmp_path):
    a, b = touch(tmp_path / "a.tflite"), touch(tmp_path / "b.tflite")
    assert find_models([b, tmp_path, a]) == [b, a]


def test_a_missing_file_is_refused_before_anything_is_measured(tmp_path):
    with pytest.raises(ArtifactError, match="there is none"):
        find_models([touch(tmp_path / "a.tflite"), tmp_path / "b.tflite"])


def test_a_folder_without_models_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match=r"expected \.tflite files"):
        find_models([tmp_path])


def test_files_are_called_by_name_and_by_folder_where_names_are_alike(tmp_path):
    one, two = tmp_path / "r" / "one" / "int8.tflite", tmp_path / "r" / "two" / "int8.tflite"
    assert display_names([one]) == ["int8.tflite"]
    assert display_names([one, two]) == ["one/int8.tflite", "two/int8.tflite"]


def test_a_name_that_is_no_utf8_can_be_printed(tmp_path):
    name = display_names([tmp_path / os.fsdecode(b"caf\xe9.tflite")])[0]
    assert name.encode() == "caf\ufffd.tflite".encode()


def test_a_container_is_a_model_file(tmp_path):
    a, b = touch(tmp_path / "a.tflite"), touch(tmp_path / "b.tflite.xz")
    touch(tmp_path / "notes.xz")
    assert find_models([tmp_path]) == [a, b]


def test_a_model_and_the_container_that_it_was_unpacked_from_are_one(tmp_path):
    touch(tmp_path / "a.tflite")
    packed = touch(tmp_path / "a.tflite.xz")
    assert find_models([tmp_path]) == [packed]
