import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.bench.measurement import Failure, Measurement
from edgeseg.bench.options import BenchOptions
from edgeseg.bench.result import save_result
from edgeseg.bench.run import run_bench
from edgeseg.budget.check import check_budgets
from edgeseg.budget.facts import ModelFacts, facts_of_folder, facts_of_result
from edgeseg.budget.limits import parse_budgets, parse_size
from edgeseg.budget.update import update_baseline
from edgeseg.cli import app
from edgeseg.errors import ArtifactError, CheckError, ConfigError, EdgesegError, ResultError

MODELS = Path(__file__).parent / "models"
PATH = Path("budgets.toml")
FACTS = {"bytes": 2_100_000, "gzip_bytes": 1_900_000, "float_operators": 0, "partitions": 1, "dice": 0.85}


def facts(name="unet-int8-ptq.tflite", **values):
    return ModelFacts(name=name, values=FACTS | values, why_missing={})


def check(text, *models):
    return [
        str(violation) for violation in check_budgets(models or [facts()], parse_budgets(text, path=PATH))
    ]


def limit(line, pattern="*", baseline=""):
    table = f'[baseline."unet-int8-ptq.tflite"]\n{baseline}\n' if baseline else ""
    return f'[models."{pattern}"]\n{line}\n{table}'


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [
        ("2 MB", 2_000_000), ("512 KiB", 524_288), ("1.5kB", 1500), ("1 GiB", 2**30), ("7 B", 7),
        (" 3 mib ", 3 * 2**20), ("2", None), ("MB", None), ("-1 MB", None), ("2 TBq", None), ("", None),
    ],
)  # fmt: skip
def test_sizes_are_read_with_their_unit(text, bytes_):
    assert parse_size(text) == bytes_


@given(st.integers(0, 10**9), st.sampled_from(["B", "kB", "MB", "KiB", "MiB"]))
def test_a_whole_size_is_exact(number, unit):
    factor = {"B": 1, "kB": 10**3, "MB": 10**6, "KiB": 2**10, "MiB": 2**20}[unit]
    assert parse_size(f"{number} {unit}") == number * factor


def test_a_violation_names_file_metric_value_limit_and_excess():
    assert check(limit('max_bytes = "2 MB"')) == [
        "unet-int8-ptq.tflite: bytes 2,100,000 exceeds the limit 2,000,000 by 100,000 (+5.0 %)"
    ]


def test_a_relative_limit_counts_from_the_baseline_of_the_file():
    (violation,) = check(limit('max_growth_bytes = "2 %"', baseline="bytes = 2_000_000"))
    assert violation == (
        "unet-int8-ptq.tflite: bytes 2,100,000 exceeds the limit 2,040,000 (baseline 2,000,000 + 2 %) "
        "by 60,000 (+2.9 %)"
    )


def test_a_drop_of_dice_is_told_downwards():
    (violation,) = check(limit("max_drop_dice = 0.005", baseline="dice = 0.86"))
    assert violation == (
        "unet-int8-ptq.tflite: dice 0.850000 is below the limit 0.855000 (baseline 0.860000 - 0.005) "
        "by 0.005000 (-0.6 %)"
    )


@pytest.mark.parametrize(
    "line",
    [
        "max_bytes = 2099999", 'max_gzip_bytes = "1.8 MB"', "max_partitions = 0", "min_dice = 0.8501",
        'max_growth_bytes = "4.99 %"', 'max_growth_bytes = "99999 B"', "max_growth_gzip_bytes = 0",
        'max_drop_dice = "1 %"', "max_drop_dice = 0.009", "max_growth_partitions = 0",
    ],
)  # fmt: skip
def test_each_limit_is_broken_just_beyond_its_bound(line):
    baseline = "bytes = 2_000_000\ngzip_bytes = 1_899_999\ndice = 0.86\npartitions = 0"
    assert len(check(limit(line, baseline=baseline))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "max_bytes = 2100000", 'max_gzip_bytes = "1.9 MB"', "max_partitions = 1", "max_float_operators = 0",
        "min_dice = 0.85", 'max_growth_bytes = "5 %"', 'max_growth_bytes = "100 kB"',
        "max_growth_gzip_bytes = 1", 'max_drop_dice = "2 %"', "max_drop_dice = 0.011",
    ],
)  # fmt: skip
def test_each_limit_is_kept_at_its_bound(line):
    baseline = "bytes = 2_000_000\ngzip_bytes = 1_899_999\ndice = 0.86"
    assert check(limit(line, baseline=baseline)) == []


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(0, 500))
def test_growth_in_per_cent_is_judged_exactly(baseline, value, percent):
    text = limit(f'max_growth_bytes = "{percent}%"', baseline=f"bytes = {baseline}")
    broken = bool(check(text, facts(bytes=value)))
    assert broken == (100 * value > baseline * (100 + percent))


def test_all_patterns_that_fit_apply_and_files_without_one_pass():
    text = limit("max_bytes = 1", "*int8*") + limit("max_bytes = 2", "unet*")
    models = facts(), facts("other.tflite")
    assert len(check(text, *models)) == 2


def test_a_file_in_a_folder_is_known_by_its_name_alone():
    assert len(check(limit("max_bytes = 1", "int8.tflite"), facts("one/int8.tflite"))) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (limit("max_byte = 1"), "no limit 'max_byte' in .*; did you mean 'max_bytes'"),
        (limit("max_growth_dice = 0.1"), "did you mean"),
        ("[model.x]\nmax_bytes = 1", "no table 'model' in budgets.toml; did you mean 'models'"),
        ("[models]\nmax_bytes = 1", "with the quotes"),
        (limit("max_bytes = true"), "expected bytes as 2_000_000"),
        (limit('max_bytes = "2 %"'), "expected bytes as"),
        (limit("max_bytes = -1"), "expected bytes as"),
        (limit("max_bytes = 1.5"), "expected bytes as"),
        (limit('max_bytes = "2 parsec"'), "but got '2 parsec'"),
        (limit("max_partitions = 0.5"), "expected a whole number"),
        (limit("min_dice = 86"), "expected a number from 0 to 1"),
        (limit('max_growth_bytes = "two %"'), 'or a share of the baseline as "2 %"'),
        (limit("max_bytes = 1", baseline="bite = 3"), "no metric 'bite'"),
        (limit("max_bytes = 1", baseline='bytes = "x"'), "expected bytes"),
        ("[models.", "is not valid TOML"),
        ("", "there is none"),
        (limit("max_bytes = 1", "*qat*"), r'the pattern \[models."\*qat\*"\] .* fits no file'),
        (limit("max_growth_bytes = 1"), "needs a baseline"),
    ],
)
def test_a_budget_that_cannot_be_meant_is_refused(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        check(text)


def test_a_limit_on_what_was_not_measured_is_refused_with_the_reason():
    (model,) = [m for m in facts_of_folder(MODELS) if m.name == "blobs_int8.tflite"]
    with pytest.raises(ConfigError, match=r"cannot check min_dice of blobs_int8.tflite: .*bench --data"):
        check(limit("min_dice = 0.5"), model)


def test_the_facts_of_a_folder_are_those_of_its_files():
    found = {model.name: model.values for model in facts_of_folder(MODELS)}
    int8 = found["blobs_int8.tflite"]
    assert int8["bytes"] == (MODELS / "blobs_int8.tflite").stat().st_size
    assert (int8["float_operators"], int8["partitions"]) == (0, 1)
    assert found["blobs_float32.tflite"]["float_operators"] > 0
    assert found["blobs_dynamic_batch.tflite"]["partitions"] == 3


def test_a_damaged_file_in_the_folder_is_an_error(tmp_path):
    (tmp_path / "m.tflite").write_bytes((MODELS / "blobs_int8.tflite").read_bytes()[:9000])
    with pytest.raises(ArtifactError, match=r"m\.tflite"):
        facts_of_folder(tmp_path)


@pytest.fixture(scope="module")
def result(blobs):
    options = BenchOptions(seconds=0.0, samples=2, warmup_seconds=0.0)
    return run_bench([MODELS / "blobs_int8.tflite"], dataset=blobs, options=options)


def test_results_give_the_same_facts_as_the_file_and_dice(result):
    (of_result,) = facts_of_result(result)
    (of_file,) = [model for model in facts_of_folder(MODELS) if model.name == of_result.name]
    assert {**of_file.values, "dice": of_result.values["dice"]} == of_result.values
    assert of_result.values["dice"] == result.models[0].measurements[0].quality.pooled["dice"] > 0.9


def test_a_model_that_failed_in_the_bench_breaks_the_check(result):
    failed = Measurement(threads=1, failure=Failure(kind="hung", reason="no answer within 5 s"))
    broken = replace(result, models=(replace(result.models[0], measurements=(failed,)),))
    with pytest.raises(CheckError, match=r"blobs_int8\.tflite failed in the bench: no answer within 5 s"):
        facts_of_result(broken)


def test_an_interrupted_bench_is_not_checked(result):
    with pytest.raises(ResultError, match="interrupted"):
        facts_of_result(replace(result, complete=False))


def test_a_new_file_allows_no_growth_and_holds_its_own_models():
    text, changes = update_baseline(None, [facts()], path=PATH)
    assert len(changes) == 5
    assert check(text) == []
    assert len(check(text, facts(partitions=2))) == 1
    assert len(check(text, facts(dice=0.84))) == 1


def test_a_new_file_without_quality_has_no_limit_on_it():
    values = {name: value for name, value in FACTS.items() if name != "dice"}
    model = ModelFacts(name="a.tflite", values=values, why_missing={})
    text, _ = update_baseline(None, [model], path=PATH)
    assert "dice" not in text
    assert check(text, model) == []


@given(st.floats(0, 1))
def test_a_file_never_falls_short_of_its_own_baseline(dice):
    text, _ = update_baseline(limit("max_drop_dice = 0"), [facts(dice=dice)], path=PATH)
    assert check(text, facts(dice=dice)) == []


COMMENTED = """\
# our budgets
[models."*int8*"]   # the Pi has 16 GB
max_bytes = "2 MB"  # agreed in May

[baseline."unet-int8-ptq.tflite"]  # v1
bytes = 2_000_000   # before pruning
partitions = 1

[baseline."gone.tflite"]
bytes = 5
"""


def test_an_update_keeps_comments_limits_and_files_that_were_not_measured():
    text, changes = update_baseline(COMMENTED, [facts()], path=PATH)
    for line in ("# our budgets", "# the Pi has 16 GB", "# agreed in May", "# v1", "# before pruning"):
        assert line in text
    budgets = parse_budgets(text, path=PATH)
    assert budgets.baseline["gone.tflite"] == {"bytes": 5}
    assert budgets.baseline["unet-int8-ptq.tflite"] == FACTS
    assert "unet-int8-ptq.tflite: bytes 2,000,000 -> 2,100,000 (+5.0 %)" in map(str, changes)


def test_an_update_of_what_did_not_change_leaves_the_text_alone():
    text, _ = update_baseline(COMMENTED, [facts()], path=PATH)
    assert update_baseline(text, [facts()], path=PATH) == (text, [])


def test_an_update_refuses_a_file_that_it_does_not_understand():
    with pytest.raises(ConfigError, match="max_byte"):
        update_baseline(limit("max_byte = 1"), [facts()], path=PATH)


@pytest.fixture
def folder(tmp_path):
    shutil.copy(MODELS / "blobs_int8.tflite", tmp_path / "int8.tflite")
    return tmp_path


def edgeseg(folder, *arguments):
    command = [sys.executable, "-m", "edgeseg", "check", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=folder)


def test_update_makes_the_file_and_the_check_then_passes(folder):
    made = edgeseg(folder, ".", "--update")
    assert made.returncode == 0
    assert "int8.tflite: float_operators 0 (new)" in made.stdout
    passed = edgeseg(folder, ".")
    assert (passed.returncode, passed.stdout) == (0, "int8.tflite: ok\n")


def test_a_broken_budget_exits_with_1_and_json_says_the_same(folder):
    (folder / "budgets.toml").write_text(limit("max_bytes = 19_000"))
    done = edgeseg(folder, ".", "--json")
    (violation,) = json.loads(done.stdout)["violations"]
    size = (folder / "int8.tflite").stat().st_size
    assert done.returncode == 1
    assert violation == {
        "file": "int8.tflite", "metric": "bytes", "key": "max_bytes", "limit": 19_000, "value": size,
        "excess": size - 19_000, "baseline": None,
    }  # fmt: skip


def test_a_quality_budget_is_checked_on_results(folder, result):
    save_result(folder / "r.json", result)
    (folder / "b.toml").write_text(limit("min_dice = 0.9999", "blobs*"))
    done = edgeseg(folder, "r.json", "--budget", "b.toml")
    assert done.returncode == 1
    assert "is below the limit 0.999900" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["."], "expected budgets at budgets.toml, but there is no such file; --update makes it"),
        (["nowhere"], "expected bench results at nowhere"),
        (["int8.tflite"], "expected bench results"),
        ([".", "--budget", "sub"], "cannot read the budgets sub"),
    ],
)
def test_wrong_input_is_one_sentence(folder, monkeypatch, capfd, arguments, sentence):
    (folder / "sub").mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(EdgesegError, match=sentence) as refused:
        app(["check", *arguments], standalone_mode=False)
    assert refused.value.exit_code == 2
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("target", "unwanted"), [("r.json", ["cv2", "ai_edge_litert"]), (".", ["cv2"])])
def test_checking_loads_no_opencv_and_on_results_no_runtime(folder, result, target, unwanted):
    save_result(folder / "r.json", result)
    code = (
        "import sys; from edgeseg.cli import app\n"
        f"sys.argv = ['edgeseg', 'check', '{target}', '--update']\n"
        "try: app()\n"
        f"finally: print('loaded', [name for name in {unwanted} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=True
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "loaded []"
