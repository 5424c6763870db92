"""What `edgeseg predict` refuses before it begins: one sentence, exit code 2, nothing written."""

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from support.command import edgeseg
from support.prediction_cases import MODEL, moving_cell, write_image, write_video


@pytest.fixture
def predict_here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    return lambda *arguments: edgeseg("predict", *arguments, "--out", "out")


def refused(result, sentence, tmp_path):
    assert result.returncode == 2, result
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert sentence in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "out").exists()


def model(path, shape, *, open_size=(), operator=None):
    """A .tflite file of one float operator that keeps its input's shape."""
    kind = schema.OperatorCodeT()
    kind.builtinCode = kind.deprecatedBuiltinCode = schema.BuiltinOperator.LOGISTIC
    if operator:
        kind.builtinCode = kind.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        kind.customCode = operator
    kind.version = 1
    node, graph, content = schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
    node.opcodeIndex, node.inputs, node.outputs = 0, [0], [1]
    graph.tensors = [schema.TensorT(), schema.TensorT()]
    for name, tensor in zip(("in", "out"), graph.tensors, strict=True):
        tensor.name, tensor.shape, tensor.type, tensor.buffer = name, shape, schema.TensorType.FLOAT32, 0
        tensor.shapeSignature = list(open_size) or None
    graph.inputs, graph.outputs, graph.operators, graph.name = [0], [1], [node], "main"
    content.version, content.operatorCodes, content.subgraphs = 3, [kind], [graph]
    content.buffers = [schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(content.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())
    return path


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"shape": [1, 64, 64, 3]}, "for grey images, but model.tflite takes images of 3 channels"),
        ({"shape": [1, 64, 64]}, "expected one (1, H, W, C) input and outputs of the same H and W"),
        ({"shape": [4, 64, 64, 1]}, "but model.tflite has float32 (4, 64, 64, 1) -> float32 (4, 64, 64, 1)"),
        ({"shape": [1, 8, 64, 1]}, "tiles of at least 16x16 pixels, but model.tflite takes 64x8"),
        (
            {"shape": [1, 1, 1, 1], "open_size": [1, -1, -1, 1]},
            "takes 1x1, or leaves it open; export it with a fixed input size",
        ),
        (
            {"shape": [1, 64, 64, 1], "operator": "edgetpu-custom-op"},
            "was made for another kind of machine: its operator edgetpu-custom-op is none",
        ),
    ],
)
def test_a_model_for_another_input_or_machine(facts, sentence, predict_here, tmp_path):
    write_image(tmp_path / "x.png")
    model(tmp_path / "model.tflite", **facts)
    refused(predict_here("model.tflite", "x.png"), sentence, tmp_path)


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 a .keras file", b"\x89HDF\r\n\x1a\n", b"\x08\x07\x12\x07pytorch"]
)
def test_a_model_of_another_format(content, predict_here, tmp_path):
    write_image(tmp_path / "x.png")
    (tmp_path / "model.tflite").write_bytes(content)
    refused(predict_here("model.tflite", "x.png"), "expected a .tflite model in model.tflite", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "expected images to predict, but got none; name files or folders, or --camera 0"),
        (("x.png", "--camera", "0"), "from the camera alone; leave out IMAGE (x.png)"),
        (("in", "--watch", "--camera", "0"), "from the camera alone; leave out --watch"),
        (("--watch", "--camera", "0"), "from the camera alone; leave out --watch"),
        (("--watch",), "expected images to predict, but got none"),
        (("x.png", "--watch"), "--watch takes a folder, but x.png is a file"),
        (("in", "in", "--watch"), "--watch takes one folder, but got 2 names"),
        (("nowhere", "--watch"), "expected a folder to watch, but nowhere is none"),
        (("in", "--watch", "--poll", "0"), "seconds between two looks at the folder, but got 0"),
        (("in", "--poll", "2"), "--poll changes nothing without --watch"),
        (("x.png", "--every", "2"), "--every changes nothing without a video or camera"),
        (("x.png", "--frames", "2"), "--frames changes nothing without a video or camera"),
        (("in", "--watch", "--every", "2"), "--every changes nothing without a video or camera"),
        (("film.avi", "--every", "0"), "expected 1 or more for --every, but got 0"),
        (("film.avi", "--frames", "-1"), "expected 1 or more for --frames, but got -1"),
        (("--camera", "77"), "expected a camera at /dev/video77, but there is none"),
        (("--camera", "x.txt"), "camera x.txt gives no picture"),
        (("empty",), "expected images (PNG, TIFF, JPEG, BMP) in empty, but there are none"),
        (("*.bmp",), "expected images or videos that match *.bmp, but there are none"),
        (("text.avi",), "cannot decode text.avi as a video"),
        (("x.png", "--threads", "0"), "threads, but got 0"),
    ],
)
def test_what_is_named_must_make_sense(arguments, sentence, predict_here, tmp_path):
    write_image(tmp_path / "x.png")
    write_image(tmp_path / "in" / "y.png")
    write_video(tmp_path / "film.avi", moving_cell(2))
    (tmp_path / "empty").mkdir()
    for name in ("x.txt", "text.avi"):
        (tmp_path / name).write_text("neither camera nor video")
    result = predict_here(MODEL, *arguments)
    result.stderr = "".join(line for line in result.stderr.splitlines(True) if "watching" not in line)
    refused(result, sentence, tmp_path)


def test_an_image_among_the_results_is_refused_when_watching_them(predict_here, tmp_path):
    write_image(tmp_path / "out" / "masks" / "x.png")
    before = sorted(tmp_path.rglob("*"))
    result = predict_here(MODEL, "out/masks", "--watch")
    assert result.returncode == 2
    assert "were not made by a prediction" in result.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_quoted_patterns_stacks_and_videos_go_together(predict_here, tmp_path):
    write_image(tmp_path / "in" / "a.png")
    write_video(tmp_path / "in" / "b.avi", moving_cell(4))
    result = predict_here(MODEL, "in/*", "--every", "2", "--frames", "1")
    assert result.returncode == 0, result.stderr
    assert [line.split()[0] for line in result.stdout.splitlines()[2:4]] == ["a.png", "b_f000000"]
    assert sorted(path.name for path in (tmp_path / "out" / "masks").iterdir()) == ["a.png", "b_f000000.png"]
