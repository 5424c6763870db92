"""Training runs that tests copy, and commands in processes that they can kill."""

import subprocess
import sys
import time


def copy_of(run, path):
    """The trained run without what was fine-tuned from it."""
    path.mkdir()
    for name in ("run.json", "history.csv", "best.keras"):
        (path / name).write_bytes((run.path / name).read_bytes())
    return path


def start(*arguments):
    """An edgeseg command, going on by itself."""
    command = [sys.executable, "-m", "edgeseg", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_checkpoint(run_path, process):
    """Until the run's first epoch has ended; it is an error if the process has ended before."""
    while not (run_path / "checkpoints" / "checkpoint").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
