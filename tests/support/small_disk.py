"""Commands, one after the other in one process, each with a small disk of its own.

The disk is a tmpfs in a mount namespace of that process, so that no root is needed and nothing outside sees
it.
"""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from support.command import Ended, edgeseg
from support.paths import TESTS

KIB = 4096


def can_be_mounted(folder):
    """Whether this system lets a user mount a disk of his own."""
    try:
        return _in_namespace("mount", "-t", "tmpfs", "none", folder).returncode == 0
    except FileNotFoundError:
        return False


def run_each(commands, disk, folder):
    """Run commands, the disk mounted anew for each.

    Args:
        commands: by any key: what a shell does to the disk before, and the arguments of edgeseg.
        disk: the folder to mount it on.
        folder: for what is told between the processes.

    Returns:
        By key: how the command ended, and the files that were left on the disk.
    """
    told, answer = folder / "commands.json", folder / "ended.json"
    told.write_text(json.dumps([[before, [*map(str, each)]] for before, each in commands.values()]))
    ran = _in_namespace(sys.executable, "-m", "support.small_disk", disk, told, answer)
    assert ran.returncode == 0, ran.stderr
    pairs = [(Ended(**ended), left) for ended, left in json.loads(answer.read_text())]
    return dict(zip(commands, pairs, strict=True))


def _in_namespace(*command):
    return subprocess.run(
        ["unshare", "--mount", "--map-root-user", *map(str, command)],
        capture_output=True, text=True, check=False, timeout=550, cwd=TESTS,
    )  # fmt: skip


def _main(disk, told, answer):
    ended = []
    for before, arguments in json.loads(Path(told).read_text()):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={KIB}k", "none", disk], check=True)
        subprocess.run(["sh", "-ec", before], check=True)
        command = edgeseg(*arguments)
        left = [str(path) for path in Path(disk).rglob("*") if path.is_file()]
        subprocess.run(["umount", "--lazy", disk], check=True)
        ended.append((asdict(command), left))
    Path(answer).write_text(json.dumps(ended))


if __name__ == "__main__":
    _main(*sys.argv[1:])
