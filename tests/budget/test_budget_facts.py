from dataclasses import replace

import pytest

from edgeseg.bench.bench_options import BenchOptions
from edgeseg.bench.quality import QualityResult
from edgeseg.bench.run_bench import run_bench
from edgeseg.budget.facts import facts_of_folder, facts_of_result
from edgeseg.errors import ArtifactError, CheckError, ResultError
from edgeseg.workers.failure import Failure
from support.bench_results import make_measurement, make_quality, make_run
from support.paths import MODELS


def of_folder():
    return {model.name: model for model in facts_of_folder(MODELS)}


def test_the_facts_of_a_folder_are_those_of_its_files():
    found = of_folder()
    int8 = found["blobs_int8.tflite"].values
    assert int8["bytes"] == (MODELS / "blobs_int8.tflite").stat().st_size
    assert (int8["float_operators"], int8["partitions"]) == (0, 1)
    assert int8["macs"] == found["blobs_float32.tflite"].values["macs"] > 10**6
    assert int8["arena_bytes"] < found["blobs_float32.tflite"].values["arena_bytes"]
    assert int8["operator_kinds"] == (
        "CONCATENATION", "CONV_2D", "LOGISTIC", "MAX_POOL_2D", "TRANSPOSE_CONV",
    )  # fmt: skip
    assert int8["operators"] >= len(int8["operator_kinds"])
    assert found["blobs_dynamic_batch.tflite"].values["partitions"] == 3


def test_operators_that_are_bad_to_have_are_listed():
    found = of_folder()
    assert "CONV_2D" in found["blobs_float32.tflite"].details["float_operators"]
    assert found["blobs_dynamic_batch.tflite"].details["partitions"]
    assert found["blobs_int8.tflite"].details == {}


def test_what_was_not_measured_has_a_reason():
    reasons = of_folder()["blobs_int8.tflite"].why_missing
    of_quality = {"dice", "cell_f1", "cell_ap", "count_error", "area_error", "dice_data"}
    assert set(reasons) == of_quality | {"xz_bytes"}
    assert all("bench --data" in reasons[name] for name in of_quality)
    assert "no .xz container" in reasons["xz_bytes"]


def test_a_damaged_file_in_the_folder_is_an_error(tmp_path):
    (tmp_path / "m.tflite").write_bytes((MODELS / "blobs_int8.tflite").read_bytes()[:9000])
    with pytest.raises(ArtifactError, match=r"m\.tflite"):
        facts_of_folder(tmp_path)


def test_a_real_bench_gives_the_same_facts_as_the_file_and_dice(blobs):
    options = BenchOptions(seconds=0.0, samples=2, warmup_seconds=0.0, rounds=1)
    result = run_bench([MODELS / "blobs_int8.tflite"], dataset=blobs, options=options)
    (of_result,) = facts_of_result(result)
    of_file = of_folder()["blobs_int8.tflite"]
    quality = {name: value for name, value in of_result.values.items() if name not in of_file.values}
    assert set(quality) == {"dice", "cell_f1", "cell_ap", "count_error", "area_error", "dice_data"}
    assert {**of_file.values, **quality} == of_result.values
    assert quality["dice_data"].startswith("6 of 6 images of the test split, digest ")
    found = result.models[0].quality("litert")
    assert of_result.values["dice"] == found.pooled["dice"] > 0.9
    assert of_result.values["cell_f1"] == found.cells.f1 > 0.9


def test_of_several_runtimes_the_least_dice_counts(result):
    worse = QualityResult(make_quality().images[:1])
    both = (
        make_measurement(make_run(1), quality=make_quality()),
        make_measurement(make_run(1), runtime="openvino", quality=worse),
    )
    (model,) = facts_of_result(replace(result, models=(replace(result.models[0], measurements=both),)))
    assert model.values["dice"] == worse.pooled["dice"] < make_quality().pooled["dice"]


def test_a_model_that_failed_in_the_bench_breaks_the_check(result):
    failed = make_measurement(failure=Failure(kind="hung", reason="no answer within 5 s"))
    broken = replace(result, models=(replace(result.models[0], measurements=(failed,)),))
    with pytest.raises(CheckError, match=r"float32\.tflite failed in the bench: no answer within 5 s"):
        facts_of_result(broken)


def test_an_interrupted_bench_is_not_checked(result):
    with pytest.raises(ResultError, match="interrupted"):
        facts_of_result(replace(result, complete=False))
