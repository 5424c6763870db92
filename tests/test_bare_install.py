"""The built wheel in a fresh environment of every Python at hand: the edge side, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edgeseg.data.images import write_png
from edgeseg.data.synthetic.synth import synthesize
from support.built_wheel import ROOT, build_wheel

MODEL = ROOT / "tests" / "models" / "blobs_int8.tflite"
(PUBLISHED,) = (ROOT / "models").glob("*/*int8-ptq.tflite")

HEAVY = {
    "altair", "jinja2", "keras", "matplotlib", "pandas", "pillow", "scikit-learn", "scipy", "starlette",
    "tensorboard", "tensorflow", "tf-keras", "uvicorn",
}  # fmt: skip

#: Short: what is measured is not looked at.
BENCH = ("--rounds", "1", "--time", "0.01", "--samples", "3", "--warmup", "0")

PYTHONS = ("python3.11", "python3.12", "python3.13")

pytestmark = pytest.mark.slow


def run(*command, **options):
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, timeout=300, **options
    )


def pip(environment, *arguments):
    """Of the environment that the tests run in: the new one needs none of its own."""
    return run(sys.executable, "-m", "pip", "--python", environment, *arguments)


def find(python):
    """The path of a Python that runs and has venv: on the path, or among those that pyenv keeps."""
    kept = (Path.home() / ".pyenv" / "versions").glob(f"*/bin/{python}")
    for candidate in filter(None, (shutil.which(python), *sorted(kept))):
        if run(candidate, "-c", "import venv").returncode == 0:
            return candidate
    return None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module", params=PYTHONS)
def bare(request, wheel, tmp_path_factory):
    """The folder of programs of an environment that holds the wheel and what it asks for."""
    python = find(request.param)
    if not python:
        pytest.skip(f"{request.param} with venv is not on this machine")
    folder = tmp_path_factory.mktemp(request.param)
    assert run(python, "-m", "venv", "--without-pip", folder).returncode == 0
    installed = pip(folder, "install", "-q", "--no-compile", "-c", ROOT / "constraints.txt", wheel)
    if "No matching distribution" in installed.stderr and "from versions: none" in installed.stderr:
        pytest.skip("no package index can be reached")
    assert installed.returncode == 0, installed.stderr
    return folder / "bin"


def test_nothing_heavy_is_installed(bare):
    listed = json.loads(pip(bare.parent, "list", "--format", "json").stdout)
    names = {each["name"].lower().replace("_", "-") for each in listed}
    assert "edgeseg" in names
    assert not names & HEAVY


def test_the_installation_takes_at_most_300_mb(bare):
    """Without compiled modules, which come with use."""
    (site,) = bare.parent.glob("lib/python*/site-packages")
    files = [path for path in site.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in files) <= 300e6


def forget_libraries(environment):
    """Have the system read them anew, as after a start: of files just written it maps larger parts."""
    for path in environment.glob("lib/python*/site-packages/**/*.so*"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def test_a_prediction_with_an_int8_model_takes_at_most_150_mb(bare, tmp_path):
    write_png(tmp_path / "image.png", synthesize(0)[0])
    predict = [bare / "edgeseg", "predict", PUBLISHED, "image.png", "--out", "out"]
    # Once before: an ordinary installation compiles modules, here the first use does, which takes memory.
    assert run(*predict, cwd=tmp_path).returncode == 0
    forget_libraries(bare.parent)
    # By a process of its own: a child's peak begins with that of the process that started it.
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    peak = run(bare / "python", "-c", code, *predict, "--force", cwd=tmp_path)
    assert peak.returncode == 0, peak.stderr
    assert int(peak.stdout) * 1024 <= 150e6


def test_what_reads_no_images_imports_no_opencv(bare, tmp_path):
    """In a place where importing it is an error, in child processes too."""
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "cv2.py").write_text("raise ImportError('OpenCV is not needed here')\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "blocked")}
    for arguments in (
        ("inspect", MODEL),
        ("bench", MODEL, *BENCH, "--out", "first.json"),
        ("bench", MODEL, *BENCH, "--out", "second.json"),
        ("compare", "first.json", "second.json"),
        ("check", "first.json", "--update"),
        ("check", "second.json"),
    ):
        result = run(bare / "edgeseg", *arguments, cwd=tmp_path, env=environment)
        assert result.returncode == 0, (arguments, result.stdout, result.stderr)
    predicted = run(bare / "edgeseg", "predict", MODEL, ".", "--out", "out", cwd=tmp_path, env=environment)
    assert "OpenCV is not needed here" in predicted.stderr


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
        ("bench", MODEL, "--data", "data", *BENCH, "--out", "bench.json"),
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
