"""The pre-commit hook, run by pre-commit itself on staged files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from support.budget_cases import limit
from support.paths import ROOT

MODEL = ROOT / "tests" / "models" / "blobs_int8.tflite"
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


@pytest.fixture
def commands(tmp_path):
    """Run a command of this environment in a repository, with settings of its own."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    settings = {
        **mine,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(tmp_path / "cache"), "PRE_COMMIT_COLOR": "never",
        "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
    }  # fmt: skip

    def run(folder, *command):
        return subprocess.run(
            list(map(str, command)),
            cwd=folder, env=settings, capture_output=True, text=True, check=False, timeout=400,
        )  # fmt: skip

    return run


def stage_all(commands, folder):
    assert commands(folder, "git", "init", "-q").returncode == 0
    assert commands(folder, "git", "add", "-A").returncode == 0


@pytest.fixture
def repository(tmp_path):
    """A user's repository: a model, a budget, and the hook's entry as a hook of the repository's own."""
    folder = tmp_path / "repository"
    (folder / "models").mkdir(parents=True)
    shutil.copy(MODEL, folder / "models" / "int8.tflite")
    (folder / "budgets.toml").write_text(limit("max_partitions = 1"))
    hook = HOOK | {"language": "system"}  # the tool of this environment, not one to install
    configure(folder, repo="local", hooks=[hook])
    return folder


def configure(folder, **entry):
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [entry]}))


def test_the_hook_passes_staged_files_within_their_budget(repository, commands):
    stage_all(commands, repository)
    done = commands(repository, "pre-commit", "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout


def test_the_hook_refuses_what_is_staged_beyond_its_budget(repository, commands):
    (repository / "budgets.toml").write_text(limit("max_bytes = 9"))
    stage_all(commands, repository)
    (repository / "budgets.toml").write_text(limit("max_bytes = 10_000_000"))  # not staged
    done = commands(repository, "pre-commit", "run")
    assert done.returncode == 1
    size = MODEL.stat().st_size
    assert f"int8.tflite: bytes {size:,} exceeds the limit 9 by" in done.stdout


def test_the_hook_is_for_models_and_budgets_alone(repository, commands):
    stage_all(commands, repository)
    assert commands(repository, "git", "commit", "-qm", "x").returncode == 0
    (repository / "notes.txt").write_text("x")
    stage_all(commands, repository)
    assert "Skipped" in commands(repository, "pre-commit", "run").stdout


def test_this_repository_checks_its_own_models(tmp_path, commands):
    folder = tmp_path / "repository"
    (folder / "benchmarks").mkdir(parents=True)
    shutil.copytree(ROOT / "models", folder / "models")
    shutil.copy(ROOT / "benchmarks" / "budgets.toml", folder / "benchmarks" / "budgets.toml")
    shutil.copy(ROOT / ".pre-commit-config.yaml", folder / ".pre-commit-config.yaml")
    stage_all(commands, folder)
    (folder / ".venv").symlink_to(sys.prefix)
    done = commands(folder, "pre-commit", "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout


@pytest.mark.slow
def test_the_hook_installs_itself_from_a_tag(repository, commands, tmp_path):
    tool = tmp_path / "tool"
    tool.mkdir()
    for name in ("edgeseg", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tool / name)
    stage_all(commands, tool)
    assert commands(tool, "git", "commit", "-qm", "x").returncode == 0
    assert commands(tool, "git", "tag", "v1").returncode == 0
    configure(repository, repo=str(tool), rev="v1", hooks=[{"id": "edgeseg-check"}])
    stage_all(commands, repository)
    done = commands(repository, "pre-commit", "run")
    if "No matching distribution" in done.stdout and "versions: none" in done.stdout:
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout
