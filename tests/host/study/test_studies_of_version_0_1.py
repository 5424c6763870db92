"""Studies that version 0.1 began: what it has made is done."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from edgeseg.host.study.findings.results import read_results
from edgeseg.host.study.folder import StudyFolder
from edgeseg.host.study.plan_file import StudyFile, find_study_file
from edgeseg.host.study.report.contents import work_out
from edgeseg.host.study.status import read_status
from edgeseg.host.study.tasks import list_tasks
from support.command import edgeseg
from support.paths import ROOT

FIXTURES = ROOT / "tests" / "fixtures" / "v0_1"
SMALL = ROOT / "benchmarks" / "results" / "study_small"

SETTINGS = """
preset = "unet-16"
variants = ["float32", "int8-qat", "pruned-clustered-int8", "slim-int8-qat", "pruned-int8-qat"]
[training]
epochs = 3
learning_rate = 1
preprocessing.kind = "percentile"
[clustering]
clusters = 16
[slim]
keep = 0.5
[bench]
images = 3
threads = [1, 2]
"""


@pytest.mark.parametrize("path", [FIXTURES / "study", SMALL], ids=lambda path: path.name)
def test_its_tasks_are_those_of_this_version(path):
    """A setting that came later must not change the digest of a task where it has its default."""
    folder = StudyFolder(path=path)
    tasks = list_tasks(folder.plan(), folder.facts().dataset.digest)
    assert {task.id: folder.record(task.id).digest for task in tasks} == {
        task.id: task.digest for task in tasks
    }
    assert read_status(folder).counts == {"done": len(tasks)}


def digests(plan):
    tasks = list_tasks(plan, "d" * 64)
    return hashlib.sha256("".join(task.id + task.digest for task in tasks).encode()).hexdigest()


def test_plans_of_every_kind_of_setting_have_the_digests_that_version_0_1_gave_them():
    paper = "7ce2e65c79b5f6dd10d3b3f0a9c15d4d6c1827f7445c0e29d584d94bb2c45d15"
    assert digests(find_study_file("paper").plan()) == paper
    others = "225eec28fa59475dfc26253eb7540bf9ae9b649e5d3698a49a7ef8e5101d9f42"
    assert digests(StudyFile(Path("x.toml"), SETTINGS).plan()) == others


def test_it_is_gone_on_with_where_only_what_is_missing_is_made(tmp_path):
    out = tmp_path / "study"
    shutil.copytree(FIXTURES / "study", out)
    bench = out / "tasks" / "bce+adam_seed0_bench.json"
    bench.unlink()
    kept = {path.name: path.read_bytes() for path in (out / "tasks").glob("*.json")}
    ended = edgeseg("study", "run", FIXTURES / "study.toml", "--out", out, "--dataset", FIXTURES / "blobs")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "10 done"
    assert kept.items() <= {path.name: path.read_bytes() for path in (out / "tasks").glob("*.json")}.items()
    assert json.loads(bench.read_text())["state"] == "done"


def test_the_committed_report_says_what_its_measurements_say():
    contents = work_out(read_results(SMALL))
    stated = (SMALL / "study.md").read_text()
    for claim in contents.paper.claims:
        assert f"**{claim.title}: {claim.verdict}.**" in stated
