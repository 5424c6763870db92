import json
import shutil
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from edgeseg.bench.result_file import save_result
from edgeseg.cli import app
from edgeseg.errors import EdgesegError
from support import command
from support.bench_results import make_measurement, make_run
from support.budget_cases import limit
from support.paths import MODELS


@pytest.fixture
def folder(tmp_path, monkeypatch):
    shutil.copy(MODELS / "blobs_int8.tflite", tmp_path / "int8.tflite")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def edgeseg(folder, capfd):
    """Run the command in the folder: exit code, stdout, stderr."""

    def run(*arguments):
        code = app(["check", *map(str, arguments)], standalone_mode=False) or 0
        return code, *capfd.readouterr()

    return run


def slower(result, factor):
    """The same bench with all times so much longer."""
    runs = [make_run(20 * factor), make_run(5 * factor)]
    models = tuple(
        replace(model, measurements=(make_measurement(run),))
        for model, run in zip(result.models, runs, strict=True)
    )
    return replace(result, models=models)


def test_update_makes_the_file_and_the_check_then_passes(folder):
    def run(*arguments):
        return command.edgeseg("check", ".", *arguments)

    made = run("--update")
    assert made.returncode == 0
    assert "int8.tflite: float_operators 0 (new)" in made.stdout
    assert made.stderr == "budgets.toml: made\n"
    passed = run()
    assert passed.returncode == 0
    assert passed.stdout.endswith("\n\n7 limits on 1 file: all kept\n")
    assert passed.stderr == ""
    again = run("--update")
    assert (again.stdout.strip(), again.stderr) == ("", "budgets.toml: was up to date\n")


def test_a_broken_budget_exits_with_1_and_every_format_says_so(folder, edgeseg):
    (folder / "budgets.toml").write_text(limit("max_bytes = 19_000"))
    size = (folder / "int8.tflite").stat().st_size
    sentence = f"int8.tflite: bytes {size:,} exceeds the limit 19,000 by"
    for form in ("table", "junit", "github", "markdown", "json"):
        code, out, _ = edgeseg(".", "--format", form)
        assert code == 1
        assert sentence.partition(": ")[2] in out
    assert edgeseg(".", "--json")[1] == edgeseg(".", "--format", "json")[1] == out
    report = json.loads(out)
    assert report["violations"] == report["judgements"]
    (violation,) = report["violations"]
    assert violation.pop("sentence").startswith(sentence)
    assert violation == {
        "file": "int8.tflite", "metric": "bytes", "row": None, "key": "max_bytes", "limit": 19_000,
        "value": size, "excess": size - 19_000, "baseline": None, "verdict": "broken",
    }  # fmt: skip


def test_annotations_name_the_file_where_it_is(folder, edgeseg):
    (folder / "models").mkdir()
    (folder / "int8.tflite").rename(folder / "models" / "int8.tflite")
    (folder / "budgets.toml").write_text(limit("max_bytes = 19_000"))
    _, out, _ = edgeseg("models", "--format", "github")
    assert out.startswith("::error file=models/int8.tflite,title=max_bytes broken::int8.tflite: bytes ")


def test_quality_is_checked_on_results(folder, edgeseg, result):
    save_result(folder / "r.json", result)
    (folder / "b.toml").write_text(limit("min_dice = 0.876", "int8*"))
    code, out, _ = edgeseg("r.json", "--budget", "b.toml")
    assert code == 1
    assert "int8.tflite: dice 0.875000 is below the limit 0.876000 by 0.001000" in out


def test_a_time_breaks_its_limit_only_with_a_second_run(folder, edgeseg, result):
    (folder / "budgets.toml").write_text(limit('max_growth_latency = "25 %"'))
    for name, factor in (("base", 1), ("slow", 1.5), ("slow_too", 1.4), ("fine", 1.01)):
        save_result(folder / f"{name}.json", replace(slower(result, factor), created_at=name))
    _, out, _ = edgeseg("base.json", "--update")
    assert "float32.tflite: latency (litert, 1 thread) 20.000 ms (new)" in out
    code, out, _ = edgeseg("slow.json")
    assert code == 0
    assert "2 unconfirmed" in out
    assert "pass that result as --confirm" in out
    code, out, _ = edgeseg("slow.json", "--confirm", "slow_too.json")
    assert code == 1
    assert "by 5.000 ms (+20.0 %), confirmed by 28.000 ms" in out
    code, out, _ = edgeseg("slow.json", "--confirm", "fine.json", "--format", "junit")
    assert code == 0
    assert ET.fromstring(out.encode()).attrib["failures"] == "0"


def test_a_second_run_that_nothing_asks_for_is_refused(folder, edgeseg, result):
    (folder / "budgets.toml").write_text(limit("min_dice = 0.1"))
    save_result(folder / "a.json", result)
    save_result(folder / "b.json", replace(result, created_at="later"))
    with pytest.raises(EdgesegError, match=r"about times, and budgets\.toml has no limit"):
        edgeseg("a.json", "--confirm", "b.json")


def test_times_of_a_busy_machine_are_not_recorded_which_is_said(folder, edgeseg, result):
    (folder / "budgets.toml").write_text(limit('max_growth_latency = "25 %"'))
    busy = replace(result, before=replace(result.before, load_1min=4.0))
    save_result(folder / "busy.json", busy)
    _, out, err = edgeseg("busy.json", "--update")
    assert "latency" not in out
    assert "note: times were not recorded: the machine was busy before the start (load 4.00 " in err
    (folder / "budgets.toml").write_text(limit("max_bytes = 1"))
    assert "not recorded" not in edgeseg("busy.json", "--update")[2]


def test_files_that_are_gone_are_named_and_pruned_on_request(folder, edgeseg):
    edgeseg(".", "--update")
    (folder / "int8.tflite").rename(folder / "new.tflite")
    edgeseg(".", "--update")
    code, _, err = edgeseg(".")
    assert code == 0
    assert err == (
        "note: int8.tflite is in the baseline of budgets.toml, but not here; --update --prune drops it\n"
    )
    _, out, _ = edgeseg(".", "--update", "--prune")
    assert out == "int8.tflite: dropped from the baseline\n"
    assert edgeseg(".")[2] == ""


def test_an_update_as_json_lists_what_changed(edgeseg):
    _, out, _ = edgeseg(".", "--update", "--json")
    report = json.loads(out)
    assert report["budget"] == "budgets.toml"
    assert {"file": "int8.tflite", "metric": "partitions", "old": None, "new": 1} in report["changes"]
    assert report["dropped"] == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["."], "expected budgets at budgets.toml, but there is no such file; --update makes it"),
        (["nowhere"], "expected bench results at nowhere"),
        (["int8.tflite"], "expected bench results"),
        ([".", "--budget", "sub"], "cannot read the budgets sub"),
        ([".", "--json", "--format", "junit"], "--json and --format junit ask for different things"),
        ([".", "--prune"], "--prune drops entries of the baseline: give --update too"),
        (["r.json", "--update", "--confirm", "r.json"], "--confirm is for a check, and --update checks noth"),
        (
            [".", "--update", "--format", "markdown"],
            "--format markdown shows a check, and --update",
        ),
        ([".", "--confirm", "r.json"], "--confirm is about times, and no model file holds one"),
        (["r.json", "--confirm", "nowhere"], "expected bench results at nowhere"),
        (["r.json", "--confirm", "r.json"], "expected a second run in r.json, but it is the first one again"),
    ],
)
def test_wrong_input_is_one_sentence(folder, result, capfd, arguments, sentence):
    (folder / "sub").mkdir()
    save_result(folder / "r.json", result)
    with pytest.raises(EdgesegError, match=sentence) as refused:
        app(["check", *arguments], standalone_mode=False)
    assert refused.value.exit_code == 2
    assert capfd.readouterr() == ("", "")
    assert not (folder / "budgets.toml").exists()


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
