"""Published models: their sidecars, their promises, their cards, and that they run out of the box."""

import re

import numpy as np
import pytest

from edgeseg.audit.audit import audit_model, judge
from edgeseg.bench.result_file import load_result
from edgeseg.data.synthetic.synth import synthesize
from edgeseg.metrics import pixels
from edgeseg.model.artifact import load_artifact
from edgeseg.model.recipe import RECIPES
from edgeseg.model.segmenter import Segmenter
from support.command import edgeseg
from support.paths import ROOT

MODELS = sorted((ROOT / "models").glob("*/*.tflite"))

pytestmark = pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)


def test_the_file_is_the_one_that_its_sidecar_describes(path):
    artifact = load_artifact(path)
    assert artifact.sidecar.sha256
    assert artifact.sidecar.calibration.split == "train"


def test_the_file_keeps_the_promise_of_its_recipe(path):
    artifact = load_artifact(path)
    assert judge(audit_model(artifact.data, name=path.name), RECIPES[artifact.variant]) == ()


def test_the_card_states_the_measured_quality_of_this_very_file(path):
    artifact = load_artifact(path)
    result = load_result(ROOT / "benchmarks" / "results" / path.parent.name / "bench.json")
    (model,) = [each for each in result.models if each.sha256 == artifact.sidecar.sha256]
    quality = model.measurements[0].quality
    assert quality is not None
    counts = [image.counts for image in quality.images]
    card = (path.parent / "README.md").read_text()
    for values in (pixels.pooled(counts), pixels.mean(counts)):
        row = [f"{values[name]:.4f}" for name in ("dice", "iou", "precision", "recall", "accuracy")]
        assert " | ".join(row) in card
    assert f"{len(artifact.data):,} bytes" in card


def test_the_card_states_data_licence_and_citation(path):
    card = (path.parent / "README.md").read_text()
    for word in ("licence", "doi", "Limits", "Data"):
        assert word in card


def test_it_finds_cells_in_images_that_it_never_saw(path):
    """Synthetic ones, of another optics: far from perfect, but no constant answer."""
    segmenter = Segmenter(load_artifact(path))
    pairs = [synthesize(index) for index in range(8)]
    counts = [pixels.count(truth, segmenter.mask(image)) for image, truth in pairs]
    assert pixels.pooled(counts)["dice"] > 0.4


def test_predict_runs_with_it_out_of_the_box(path, tmp_path):
    import cv2

    image, _ = synthesize(1, size=300)
    cv2.imwrite(str(tmp_path / "cells.png"), image)
    result = edgeseg("predict", path, tmp_path / "cells.png", "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert re.search(r"[1-9]\d* cells in 1 image", result.stdout)
    mask = cv2.imread(str(tmp_path / "out" / "masks" / "cells.png"), cv2.IMREAD_UNCHANGED)
    assert set(np.unique(mask)) == {0, 255}
