"""A real study: killed twice, resumed, with cells that fail; and what is refused."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgeseg.bench.result_file import load_result
from edgeseg.host.study.folder import StudyFolder
from edgeseg.host.study.status import read_status
from support.command import edgeseg
from support.study_cases import ALSO, plan_of

pytestmark = [pytest.mark.host, pytest.mark.slow]

CELLS = ("bce+adam_seed0", "jaccard-bce+rmsprop_seed0")


def start(plan, out, *, workers=2):
    command = [
        sys.executable,
        "-m",
        "edgeseg",
        "study",
        "run",
        str(plan),
        "--out",
        str(out),
        "--workers",
        str(workers),
    ]
    with (out.parent / "stderr.txt").open("a") as stream:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stream)


def wait_for(condition, process):
    deadline = time.monotonic() + 400
    while not condition():
        assert process.poll() is None, "the study ended before"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def workers_of(process):
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def kill(process):
    """SIGKILL, after which no worker lives on."""
    workers = workers_of(process)
    assert workers
    process.kill()
    process.wait()
    deadline = time.monotonic() + 10
    while any(map(lives, workers)):
        assert time.monotonic() < deadline, "a worker outlived the study"
        time.sleep(0.05)


def record(out, cell, what):
    path = out / "tasks" / f"{cell}_{what}.json"
    return json.loads(path.read_text()) if path.exists() else {"state": None}


@pytest.fixture(scope="module")
def study(tmp_path_factory, blobs):
    """The folder of a study that was killed with two workers, then in its second training, and its plan."""
    root = tmp_path_factory.mktemp("study")
    plan, out = root / "mine.toml", root / "out"
    plan.write_text(plan_of(blobs))
    first = start(plan, out)
    wait_for(lambda: len(workers_of(first)) == 2, first)
    kill(first)
    second = start(plan, out, workers=1)  # one task after the other: all of the first network, then the other
    wait_for((out / "runs" / CELLS[1] / "checkpoints" / "checkpoint").exists, second)
    kill(second)
    interrupted = read_status(StudyFolder(path=out))
    kept = record(out, CELLS[0], "float32")
    third = start(plan, out)
    third.wait()
    return {
        "plan": plan, "out": out, "interrupted": interrupted, "code": third.returncode, "kept": kept,
        "stderr": (root / "stderr.txt").read_text(),
    }  # fmt: skip


def test_a_killed_training_is_interrupted_until_the_study_goes_on(study):
    states = {each.task: each.state for each in study["interrupted"].tasks}
    assert not study["interrupted"].running
    assert states[f"{CELLS[1]}_train"] == "interrupted"
    assert states[f"{CELLS[1]}_float32"] == "waiting"


def test_what_was_done_is_not_done_again(study):
    assert record(study["out"], CELLS[0], "float32") == study["kept"]
    assert study["kept"]["attempts"] == 1
    assert record(study["out"], CELLS[1], "train")["attempts"] == 3


@pytest.fixture(scope="module")
def undisturbed(study, tmp_path_factory):
    """The folder of a study of the second cell's files alone, and its plan."""
    root = tmp_path_factory.mktemp("undisturbed")
    text = study["plan"].read_text()
    for old, new in (
        ('["bce+adam", "jaccard-bce+rmsprop"]', '["jaccard-bce+rmsprop"]'),
        (', "slim", "slim-int8-ptq"]', "]"),
        ("[slim]\ntarget_bytes = 1000\n", ""),
        (ALSO, ""),
    ):
        assert old in text
        text = text.replace(old, new)
    plan = root / "one.toml"
    plan.write_text(text)
    result = edgeseg("study", "run", plan, "--out", root / "out")
    assert result.returncode == 0, result.stderr
    return {"plan": plan, "out": root / "out"}


def test_a_killed_study_ends_with_the_files_of_an_undisturbed_one(study, undisturbed):
    files = [path.relative_to(undisturbed["out"]) for path in undisturbed["out"].glob("models/*/*/*.tflite*")]
    assert len(files) == 2
    for name in files:
        assert (undisturbed["out"] / name).read_bytes() == (study["out"] / name).read_bytes()


def test_a_file_that_was_damaged_is_made_again_and_nothing_else(undisturbed):
    out = undisturbed["out"]
    (file,) = out.glob("models/*/float32/*.tflite")
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    before = {what: record(out, CELLS[1], what) for what in ("train", "float32", "pruned", "bench")}
    result = edgeseg("study", "run", undisturbed["plan"], "--out", out)
    assert result.returncode == 0
    assert f"{CELLS[1]}_float32: its files were changed or lost; made again" in result.stderr
    assert file.read_bytes() == whole
    after = {what: record(out, CELLS[1], what) for what in before}
    assert after.pop("float32") != before.pop("float32")
    assert after == before


def test_a_record_that_names_a_file_elsewhere_deletes_none(undisturbed, tmp_path):
    out, victim = tmp_path / "deep" / "out", tmp_path / "victim"
    shutil.copytree(undisturbed["out"], out)
    victim.write_text("mine")
    path = StudyFolder(path=out).record_path(f"{CELLS[1]}_float32")
    stored = json.loads(path.read_text())
    path.write_text(json.dumps(stored | {"outputs": {"../../victim": "0" * 64}}))
    result = edgeseg("study", "run", undisturbed["plan"], "--out", out)
    assert result.returncode == 2
    assert "expected a place below" in result.stderr
    assert victim.read_text() == "mine"


def test_a_failed_cell_is_reported_and_the_others_go_on(study):
    assert study["code"] == 1
    states = {each.task: each for each in read_status(StudyFolder(path=study["out"])).tasks}
    for cell in CELLS:
        assert {what: states[f"{cell}_{what}"].state for what in ("train", "float32", "pruned", "bench")} == {
            "train": "done", "float32": "done", "pruned": "done", "bench": "done",
        }  # fmt: skip
        assert states[f"{cell}_slim"].state == "failed"
        assert "no network fits" in states[f"{cell}_slim"].note
        assert states[f"{cell}_slim-int8-ptq"].state == "blocked"
        assert states[f"{cell}_slim-int8-ptq"].note == f"needs {cell}_slim"
        assert f"{cell}_slim failed: " in study["stderr"]


def test_the_bench_measures_on_test_images_what_there_is(study):
    result = load_result(study["out"] / "bench" / f"{CELLS[0]}.json")
    assert [model.variant for model in result.models] == ["float32", "pruned", "pruned"]
    assert result.dataset.split == "test"
    assert result.complete


def test_an_alternative_has_its_own_settings_and_leaves_the_variant_alone(study):
    sparsity = {}
    for what in ("pruned", "pruned-70"):
        (sidecar,) = (study["out"] / "models" / CELLS[0] / what).glob("*.json")
        sparsity[what] = json.loads(sidecar.read_text())["audit"]["sparsity"]
    assert sparsity["pruned"] > sparsity["pruned-70"] > 0.5
    assert not (study["out"] / "models" / CELLS[1] / "pruned-70").exists()


def test_the_report_shows_what_there_is_and_what_failed(study, tmp_path):
    out = tmp_path / "study.html"
    table, text = tmp_path / "study.csv", tmp_path / "study.md"
    options = [part for path in (out, table, text) for part in ("--out", path)]
    result = edgeseg("study", "report", study["out"], *options)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [str(out), str(table), str(text)]
    assert len(table.read_text().splitlines()) == 1 + 2 + 2 + 1
    assert text.read_text().startswith("# The study mine on blobs")
    assert "slim failed: no network fits" in text.read_text()
    assert "IoU of every combination, the whole training" in out.read_text()
    assert out.read_text().count('alt="The mask of pruned-70') == 1


def test_status_counts_up_and_tells_why(study):
    table = edgeseg("study", "status", study["out"])
    assert table.returncode == 0
    assert "9 done, 2 failed, 2 blocked; not running" in table.stdout
    told = json.loads(edgeseg("study", "status", study["out"], "--json").stdout)
    assert told["counts"] == {"done": 9, "failed": 2, "blocked": 2}
    assert {each["task"] for each in told["tasks"] if each["state"] == "failed"} == {
        f"{cell}_slim" for cell in CELLS
    }


def test_other_settings_for_what_is_done_are_refused(study, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text(study["plan"].read_text().replace("epochs = 8", "epochs = 9"))
    result = edgeseg("study", "run", other, "--out", study["out"])
    assert result.returncode == 2
    assert f"{CELLS[0]}_train and" in result.stderr
    assert "--force" in result.stderr


def test_a_second_study_in_the_folder_is_refused(study):
    with (study["out"] / ".lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        result = edgeseg("study", "run", study["plan"], "--out", study["out"])
        assert read_status(StudyFolder(path=study["out"])).running
    assert result.returncode == 2
    assert f"another process runs a study in {study['out']}" in result.stderr


def test_a_data_set_that_changed_is_refused(study, tmp_path, blobs):
    changed = tmp_path / "changed"
    for folder in ("images", "masks"):
        (changed / folder).mkdir(parents=True)
        for path in (blobs.root / folder).iterdir():
            (changed / folder / path.name).write_bytes(path.read_bytes())
    first = sorted((changed / "images").iterdir())
    first[0].write_bytes(first[1].read_bytes())
    result = edgeseg("study", "run", study["plan"], "--out", study["out"], "--dataset", changed)
    assert result.returncode == 2
    assert f"the data set {changed} is not as it was when the study" in result.stderr


def test_an_interrupt_ends_the_workers_and_says_how_to_go_on(plan_file, tmp_path):
    out = tmp_path / "out"
    process = start(plan_file, out)
    wait_for(lambda: out.joinpath("tasks", f"{CELLS[1]}_train.progress.json").exists(), process)
    workers = workers_of(process)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(30) == 130
    assert not any(map(lives, workers))
    assert "the same command goes on where it stood" in (tmp_path / "stderr.txt").read_text()
