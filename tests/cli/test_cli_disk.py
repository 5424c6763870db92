"""Every command that writes, on a disk that is full and on one that is read-only.

The disk is a small tmpfs in a mount namespace of the test's own, so that no root is needed and nothing
outside sees it.
"""

import re
import shlex
import shutil
import subprocess
import sys

import pytest

from support.paths import MODELS


def in_namespace(script):
    return subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-ec", script],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def namespaces_work(tmp_path):
    return shutil.which("unshare") and in_namespace(f"mount -t tmpfs none {tmp_path}").returncode == 0


@pytest.fixture
def disk(tmp_path):
    """A folder to mount a disk on."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not namespaces_work(folder):
        pytest.skip("this system lets no user mount a disk of his own (unshare --map-root-user)")
    return folder


def on_disk(disk, options, arguments):
    """Run edgeseg with `disk` mounted; what is left on it is listed after the marker."""
    command = shlex.join([sys.executable, "-m", "edgeseg", *map(str, arguments)])
    return in_namespace(
        f"mount -t tmpfs -o size=4m none {disk}; {options}\n"
        f"code=0; {command} || code=$?; echo '--left--'; find {disk} -type f; exit $code"
    )


def fill(disk, *, free=16):
    """Leave so many KiB free."""
    return f"head -c $(((4096 - {free}) * 1024)) /dev/zero > {disk}/filler || true"


def read_only(disk):
    return f"mount -o remount,ro {disk}"


@pytest.fixture(scope="module")
def tiny_run(blobs, tmp_path_factory):
    """A finished training run."""
    pytest.importorskip("tensorflow", reason="needs TensorFlow")
    from edgeseg.host.training import fit, run_folder
    from edgeseg.networks.training import TrainingConfig
    from edgeseg.networks.unet import UNetConfig

    path = tmp_path_factory.mktemp("runs") / "run"
    network = UNetConfig(base_filters=2, levels=3, input_size=64)
    settings = TrainingConfig(epochs=1, batch_size=6, crop_size=32)
    run = run_folder.create_run(path, network, settings, blobs, force=False)
    fit.fit(run, blobs)
    return path


@pytest.fixture
def commands(blobs, tmp_path, disk):
    """What each command would write on the disk."""
    model = MODELS / "blobs_int8.tflite"
    images = sorted((blobs.root / "images").iterdir())
    return {
        "synth": ("data", "synth", disk / "out", "--count", 8),
        "import": ("data", "import", blobs.root, disk / "out", "--format", "paired", "--tile", 64),
        "bench": ("bench", model, "--time", 0.01, "--warmup", 0, "--out", disk / "out.json"),
        "check": ("check", MODELS, "--budget", disk / "budgets.toml", "--update"),
        "predict": ("predict", model, *images, "--out", disk / "out"),
    }


@pytest.mark.parametrize("name", ["synth", "import", "predict"])
def test_a_full_disk_is_one_sentence_and_leaves_no_half_written_file(name, commands, disk):
    result = on_disk(disk, fill(disk), commands[name])
    assert result.returncode == 2, result.stderr
    assert "the disk is full" in result.stderr
    assert "Traceback" not in result.stderr
    assert ".tmp" not in result.stdout.partition("--left--")[2]


@pytest.mark.parametrize("name", ["synth", "import", "bench", "check", "predict"])
def test_a_read_only_disk_is_one_sentence(name, commands, disk):
    result = on_disk(disk, read_only(disk), commands[name])
    assert result.returncode == 2, result.stderr
    assert "the file system is read-only" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout.partition("--left--")[2].strip() == ""


@pytest.mark.host
@pytest.mark.parametrize("kind", [fill, read_only])
def test_export_to_a_disk_that_takes_nothing(kind, tiny_run, disk):
    result = on_disk(disk, kind(disk), ("export", tiny_run, "--out", disk / "models", "--variant", "float32"))
    assert result.returncode == 2, result.stderr
    assert f"cannot write {disk}/models" in result.stderr
    assert "Traceback" not in result.stderr
    assert not re.search(r"\.tflite|\.json", result.stdout.partition("--left--")[2])


@pytest.mark.host
@pytest.mark.parametrize("free", [0, 16, 350, 600])
def test_training_on_a_disk_that_fills_up(free, blobs, disk):
    """Whichever file it is that finds no room: description, model, history, checkpoint or log."""
    options = ("--epochs", 2, "--batch-size", 6, "--set", "crop_size=32", "--set", "base_filters=2")
    result = on_disk(disk, fill(disk, free=free), ("train", blobs.root, "--out", disk / "run", *options))
    assert result.returncode == 2, result.stderr
    assert f"cannot write {disk}/run" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.host
def test_training_on_a_read_only_disk(blobs, disk):
    result = on_disk(disk, read_only(disk), ("train", blobs.root, "--out", disk / "run", "--epochs", 1))
    assert result.returncode == 2, result.stderr
    assert f"cannot write {disk}/run: the file system is read-only" in result.stderr
