"""The GitHub Action's own shell steps, run as GitHub runs them, and the workflow that uses it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from support.budget_cases import limit
from support.paths import ROOT

MODEL = ROOT / "tests" / "models" / "blobs_int8.tflite"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
INSTALL, CHECK = ACTION["runs"]["steps"]


def run_step(step, folder, *, action=ROOT, **inputs):
    """Run a step in a repository, with a runner's folders beside it."""
    runner = folder.parent / "runner"
    runner.mkdir(exist_ok=True)
    given = {name: entry["default"] for name, entry in ACTION["inputs"].items()} | inputs
    values = {f"inputs.{name}": value for name, value in given.items()} | {"github.action_path": action}
    settings = {
        name: re.sub(r"\$\{\{ (.*?) \}\}", lambda match: str(values[match[1]]), text)
        for name, text in step["env"].items()
    }
    (runner / "step.sh").write_text(step["run"])
    summary = runner / "summary.md"
    summary.touch()
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", runner / "step.sh"],
        env={
            "PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "RUNNER_TEMP": str(runner),
            "GITHUB_STEP_SUMMARY": str(summary), **settings,
        },
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def summary_of(repository):
    return (repository.parent / "runner" / "summary.md").read_text()


@pytest.fixture
def repository(tmp_path):
    """A user's repository with a model, and this environment's edgeseg where the action installs its own."""
    folder = tmp_path / "repository"
    (folder / "models").mkdir(parents=True)
    shutil.copy(MODEL, folder / "models" / "int8.tflite")
    programs = tmp_path / "runner" / "edgeseg" / "bin"
    programs.mkdir(parents=True)
    (programs / "edgeseg").symlink_to(Path(sys.executable).parent / "edgeseg")
    return folder


def test_every_input_is_described_and_used():
    used = set(re.findall(r"inputs\.(\w+)", (ROOT / "action.yml").read_text()))
    assert used == set(ACTION["inputs"])
    assert all(set(entry) == {"description", "default"} for entry in ACTION["inputs"].values())


def test_inputs_reach_the_shell_as_variables_only():
    assert not [step["name"] for step in (INSTALL, CHECK) if "${{" in step["run"]]
    assert {step["shell"] for step in (INSTALL, CHECK)} == {"bash"}


def test_no_other_action_is_used_but_by_its_commit():
    texts = [ROOT / "action.yml", *(ROOT / ".github" / "workflows").glob("*.yml")]
    used = [name for path in texts for name in re.findall(r"uses: (\S+)", path.read_text())]
    assert "./" in used
    assert [name for name in used if name != "./" and not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name)] == []


def test_a_file_within_its_budget_passes_and_the_summary_says_so(repository):
    (repository / "budgets.toml").write_text(limit("max_partitions = 1"))
    done = run_step(CHECK, repository)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1 limit on 1 file: all kept\n"
    assert summary_of(repository).startswith("### edgeseg check: within all limits\n")


def test_a_file_beyond_its_budget_fails_with_an_annotation_and_a_summary(repository):
    (repository / "b.toml").write_text(limit("max_bytes = 9"))
    done = run_step(CHECK, repository, budget="b.toml")
    assert done.returncode == 1
    assert done.stdout.startswith(
        "::error file=models/int8.tflite,title=max_bytes broken::int8.tflite: bytes"
    )
    assert "\n- `int8.tflite`: bytes" in summary_of(repository)


def test_a_check_that_cannot_be_made_fails_without_a_summary(repository):
    done = run_step(CHECK, repository)
    assert done.returncode == 2
    assert "there is no such file; --update makes it" in done.stderr
    assert summary_of(repository) == ""


def test_a_second_result_is_passed_on(repository):
    (repository / "budgets.toml").write_text(limit("max_partitions = 1"))
    done = run_step(CHECK, repository, confirm="second.json")
    assert done.returncode == 2
    assert "--confirm is about times" in done.stderr


def test_an_input_is_never_taken_for_a_command(repository):
    done = run_step(CHECK, repository, path="models; touch owned", budget="$(touch owned)")
    assert done.returncode == 2
    assert not (repository / "owned").exists()


@pytest.mark.slow
def test_the_action_installs_itself_and_checks(repository):
    shutil.rmtree(repository.parent / "runner")
    source = repository.parent / "action"  # a build leaves files beside the sources
    source.mkdir()
    for name in ("edgeseg", "pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    done = run_step(INSTALL, repository, action=source, python=sys.executable)
    if done.returncode and "No matching distribution" in done.stderr and "versions: none" in done.stderr:
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr
    (repository / "budgets.toml").write_text(limit("max_partitions = 1"))
    assert run_step(CHECK, repository).stdout == "1 limit on 1 file: all kept\n"


def test_the_workflow_checks_the_models_that_make_test_checks():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "check.yml").read_text())
    (settings,) = [step["with"] for step in workflow["jobs"]["check"]["steps"] if step["uses"] == "./"]
    command = f"edgeseg check {settings['path']} --budget {settings['budget']}\n"
    assert command in (ROOT / "Makefile").read_text()
