"""A study on a real Ray cluster, whose node goes away; another one comes."""

import contextlib
import json
import subprocess
import sys

import pytest

pytest.importorskip("ray")

import fsspec

from support import s3_server
from support.command import edgeseg
from support.ray_cluster import cluster, command_line, wait_until
from support.study_cases import ALSO, plan_of

pytestmark = [pytest.mark.host, pytest.mark.slow]

CELL = "bce+adam_seed0"


def plan_text(blobs):
    """A study of one network and one file."""
    text = plan_of(blobs)
    for old, new in (
        ('["bce+adam", "jaccard-bce+rmsprop"]', '["bce+adam"]'),
        (', "pruned", "slim", "slim-int8-ptq"]', "]"),
        ("[pruning]\nepochs = 2\n", ""),
        (ALSO, ""),
        ("[slim]\ntarget_bytes = 1000\n", ""),
        ("epochs = 8", "epochs = 16"),  # long enough to be hit
    ):
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def local(blobs, tmp_path_factory):
    """The file of the study on this machine alone."""
    folder = tmp_path_factory.mktemp("local")
    (folder / "local.toml").write_text(plan_text(blobs))
    result = edgeseg("study", "run", folder / "local.toml", "--out", folder / "out")
    assert result.returncode == 0, result.stderr
    return files_of(folder / "out")


def files_of(out):
    found = {path.relative_to(out): path.read_bytes() for path in out.glob("models/*/float32/*.tflite")}
    assert len(found) == 1
    return found


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
    plan.write_text(plan_text(blobs))
    with place(kind, tmp_path) as url, cluster() as (port, join):
        first = join()
        command = [sys.executable, "-m", "edgeseg", "study", "run", plan, "--out", out]
        command += ["--engine", "ray", "--address", f"127.0.0.1:{port}"]
        command += [] if kind == "folder" else ["--store", url]
        with (tmp_path / "stderr.txt").open("w") as stream:
            study = subprocess.Popen(list(map(str, command)), stderr=stream)
        try:
            checkpoint = f"{url}/runs/{CELL}/checkpoints/checkpoint"
            wait_until(lambda: is_there(checkpoint) or study.poll() is not None)
            (worker,) = first.workers()
            first.kill()
            assert not command_line(worker)
            second = join()
            wait_until(second.workers)
            assert study.wait(300) == 0, (tmp_path / "stderr.txt").read_text()
        finally:
            study.kill()
            study.wait()
    assert files_of(out) == local
    assert {json.loads(path.read_text())["state"] for path in (out / "tasks").glob("*.json")} == {"done"}
    assert (out / "runs" / CELL / "history.csv").exists()  # what the report reads came back too
