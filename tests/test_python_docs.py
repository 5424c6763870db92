"""The examples of docs/python.md run as they stand, and the names they use are all that is promised."""

import re
import subprocess
import sys

import cv2
import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

import edgeseg
from edgeseg.data.synthetic.synth import synthesize
from support.blob_images import write_blobs
from support.paths import ROOT

PAGE = ROOT / "docs" / "python.md"
TRAINING = "## Train and export"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with what the examples name."""
    (tmp_path / "models").symlink_to(ROOT / "models")
    assert cv2.imwrite(str(tmp_path / "cells.png"), synthesize(1, size=300)[0])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(wanted):
    document = Sybil(parsers=[PythonCodeBlockParser()]).parse(PAGE)
    document.namespace["edgeseg"] = edgeseg
    examples = [each for each in document.examples() if wanted(each.start)]
    assert examples
    for example in examples:
        example.evaluate()


def test_every_example_without_tensorflow_runs(here):
    run(lambda start: start < PAGE.read_text().index(TRAINING))


@pytest.mark.host
@pytest.mark.slow
def test_training_and_export_run(here):
    pytest.importorskip("tensorflow", reason="needs TensorFlow")
    write_blobs(here / "DATA")
    run(lambda start: start > PAGE.read_text().index(TRAINING))


def test_all_names_are_there_and_listed():
    for name in edgeseg.__all__:
        assert getattr(edgeseg, name) is not None
        assert name in dir(edgeseg)


def test_every_function_is_on_the_page():
    text = PAGE.read_text()
    for name in edgeseg.__all__:
        if name.islower() and name != "__version__":
            assert re.search(rf"\b{name}\b", text), name


def test_a_name_that_is_none_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'open_modle'"):
        _ = edgeseg.open_modle


def test_importing_edgeseg_loads_nothing_more():
    code = (
        "import sys; before = set(sys.modules); import edgeseg; "
        "print(*(set(sys.modules) - before - sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.partition(".")[0] not in sys.stdlib_module_names}
    assert loaded == {"edgeseg", "edgeseg._version"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda image: image.astype(float), "(H, W) of uint8, but got (300, 300) of float64"),
        (lambda image: image[..., None], "but got (300, 300, 1) of uint8"),
        (lambda image: image[:0], "but got (0, 300) of uint8"),
    ],
)
def test_an_array_of_another_kind_is_refused(change, sentence, here):
    model = edgeseg.open_model(next((ROOT / "models").rglob("*int8-ptq.tflite")))
    with pytest.raises(edgeseg.EdgesegError, match=re.escape(sentence)):
        model.segment(change(edgeseg.read_image("cells.png")))


def test_a_probability_is_of_an_image_of_the_networks_size(here):
    model = edgeseg.open_model(next((ROOT / "models").rglob("*int8-ptq.tflite")))
    with pytest.raises(
        edgeseg.EdgesegError, match=re.escape("256x256 pixels, but got an array of (300, 300)")
    ):
        model.probability(edgeseg.read_image("cells.png"))


def test_a_mask_is_the_one_that_predict_writes(here):
    from support.command import edgeseg as command

    path = next((ROOT / "models").rglob("*int8-ptq.tflite"))
    assert command("predict", path, "cells.png", "--out", "out").returncode == 0
    written = cv2.imread("out/masks/cells.png", cv2.IMREAD_GRAYSCALE) > 0
    assert (edgeseg.open_model(path).segment(edgeseg.read_image("cells.png")).mask == written).all()
