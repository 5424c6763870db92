"""Every command that writes, on a disk that is full and on one that is read-only."""

import importlib.util

import pytest

from support import small_disk
from support.paths import MODELS, TESTS

V0_1 = TESTS / "fixtures" / "v0_1"

FULL = ("synth", "import", "predict")
READ_ONLY = (*FULL, "bench", "check")
#: KiB that a training finds free: whichever file it is that finds no room, description, model, history,
#: checkpoint or log.
FREE = (0, 16, 350, 600)


def fill(disk, *, free=16):
    """Leave so many KiB free."""
    return f"head -c $((({small_disk.KIB} - {free}) * 1024)) /dev/zero > {disk}/filler || true"


def read_only(disk):
    return f"mount -o remount,ro {disk}"


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A folder to mount disks on."""
    folder = tmp_path_factory.mktemp("disk")
    if not small_disk.can_be_mounted(folder):
        pytest.skip("this system lets no user mount a disk of his own (unshare --map-root-user)")
    return folder


@pytest.fixture(scope="module")
def ended(blobs, disk, tmp_path_factory):
    """How each command ended on each disk, and what it left there."""
    model = MODELS / "blobs_int8.tflite"
    images = sorted((blobs.root / "images").iterdir())
    commands = {
        "synth": ("data", "synth", disk / "out", "--count", 8),
        "import": ("data", "import", blobs.root, disk / "out", "--format", "paired", "--tile", 64),
        "bench": ("bench", model, "--time", 0.01, "--warmup", 0, "--out", disk / "out.json"),
        "check": ("check", MODELS, "--budget", disk / "budgets.toml", "--update"),
        "predict": ("predict", model, *images, "--out", disk / "out"),
    }
    wanted = {("full", name): (fill(disk), commands[name]) for name in FULL}
    wanted |= {("read-only", name): (read_only(disk), commands[name]) for name in READ_ONLY}
    return small_disk.run_each(wanted, disk, tmp_path_factory.mktemp("told"))


@pytest.mark.parametrize("name", FULL)
def test_a_full_disk_is_one_sentence_and_leaves_no_half_written_file(name, ended):
    result, left = ended["full", name]
    assert result.returncode == 2, result.stderr
    assert "the disk is full" in result.stderr
    assert "Traceback" not in result.stderr
    assert not [path for path in left if ".tmp" in path]


@pytest.mark.parametrize("name", READ_ONLY)
def test_a_read_only_disk_is_one_sentence(name, ended):
    result, left = ended["read-only", name]
    assert result.returncode == 2, result.stderr
    assert "the file system is read-only" in result.stderr
    assert "Traceback" not in result.stderr
    assert left == []


@pytest.fixture(scope="module")
def ended_with_tensorflow(blobs, disk, tmp_path_factory):
    """The same of the commands that make models."""
    if not importlib.util.find_spec("tensorflow"):
        pytest.skip("needs TensorFlow")
    export = (
        "export", V0_1 / "run", "--data", V0_1 / "blobs", "--out", disk / "models", "--variant", "float32",
    )  # fmt: skip
    train = ("train", blobs.root, "--out", disk / "run", "--epochs", 2, "--batch-size", 6)
    train += ("--set", "crop_size=32", "--set", "base_filters=2")
    wanted = {("train", free): (fill(disk, free=free), train) for free in FREE}
    wanted |= {("export", kind): (kind(disk), export) for kind in (fill, read_only)}
    wanted["train", read_only] = (read_only(disk), train)
    return small_disk.run_each(wanted, disk, tmp_path_factory.mktemp("told"))


@pytest.mark.host
@pytest.mark.parametrize("kind", [fill, read_only])
def test_export_to_a_disk_that_takes_nothing(kind, ended_with_tensorflow, disk):
    result, left = ended_with_tensorflow["export", kind]
    assert result.returncode == 2, result.stderr
    assert f"cannot write {disk}/models" in result.stderr
    assert "Traceback" not in result.stderr
    assert not [path for path in left if ".tflite" in path or ".json" in path]


@pytest.mark.host
@pytest.mark.parametrize("free", FREE)
def test_training_on_a_disk_that_fills_up(free, ended_with_tensorflow, disk):
    result, _ = ended_with_tensorflow["train", free]
    assert result.returncode == 2, result.stderr
    assert f"cannot write {disk}/run" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.host
def test_training_on_a_read_only_disk(ended_with_tensorflow, disk):
    result, _ = ended_with_tensorflow["train", read_only]
    assert result.returncode == 2, result.stderr
    assert f"cannot write {disk}/run: the file system is read-only" in result.stderr
