"""A study on a real Ray cluster of two nodes, of which one goes away."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ray")

import fsspec

from support import s3_server
from support.command import edgeseg
from support.ray_cluster import command_line, two_nodes, wait_until
from support.study_cases import ALSO, plan_of

pytestmark = [pytest.mark.host, pytest.mark.slow]

CELLS = {"bce+adam": "bce+adam_seed0", "jaccard-bce+rmsprop": "jaccard-bce+rmsprop_seed0"}


def plan_text(blobs, combinations):
    text = plan_of(blobs)
    for old, new in (
        ('["bce+adam", "jaccard-bce+rmsprop"]', json.dumps(combinations)),
        (', "pruned", "slim", "slim-int8-ptq"]', "]"),
        ("[pruning]\nepochs = 2\n", ""),
        (ALSO, ""),
        ("[slim]\ntarget_bytes = 1000\n", ""),
        ("epochs = 12", "epochs = 40"),  # long enough to be hit
    ):
        assert old in text
        text = text.replace(old, new)
    return text


def combination_at_work(pid):
    """What a worker trains: its stderr is the log of its task."""
    log = Path(f"/proc/{pid}/fd/2").resolve().name
    return next(name for name, cell in CELLS.items() if log == f"{cell}_train.log")


@pytest.fixture(scope="module")
def local(blobs, tmp_path_factory):
    """The files of the study on this machine alone, by cell."""
    folder = tmp_path_factory.mktemp("local")
    (folder / "local.toml").write_text(plan_text(blobs, list(CELLS)))
    result = edgeseg("study", "run", folder / "local.toml", "--out", folder / "out", "--workers", 2)
    assert result.returncode == 0, result.stderr
    return files_of(folder / "out")


def files_of(out):
    return {path.relative_to(out): path.read_bytes() for path in out.glob("models/*/float32/*.tflite")}


@contextlib.contextmanager
def place(kind, tmp_path):
    """The URL by which the nodes share files: a folder that all see, or a bucket."""
    if kind == "folder":
        yield f"file://{tmp_path}/out"
        return
    with s3_server.running(tmp_path / "s3.log"):
        yield "s3://studies/mine"


def is_there(url):
    system, path = fsspec.core.url_to_fs(url)
    system.invalidate_cache()
    return system.exists(path)


@pytest.mark.parametrize("kind", ["folder", "store"])
def test_a_node_that_goes_away_does_not_lose_the_study(kind, local, blobs, tmp_path):
    """Its training goes on elsewhere from the last checkpoint, and ends with the bits of a local one."""
    plan, out = tmp_path / "mine.toml", tmp_path / "out"
    plan.write_text(plan_text(blobs, list(CELLS)))
    with place(kind, tmp_path) as url, two_nodes() as (port, (_head, second)):
        command = [sys.executable, "-m", "edgeseg", "study", "run", plan, "--out", out]
        command += ["--engine", "ray", "--address", f"127.0.0.1:{port}"]
        command += [] if kind == "folder" else ["--store", url]
        with (tmp_path / "stderr.txt").open("w") as stream:
            study = subprocess.Popen(list(map(str, command)), stderr=stream)
        try:
            checkpoints = [f"{url}/runs/{cell}/checkpoints/checkpoint" for cell in CELLS.values()]
            wait_until(lambda: all(map(is_there, checkpoints)) or study.poll() is not None)
            workers = second.workers()
            assert workers, "each node trains one of the two"
            assert combination_at_work(next(iter(workers))) in CELLS
            second.kill()
            assert not any(map(command_line, workers))
            assert study.wait(300) == 0, (tmp_path / "stderr.txt").read_text()
        finally:
            study.kill()
            study.wait()
    assert files_of(out) == local
    assert {json.loads(path.read_text())["state"] for path in (out / "tasks").glob("*.json")} == {"done"}
    # What the report reads came back too.
    assert all((out / "runs" / cell / "history.csv").exists() for cell in CELLS.values())
