"""The time of one file over another's: decided by the work in them, and put into a sentence."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgeseg.bench.ratio import mixed_cost, time_ratio
from edgeseg.model.artifact import Artifact
from edgeseg.model.recipe import INT8_MIXED, INT8_PTQ, StatedRecipe
from edgeseg.model.sidecar import Sidecar
from support.paths import MODELS

pytest.importorskip("ai_edge_litert", reason="needs a TFLite runtime")


def artifact(recipe, data):
    return Artifact(
        path=Path("net.tflite"),
        data=data,
        sidecar=Sidecar(sha256="", bytes=len(data), recipe=StatedRecipe.of(recipe)),
    )


def test_a_file_takes_as_long_as_itself_within_a_factor_of_three():
    data = (MODELS / "blobs_float32.tflite").read_bytes()
    assert 1 / 3 < time_ratio(data, data) < 3


def test_the_cost_of_float_layers_names_bytes_and_times():
    data = (MODELS / "blobs_float32.tflite").read_bytes()
    plain, mixed = artifact(INT8_PTQ, data), artifact(INT8_MIXED, data + bytes(10))
    sentence = mixed_cost([plain, mixed])
    assert sentence.startswith(f"int8-mixed against int8-ptq: +10 bytes (+{10 / len(data):.1%}), ")
    assert sentence.endswith(" times its latency here (one thread)")


def test_there_is_no_cost_to_state_without_both_files():
    data = (MODELS / "blobs_float32.tflite").read_bytes()
    other = replace(INT8_PTQ, variant="int8-qat")
    assert mixed_cost([artifact(INT8_MIXED, data), artifact(other, data)]) is None
    assert mixed_cost([]) is None
