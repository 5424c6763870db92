"""`edgeseg predict` as a user meets it."""

import json
import struct
import zlib
from pathlib import Path

import pytest

from support.command import edgeseg
from support.prediction_cases import MODEL, write_image


def predict(*arguments):
    return edgeseg("predict", *arguments)


def refused(result, *parts):
    assert result.returncode == 2, result
    assert "Traceback" not in result.stderr
    assert "error:" in result.stderr.lower()
    for part in parts:
        assert part in result.stderr


@pytest.fixture
def image(tmp_path):
    """One cell in 64x64 pixels."""
    return write_image(tmp_path / "in" / "one.png")


def png_header(width, height):
    """A PNG file that claims to be that large and holds next to nothing."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_a_folder_becomes_a_table(image, tmp_path):
    result = predict(MODEL, image.parent, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[2].split()[:3] == ["one.png", "64x64", "1"]
    assert "1 cell in 1 image" in result.stdout
    assert "Predicting tiles: 1/1" in result.stderr
    assert (tmp_path / "out" / "cells.csv").read_text().startswith("image,cell,area_px,centroid_x_px,")


def test_json_is_the_manifest(image, tmp_path):
    result = predict(MODEL, image, "--out", tmp_path / "out", "--json", "--pixel-size", "0.5")
    assert json.loads(result.stdout) == json.loads((tmp_path / "out" / "predict.json").read_text())
    assert (tmp_path / "out" / "cells.csv").read_text().startswith("image,cell,area_um2,centroid_x_um,")


def test_bad_images_are_named_and_the_others_done(image, tmp_path):
    (image.parent / "empty.png").touch()
    (image.parent / "huge.png").write_bytes(png_header(40_000, 40_000))
    (image.parent / "text.png").write_text("no image")
    result = predict(MODEL, image.parent, "--out", tmp_path / "out")
    refused(
        result, "empty.png, but the file is empty (0 bytes)", "40000x40000; cut it into pieces",
        "cannot decode", "3 of 4 images could not be used; the results of the other 1 are in",
    )  # fmt: skip
    assert len([line for line in result.stderr.splitlines() if line.startswith("error: ")]) == 4
    assert (tmp_path / "out" / "masks" / "one.png").exists()
    assert "1 cell in 1 image" in result.stdout


def test_one_bad_image_is_one_sentence(tmp_path):
    (tmp_path / "empty.png").touch()
    result = predict(MODEL, tmp_path / "empty.png", "--out", tmp_path / "out")
    refused(result, "the file is empty (0 bytes)")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def damaged(kind, path):
    data = MODEL.read_bytes()
    if kind == "flipped":
        path.with_suffix(".json").write_text(
            json.dumps({"schema_version": 1, "bytes": len(data), "sha256": "0" * 64})
        )
    path.write_bytes(
        {"empty": b"", "cut": data[: len(data) // 2], "text": b"hello, world", "flipped": data}[kind]
    )
    return path


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("empty", "the file is empty (0 bytes)"),
        ("cut", "cannot load"),
        ("text", "it is not one (no 'TFL3' at byte 4)"),
        ("flipped", "was changed after its export"),
    ],
)
def test_a_bad_model_is_refused(kind, sentence, image, tmp_path):
    result = predict(damaged(kind, tmp_path / "bad.tflite"), image, "--out", tmp_path / "out")
    refused(result, sentence)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("image")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("missing.tflite", "in"), "expected a .tflite model at missing.tflite, but there is no such file"),
        ((MODEL, "missing.png"), "expected an image or a folder of images at missing.png, but there is none"),
        ((MODEL, "nothing"), "expected images (PNG, TIFF, JPEG, BMP) in nothing, but there are none"),
        ((MODEL, "in", "in"), "is named twice"),
        ((MODEL, "in", "--overlap", "40"), "an overlap from 0 to 32 pixels for tiles of 64x64, but got 40"),
        ((MODEL, "in", "--pixel-size", "-1"), "a pixel size above 0 micrometres, but got -1"),
        ((MODEL, "in", "--min-area", "-1"), "0 pixels or more, but got -1"),
        ((MODEL, "in", "--threads", "0"), "threads, but got 0"),
        ((MODEL, "in", "--pixelsize", "1"), "--pixel-size"),
        ((MODEL, "in", "--out", "in/one.png"), "in/one.png is a file; choose another name"),
        ((MODEL, "in", "--out", "in/one.png/out"), "a part of the path is a file"),
    ],
)
def test_wrong_usage_is_a_sentence_and_leaves_nothing(arguments, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nothing").mkdir()
    before = sorted(tmp_path.rglob("*"))
    out = () if "--out" in arguments else ("--out", "out")
    refused(predict(*arguments, *out), sentence)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_second_run_does_nothing_again_but_with_force(image, tmp_path):
    assert predict(MODEL, image, "--out", tmp_path / "out").returncode == 0
    mask = tmp_path / "out" / "masks" / "one.png"
    made = mask.stat().st_mtime_ns
    again = predict(MODEL, image, "--out", tmp_path / "out")
    assert (again.returncode, again.stdout) == (0, f"nothing new; results in {tmp_path / 'out'}\n")
    assert "1 image done before" in again.stderr
    assert mask.stat().st_mtime_ns == made
    assert predict(MODEL, image, "--out", tmp_path / "out", "--force").returncode == 0
    assert mask.stat().st_mtime_ns > made


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that not even root can write")
def test_a_folder_that_cannot_be_made_is_a_sentence(image):
    refused(predict(MODEL, image, "--out", "/proc/edgeseg"), "cannot write /proc/edgeseg")
