"""docs/raspberry-pi.md as a reader follows it, on an emulated board: real venv, real pip, every command."""

import os
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from boards import BOARDS, switch_on
from commands import PUBLISHED
from support.built_wheel import ROOT

GUIDE = ROOT / "docs" / "raspberry-pi.md"

#: The two systems that the guide is for; what it installs with apt is there from the start.
SYSTEMS = [replace(board, packages=("python3-venv",)) for board in BOARDS if board.name in ("pi4", "pi5")]


def commands():
    return "".join(re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), flags=re.DOTALL))


@pytest.mark.arm64
@pytest.mark.parametrize("board", SYSTEMS, ids=lambda board: board.name)
def test_every_command_works_in_the_order_of_the_page(board, wheel, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    for path in PUBLISHED.parent.glob(f"{PUBLISHED.stem}.*"):  # scp
        shutil.copy(path, home)
    python = switch_on(board, tmp_path / "board")
    environment = {
        **os.environ,
        "HOME": str(home),
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "PIP_FIND_LINKS": str(wheel.parent),
        "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
        "PYTHONDONTWRITEBYTECODE": "",
    }
    script = f"set -eux\nsudo() {{ :; }}\n{commands()}"
    done = subprocess.run(
        ["nice", "-n", "10", "bash", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=580,
        cwd=home,
        env=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert board.model in done.stdout
    assert "int8-ptq: as promised" in done.stdout
    assert len(list((home / "first" / "masks").iterdir())) == 12
    assert (home / "first" / "cells.csv").read_text().count("\n") > 12
    assert (home / "first-look.json").is_file()
