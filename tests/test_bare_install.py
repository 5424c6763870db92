"""The built wheel in a fresh environment of every Python at hand: the edge side, and nothing else."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "tests" / "models" / "blobs_int8.tflite"
PYTHONS = ("python3.11", "python3.12", "python3.13")

pytestmark = pytest.mark.slow


def run(*command, **options):
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, timeout=300, **options
    )


def find(python):
    """The path of a Python that runs and has venv: on the path, or among those that pyenv keeps."""
    kept = (Path.home() / ".pyenv" / "versions").glob(f"*/bin/{python}")
    for candidate in filter(None, (shutil.which(python), *sorted(kept))):
        if run(candidate, "-c", "import ensurepip").returncode == 0:
            return candidate
    return None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    built = run(sys.executable, "-m", "build", "--wheel", "--outdir", out, ROOT)
    assert built.returncode == 0, built.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module", params=PYTHONS)
def bare(request, wheel, tmp_path_factory):
    """The folder of programs of an environment that holds the wheel and what it asks for."""
    python = find(request.param)
    if not python:
        pytest.skip(f"{request.param} with venv is not on this machine")
    folder = tmp_path_factory.mktemp(request.param)
    assert run(python, "-m", "venv", folder).returncode == 0
    pip = run(folder / "bin" / "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel)
    if pip.returncode and "No matching distribution" in pip.stderr and "from versions: none" in pip.stderr:
        pytest.skip("no package index can be reached")
    assert pip.returncode == 0, pip.stderr
    return folder / "bin"


def test_nothing_heavy_is_installed(bare):
    listed = json.loads(run(bare / "pip", "list", "--format", "json").stdout)
    names = {each["name"].lower().replace("_", "-") for each in listed}
    assert "edgeseg" in names
    assert not names & {"tensorflow", "keras", "tf-keras", "scipy", "matplotlib", "pandas", "tensorboard"}


def test_the_wheel_holds_what_a_page_is_made_of(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"edgeseg/report/page.{kind}" for kind in ("html.jinja", "css", "js")} <= names


def test_the_edge_commands_work(bare, tmp_path):
    edgeseg = bare / "edgeseg"
    for arguments in (
        ("--version",),
        ("doctor",),
        ("data", "synth", "data", "--count", "12", "--size", "64"),
        ("data", "check", "data"),
        ("inspect", MODEL),
        ("bench", MODEL, "--data", "data", "--time", "0.1", "--out", "bench.json"),
        ("check", "bench.json", "--update"),
        ("check", "bench.json"),
        ("report", "bench.json", "--out", "report.md", "--out", "report.csv"),
        ("predict", MODEL, "data/images", "--out", "out"),
    ):
        result = run(edgeseg, *arguments, cwd=tmp_path)
        assert result.returncode == 0, (arguments, result.stdout, result.stderr)
    assert (tmp_path / "out" / "cells.csv").is_file()


def test_host_commands_say_what_to_install(bare, tmp_path):
    run(bare / "edgeseg", "data", "synth", "data", "--count", "12", "--size", "64", cwd=tmp_path)
    result = run(bare / "edgeseg", "train", "data", "--out", "run", cwd=tmp_path)
    assert result.returncode == 2
    assert "pip install 'edgeseg[train]'" in result.stderr
    assert not (tmp_path / "run").exists()
