"""The command line for tests: in this process, or in one of its own where the process is the point."""

import contextlib
import io
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from edgeseg.cli import main
from edgeseg.cli.console import VERBOSITY


@dataclass
class Ended:
    """What a command left: as `subprocess.CompletedProcess` has it."""

    returncode: int
    stdout: str
    stderr: str


def edgeseg(*arguments, cwd=None):
    """Run a command in this process, with what it prints caught."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    before = VERBOSITY.level
    try:
        with (
            mock.patch.object(sys, "argv", ["edgeseg", *map(str, arguments)]),
            contextlib.chdir(cwd or Path.cwd()),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = _exit_code()
    finally:
        VERBOSITY.level = before
    return Ended(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))


def _exit_code():
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    return 0


def edgeseg_process(*arguments, timeout=300, **options):
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "edgeseg", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout, **options)


def refused(ended, sentence):
    """Assert that bad input got its sentence: exit code 2, nothing on stdout, no traceback."""
    assert ended.returncode == 2, (ended.stdout, ended.stderr)
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not ended.stdout.strip()
