"""Bad input to every command: one sentence on stderr, exit code 2, no traceback, nothing half-written."""

import json
import shutil
import struct
import zlib

import pytest

from edgeseg import files
from support.command import edgeseg, refused
from support.paths import MODELS


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def truncated(path, data):
    path.write_bytes(data[: len(data) // 2])


def flipped(path, data):
    """400 bytes of the weights changed, and a sidecar that knows the digest of the whole file."""
    sidecar = {"schema_version": 1, "bytes": len(data), "sha256": files.sha256_bytes(data)}
    path.with_suffix(".json").write_text(json.dumps(sidecar))
    start = len(data) // 2
    path.write_bytes(data[:start] + bytes(b ^ 0xFF for b in data[start : start + 400]) + data[start + 400 :])


BAD_MODELS = {
    "empty": (lambda path, _data: path.write_bytes(b""), "the file is empty (0 bytes)"),
    "truncated": (truncated, "bad.tflite"),
    "flipped": (flipped, "was changed after its export"),
    "text": (lambda path, _data: path.write_text("not a model\n" * 50), "no 'TFL3' at byte 4"),
    "missing": (lambda _path, _data: None, "bad.tflite, but there is n"),
    "a folder": (lambda path, _data: path.mkdir(), "bad.tflite"),
}


@pytest.mark.parametrize("kind", BAD_MODELS)
@pytest.mark.parametrize("command", ["inspect", "bench", "predict"])
def test_a_model_that_is_none(command, kind, blobs, tmp_path):
    spoil, sentence = BAD_MODELS[kind]
    spoil(tmp_path / "bad.tflite", (MODELS / "blobs_int8.tflite").read_bytes())
    image = next((blobs.root / "images").iterdir())
    arguments = {
        "inspect": ("inspect", "bad.tflite"),
        "bench": ("bench", "bad.tflite", "--out", "out.json"),
        "predict": ("predict", "bad.tflite", image, "--out", "out"),
    }
    before = files_below(tmp_path)
    result = edgeseg(*arguments[command], cwd=tmp_path)
    refused(result, sentence)
    assert files_below(tmp_path) == before


@pytest.mark.parametrize("kind", ["empty", "truncated", "flipped", "text"])
def test_check_names_the_model_that_is_none(kind, tmp_path):
    (tmp_path / "models").mkdir()
    BAD_MODELS[kind][0](tmp_path / "models" / "bad.tflite", (MODELS / "blobs_int8.tflite").read_bytes())
    refused(edgeseg("check", "models", "--update", cwd=tmp_path), "bad.tflite")
    assert not (tmp_path / "budgets.toml").exists()


def with_images(blobs, folder, change):
    """A copy of the data set with something done to it."""
    shutil.copytree(blobs.root, folder)
    change(folder)
    return folder


def huge_png(path):
    """The header of a 40,000x40,000 image, whole by its checksums, and no pixels."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b""))


BAD_IMAGES = {
    "0 bytes": (lambda path: path.write_bytes(b""), "the file is empty (0 bytes)"),
    "40,000x40,000": (huge_png, "40000x40000"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:-50]), "truncated"),
}


@pytest.mark.parametrize("kind", BAD_IMAGES)
@pytest.mark.parametrize("command", ["import", "train", "bench", "predict"])
def test_an_image_that_is_none(command, kind, blobs, tmp_path):
    spoil, sentence = BAD_IMAGES[kind]
    for split in ("train", "test"):
        name = blobs.split(split)[0].image_path.name
        data = with_images(blobs, tmp_path / split, lambda folder, name=name: spoil(folder / "images" / name))
    if command == "train":
        pytest.importorskip("tensorflow", reason="needs TensorFlow")
        data = tmp_path / "train"
    arguments = {
        "import": ("import", data, "out", "--format", "paired", "--tile", 64),
        "train": (data, "--out", "out", "--set", "crop_size=32"),
        "bench": (MODELS / "blobs_int8.tflite", "--data", data, "--time", 0.01, "--out", "out.json"),
        "predict": (MODELS / "blobs_int8.tflite", data / "images" / name, "--out", "out"),
    }[command]
    words = ("data", *arguments) if command == "import" else (command, *arguments)
    result = edgeseg(*words, cwd=tmp_path)
    refused(result, sentence)
    assert not (tmp_path / "out.json").exists()
    assert not list((tmp_path / "out").rglob("*.png"))


@pytest.mark.parametrize("kind", BAD_IMAGES)
def test_data_check_lists_an_image_that_is_none(kind, blobs, tmp_path):
    spoil, sentence = BAD_IMAGES[kind]
    name = blobs.samples[0].image_path.name
    data = with_images(blobs, tmp_path / "data", lambda folder: spoil(folder / "images" / name))
    result = edgeseg("data", "check", data, cwd=tmp_path)
    assert result.returncode == 2
    assert sentence in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("data", "check", "."),
        ("data", "import", ".", "out", "--format", "paired"),
        ("train", ".", "--out", "out"),
        ("bench", MODELS / "blobs_int8.tflite", "--data", ".", "--out", "out.json"),
        ("predict", MODELS / "blobs_int8.tflite", ".", "--out", "out"),
    ],
    ids=lambda arguments: " ".join(map(str, arguments[:2])),
)
def test_a_folder_without_images(arguments, tmp_path):
    result = edgeseg(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert "images" in result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert files_below(tmp_path) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("data", "check", "x", "--jsn"),
        ("data", "synth", "x", "--cuont", "3"),
        ("data", "import", "x", "y", "--formt", "coco"),
        ("train", "x", "--out", "y", "--resum"),
        ("export", "x", "--out", "y", "--varient", "float32"),
        ("inspect", "x", "--tensor"),
        ("bench", "x", "--thread", "1"),
        ("check", "x", "--bugdet", "y"),
        ("predict", "x", "y", "--uot", "z"),
        ("doctor", "--jsno"),
        ("demo", "--ot", "x"),
    ],
    ids=lambda arguments: arguments[0] + " " + arguments[1],
)
def test_an_unknown_option_names_the_nearest(arguments, tmp_path):
    result = edgeseg(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert "No such option" in result.stderr
    assert "ossible options: --" in result.stderr or "Did you mean" in result.stderr
    assert files_below(tmp_path) == []
