"""Results compared: by hand, and measured by a real bench."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgeseg.bench.bench_options import BenchOptions
from edgeseg.bench.quality import ImageCounts, QualityResult
from edgeseg.bench.result_file import save_result
from edgeseg.bench.run_bench import run_bench
from edgeseg.cli import app
from edgeseg.comparison.compare import compare_models, compare_results
from edgeseg.errors import ConfigError, EdgesegError, ResultError
from edgeseg.metrics.cells import CellCounts
from edgeseg.metrics.pixels import ConfusionCounts
from support.bench_results import make_measurement, make_model, make_result, make_run
from support.blob_images import write_blobs
from support.command import edgeseg
from support.paths import MODELS

RESULT = make_result()


def quality(*wrong):
    """So many of 100 pixels wrong in each image: half of them missing, half too many."""
    return QualityResult(
        tuple(
            ImageCounts(
                f"i{n}", f"i{n}", ConfusionCounts(50 - each, each, each, 50 - each), CellCounts(4, 4, 4)
            )
            for n, each in enumerate(wrong)
        )
    )


def result_of(quality, *milliseconds, name="m.tflite", size=1000, rounds=3):
    measurement = make_measurement(*[make_run(*milliseconds)] * rounds, quality=quality)
    options = replace(RESULT.options, threads=(1,))
    return replace(RESULT, models=(make_model(name, "int8-ptq", size, measurement),), options=options)


def by_figure(comparison):
    return {change.figure.name: change for change in comparison.changes}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """float32 and int8, on images of which int8 gets some wrong."""
    data = write_blobs(tmp_path_factory.mktemp("blobs"))
    options = BenchOptions(rounds=2, seconds=0.1, samples=10, warmup_seconds=0.1, threads=(1, 2))
    models = [MODELS / "blobs_float32.tflite", MODELS / "blobs_int8.tflite"]
    return run_bench(models, dataset=data, options=options)


@pytest.mark.parametrize("which", ["by hand", "measured"])
def test_a_result_against_itself_is_no_significant_difference_everywhere(which, measured):
    result = RESULT if which == "by hand" else measured
    found = compare_results(result, result)
    assert {change.verdict for change in found.changes} <= {
        "no significant difference", "the same", "no interval",
    }  # fmt: skip
    assert all(change.change == change.neutral for change in found.changes)
    metrics = {
        change.figure.name for change in found.changes if change.verdict == "no significant difference"
    }
    assert {"dice", "iou", "cell_f1", "count_error", "area_error", "p50_ms"} <= metrics


def test_int8_in_the_place_of_float32_is_smaller_and_needs_a_smaller_arena(measured):
    float32, int8 = measured.models
    base = replace(measured, models=(replace(float32, name="m.tflite"),))
    new = replace(measured, models=(replace(int8, name="m.tflite"),))
    there, back = by_figure(compare_results(base, new)), by_figure(compare_results(new, base))
    for name in ("bytes", "gzip_bytes", "arena_bytes"):
        assert (there[name].verdict, back[name].verdict) == ("better", "worse")
        assert there[name].change == pytest.approx(1 / back[name].change)
    assert there["bytes"].base == (MODELS / "blobs_float32.tflite").stat().st_size
    assert there["macs"].verdict == "the same"
    assert there["agreement"].change < 0 < back["agreement"].change


def test_every_runtime_and_number_of_threads_is_compared(measured):
    found = compare_models(measured, measured.models[0])
    rows = {(change.runtime, change.threads) for change in found.changes}
    assert rows == {(None, None), ("litert", None), ("litert", "1"), ("litert", "2")}


def test_a_file_that_is_wrong_everywhere_is_worse_and_one_that_is_wrong_less_is_better():
    good, bad = result_of(quality(1, 2, 1, 2, 1), 10), result_of(quality(11, 9, 12, 9, 13), 10)
    assert by_figure(compare_results(good, bad))["dice"].verdict == "worse"
    better = by_figure(compare_results(bad, good))["dice"]
    assert better.verdict == "better"
    assert better.interval[0] < better.change < better.interval[1]


def test_a_small_difference_on_the_same_images_shows_though_images_vary_much():
    """Unpaired, the spread between images would hide it."""
    base, new = quality(1, 20, 5, 30, 10, 2, 25), quality(2, 21, 6, 31, 11, 3, 26)
    dice = by_figure(compare_results(result_of(base, 10), result_of(new, 10)))["dice"]
    assert dice.verdict == "worse"
    others = replace(new, images=tuple(replace(each, stem=f"x{each.stem}") for each in new.images))
    unpaired = compare_results(result_of(base, 10), result_of(others, 10))
    assert by_figure(unpaired)["dice"].verdict == "no significant difference"
    assert any("the images are not the same" in note for note in unpaired.notes)


def test_one_image_that_is_worse_and_one_that_is_better_is_no_significant_difference():
    base, new = result_of(quality(5, 5, 5, 5), 10), result_of(quality(1, 10, 5, 5), 10)
    assert by_figure(compare_results(base, new))["dice"].verdict == "no significant difference"


def test_tiles_of_one_image_give_no_interval():
    tiles = [
        QualityResult(tuple(replace(each, source="one") for each in quality(*wrong).images))
        for wrong in ((1, 2), (11, 12))
    ]
    dice = by_figure(compare_results(result_of(tiles[0], 10), result_of(tiles[1], 10)))["dice"]
    assert (dice.interval, dice.verdict) == (None, "no interval")


def test_twice_the_time_is_a_ratio_of_two():
    slow = by_figure(compare_results(result_of(None, 9.8, 10, 10.2), result_of(None, 19.6, 20, 20.4)))[
        "p50_ms"
    ]
    assert (slow.change, slow.verdict) == (2, "worse")
    assert 1.7 < slow.interval[0] < 2 < slow.interval[1] < 2.4


def test_times_that_overlap_are_no_significant_difference():
    found = compare_results(result_of(None, 8, 10, 13), result_of(None, 9, 11, 12))
    assert by_figure(found)["p50_ms"].verdict == "no significant difference"


def test_what_has_no_partner_is_told():
    found = compare_results(RESULT, replace(RESULT, models=RESULT.models[:1]), names=("a", "b"))
    assert found.alone[:2] == ("int8.tflite is in a alone", "bad.tflite is in a alone")


def test_what_failed_or_was_not_measured_is_told():
    found = compare_results(RESULT, RESULT, names=("a", "b"))
    assert "bad.tflite (litert, threads 1): failed in a (killed by SIGSEGV)" in found.alone
    assert "int8.tflite (litert, threads 2): was not measured in a" in found.alone
    unseen = result_of(None, 10)
    found = compare_results(result_of(quality(1, 2), 10), unseen, names=("a", "b"))
    assert found.alone == ("m.tflite (litert): quality was not measured in b",)


def test_results_without_a_common_model_are_refused():
    with pytest.raises(ResultError, match=r"no model of b has a partner in a: .*\(x\.tflite; float32"):
        compare_results(
            RESULT, replace(RESULT, models=(make_model("x.tflite", "slim", 9),)), names=("a", "b")
        )


def test_an_interrupted_result_is_marked():
    found = compare_results(RESULT, replace(RESULT, complete=False), names=("a", "b"))
    assert found.notes == ("b was interrupted: it holds what was measured until then",)


def test_one_round_gives_times_no_interval_and_that_is_told():
    single = result_of(None, 10, rounds=1)
    found = compare_results(replace(single, options=replace(single.options, rounds=1)), result_of(None, 20))
    assert by_figure(found)["p50_ms"].verdict == "no interval"
    assert found.notes[0].startswith("base has one round")


def test_a_doubtful_result_and_another_edgeseg_are_told():
    busy = replace(RESULT, before=replace(RESULT.before, throttled="0x1"), edgeseg="0.0.9")
    found = compare_results(RESULT, busy, names=("a", "b"))
    assert found.notes[0].startswith("b: ")
    assert found.notes[-1] == "edgeseg 0.1.0 measured a, 0.0.9 b"


def test_agreement_with_another_reference_is_left_out():
    agreeing = replace(quality(1, 2), images=tuple(replace(i, differing=1) for i in quality(1, 2).images))
    base = replace(result_of(agreeing, 10), reference="m.tflite")
    assert "agreement" in by_figure(compare_results(base, base))
    new = replace(base, models=(replace(base.models[0], sha256="1" * 64),))
    found = compare_results(base, new)
    assert "agreement" not in by_figure(found)
    assert any("agreement is left out" in note for note in found.notes)


def test_the_only_runtime_of_each_is_compared_if_that_is_allowed():
    base = result_of(None, 10)
    model = base.models[0]
    other = replace(
        base, runtimes={"openvino": "openvino 2026.1"},
        models=(replace(model, measurements=(replace(model.measurements[0], runtime="openvino"),)),),
    )  # fmt: skip
    found = compare_results(base, other, allowed={"runtime"})
    assert by_figure(found)["p50_ms"].runtime == "litert -> openvino"


def test_one_model_alone_cannot_be_compared():
    alone = result_of(None, 10)
    with pytest.raises(ResultError, match=r"no model besides m\.tflite in r\.json"):
        compare_models(alone, alone.models[0], name="r.json")


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_result(Path("a.json"), RESULT)
    save_result(Path("b.json"), replace(RESULT, models=(replace(RESULT.models[1], name="a|b.tflite"),)))
    return tmp_path


def test_the_table_goes_to_stdout_and_remarks_to_stderr(files):
    done = edgeseg("compare", "a.json", "b.json")
    assert done.returncode == 0
    assert done.stdout.startswith("b.json against a.json\n")
    assert "note: float32.tflite is in a.json alone" in done.stderr
    assert "no significant difference" in done.stdout


def test_json_holds_every_change(files):
    value = json.loads(edgeseg("compare", "a.json", "--base", "float32", "--json").stdout)
    assert (value["base"], value["new"]) == ("float32.tflite", "a.json")
    (size,) = (
        each for each in value["changes"] if (each["model"], each["metric"]) == ("int8.tflite", "bytes")
    )
    assert (size["base"], size["new"], size["change"], size["verdict"]) == (400_000, 100_000, 0.25, "better")


def test_markdown_is_one_table_that_no_name_breaks(files):
    lines = edgeseg("compare", "a.json", "b.json", "--markdown").stdout.splitlines()
    table = [line.replace("\\|", "") for line in lines if line.startswith("|")]
    assert len(table) > 5
    assert len({line.count("|") for line in table}) == 1
    assert "| --- |" in table[1]
    assert any("int8.tflite -\\> a\\|b.tflite" in line for line in lines)
    assert "- float32.tflite is in a.json alone" in lines


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (["a.json"], ConfigError, "expected two results, BASE and NEW, or one"),
        (["a.json", "a.json", "a.json"], ConfigError, "but got 3"),
        (["a.json", "b.json", "--base", "float32"], ConfigError, "but got 2 and --base"),
        (["a.json", "--base", "float32", "--allow", "data"], ConfigError, "leave it out"),
        (["a.json", "b.json", "--json", "--markdown"], ConfigError, "exclude each other"),
        (["a.json", "b.json", "--allow", "everything"], ConfigError, "nothing to allow is called"),
        (["a.json", "--base", "none"], ConfigError, "no model is called 'none'"),
        (["a.json", "c.json"], ResultError, "there is no such file"),
    ],
)
def test_wrong_usage_is_one_sentence(files, capfd, arguments, error, sentence):
    with pytest.raises(EdgesegError, match=sentence) as refused:
        app(["compare", *arguments], standalone_mode=False)
    assert isinstance(refused.value, error)
    assert refused.value.exit_code == 2
    assert capfd.readouterr() == ("", "")


def test_partners_of_which_one_tells_cells_apart_are_named():
    base, new = result_of(quality(1, 2), 10, 11), result_of(quality(1, 2), 10, 11)
    able = replace(new, models=tuple(replace(each, tells_apart=True) for each in new.models))
    wanted = "m.tflite in NEW tells touching cells apart, its partner does not"
    for pair, count in (((base, able), 1), ((base, new), 0), ((able, able), 0)):
        notes = compare_results(*pair, names=("BASE", "NEW")).notes
        assert sum(note.startswith(wanted) for note in notes) == count
    both = replace(base, models=(*base.models, replace(able.models[0], name="other.tflite")))
    notes = compare_models(both, both.models[0]).notes
    assert "other.tflite tells touching cells apart, its partner does not" in "\n".join(notes)
