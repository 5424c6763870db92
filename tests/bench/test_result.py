import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from edgeseg.bench.host import HostRun
from edgeseg.bench.result import Panel
from edgeseg.bench.result_file import load_result, read_result, result_data, result_text, save_result
from edgeseg.errors import ResultError
from edgeseg.workers.failure import Failure
from support.paths import ROOT


def test_a_result_survives_its_file(result, tmp_path):
    save_result(tmp_path / "r.json", result)
    assert load_result(tmp_path / "r.json") == result


def bench_files():
    """The files of benches that are in the repository, those of version 0.1 among them."""
    found = [*ROOT.glob("benchmarks/results/**/*.json"), *ROOT.glob("tests/fixtures/**/*.json")]
    return [
        path for path in found if "models" in (value := json.loads(path.read_text())) and "panels" in value
    ]


def assert_kept(old, new, place=""):
    """Whatever is in `old` is the same in `new`; sentences may be others, and new figures may be there."""
    if isinstance(old, dict):
        for key in old.keys() - {"why", "doubts"}:
            assert key in new, f"{place}.{key}"
            assert_kept(old[key], new[key], f"{place}.{key}")
    elif isinstance(old, list) and old and isinstance(old[0], dict):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            assert_kept(one, other, f"{place}[{number}]")
    else:
        assert old == new, place


@pytest.mark.parametrize("path", bench_files(), ids=lambda path: "-".join(path.parts[-3:]))
def test_results_in_the_repository_are_read_and_written_to_the_last_digit(path, tmp_path):
    result = load_result(path)
    save_result(tmp_path / "r.json", result)
    assert_kept(json.loads(path.read_text()), json.loads((tmp_path / "r.json").read_text()))
    assert load_result(tmp_path / "r.json") == result


def test_results_of_version_0_1_are_among_those_in_the_repository():
    assert len(bench_files()) >= 5


def test_a_part_of_an_audit_that_does_not_fit_is_named(result):
    value = result_data(result)
    value["models"][0]["audit"]["weights"][1]["size"] = "many"
    place = re.escape(
        'models[0].audit: expected a whole number as weights[1].size in the audit, but got "many"'
    )
    with pytest.raises(ResultError, match=place):
        read_result(value, where="r.json")
    value = result_data(result)
    del value["models"][0]["audit"]["macs"]
    with pytest.raises(ResultError, match="expected macs in the audit"):
        read_result(value, where="r.json")


def test_panels_and_the_keras_model_survive_a_file(result, tmp_path):
    runs = (
        HostRun(
            name="run", framework="tensorflow 2.21.0", device="CPU", batch=8, precision="float32", xla=True,
            first_ns=9, steps_ns=(4 * 10**6, 5 * 10**6),
        ),
        HostRun(
            name="run", framework="", device="", batch=32, precision="float32", xla=True,
            failure=Failure(kind="memory", reason="none left"),
        ),
    )  # fmt: skip
    panel = Panel(stem="a", why="least Dice", image="aWk=", truth="dHI=", masks={"int8.tflite": "bWE="})
    more = replace(result, panels=(panel,), host=runs)
    save_result(tmp_path / "r.json", more)
    assert load_result(tmp_path / "r.json") == more
    assert runs[0].summary["images_per_second"] == 8 / 0.004
    assert runs[1].summary == {}


def test_quality_is_that_of_the_runtime_whatever_the_threads(result):
    model = result.models[0]
    assert model.measurement("litert", 2).quality is None
    assert model.quality("litert") == model.measurement("litert", 1).quality
    assert model.quality("openvino") is None
    assert model.measurement("openvino", 1) is None


def test_overhead_is_the_benchs_own_time_over_that_of_the_inferences(result):
    """Wall 200 ms, import 30, init 5; first 9, warm-up 10, counted 100, microseconds around each."""
    overhead = result.models[0].measurements[0].overhead
    assert overhead == pytest.approx((200 - 30 - 5 - 119) / 119, abs=0.001)


def test_the_text_is_the_same_data_with_lists_on_one_line(result):
    text = result_text(result)
    assert json.loads(text) == json.loads(json.dumps(result_data(result)))
    assert '"invoke_ns": [ 10000000, 20000000, 30000000, 40000000 ]' in text
    assert '{ "stem": "a", "source": "a", "tp": 8, "fp": 2, "fn": 2, "tn": 88,' in text


@pytest.mark.parametrize("name", ['a "[{\n  }]" b', "two  spaces [ here", "\udce9.tflite", "[", "}"])
def test_odd_names_do_not_break_the_text(result, name):
    odd = replace(result, models=(replace(result.models[0], name=name),))
    assert json.loads(result_text(odd).encode())["models"][0]["name"] == name


def test_raw_samples_are_in_the_file_and_the_summary_is_not_read(result, tmp_path):
    value = result_data(result)
    value["models"][0]["measurements"][0]["summary"] = {"p50_ms": 1e9}
    assert read_result(value, where="r.json") == result


@pytest.mark.parametrize("version", [None, 0, 99, "1"])
def test_another_schema_version_is_refused(result, version):
    with pytest.raises(ResultError, match="schema_version 2"):
        read_result(result_data(result) | {"schema_version": version}, where="r.json")


def test_a_missing_part_is_named(result):
    value = result_data(result)
    del value["models"][0]["measurements"][0]["runs"][0]["init_ns"]
    with pytest.raises(
        ResultError,
        match=r"expected models\[0\]\.measurements\[0\]\.runs\[0\]\.init_ns in the bench results r",
    ):
        read_result(value, where="r.json")


@pytest.mark.parametrize("part", ["models", "machine", "options", "before", "dataset"])
def test_a_part_of_another_kind_is_refused(result, part):
    with pytest.raises(ResultError, match="bench results"):
        read_result(result_data(result) | {part: 7}, where="r.json")


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00\x01"])
def test_what_is_no_json_object_is_refused(tmp_path, content):
    (tmp_path / "r.json").write_text(content)
    with pytest.raises(ResultError, match="expected bench results"):
        load_result(tmp_path / "r.json")


def test_failures_are_listed_with_their_model(result):
    ((model, measurement, failure),) = result.failures
    assert (model.name, measurement.threads, failure.kind) == ("bad.tflite", 1, "crashed")


def test_reading_results_loads_neither_opencv_nor_a_runtime():
    code = (
        "import sys, edgeseg.bench.result\n"
        "print([name for name in ('cv2', 'ai_edge_litert', 'tensorflow', 'typer') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


class TestTruth:
    def test_results_without_it_are_of_masks(self, result):
        value = result_data(result)
        assert value["dataset"].pop("truth") == "masks"
        assert read_result(value, where="r.json").dataset == result.dataset

    def test_labels_survive_json_and_are_said(self, result):
        labelled = replace(result, dataset=replace(result.dataset, truth="labels"))
        read = read_result(result_data(labelled), where="r.json")
        assert read.dataset.truth == "labels"
        assert "cells of labels/" in read.matching
        assert "touch are one" in result.matching

    def test_how_each_file_tells_cells_apart_survives_json_and_is_said(self, result):
        first, *others = result.models
        able = replace(first, tells_apart=True)
        value = result_data(replace(result, models=(able, *others)))
        assert [each.get("tells_apart") for each in value["models"]] == [True, None, None]
        mixed = read_result(value, where="r.json")
        assert mixed.models[0] == able
        assert mixed.matching.startswith(
            "told apart by float32.tflite; of the others connected pieces of the mask; matched with the "
            "connected pieces of the true masks (no labels/)"
        )
        assert mixed.matching.endswith("so that telling them apart counts as an error")
        labelled = replace(result.dataset, truth="labels")
        alone = replace(mixed, models=(able,), dataset=labelled)
        assert alone.matching == (
            "told apart by each file; matched with the cells of labels/ (IoU at least 0.5)"
        )
