"""Reading the small text files in which the Linux kernel tells about the machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path


def text(path: Path) -> str | None:
    """The content without surrounding white space; `None` where there is none or it cannot be read."""
    try:
        # The device tree ends its strings with a zero byte.
        return path.read_text(errors="replace").strip("\0\n ") or None
    except OSError:
        return None


def integer(path: Path) -> int | None:
    """The content as a number; `None` where it is none."""
    content = text(path) or ""
    return int(content) if content.lstrip("-").isdecimal() else None


def decimal(content: str) -> float | None:
    """A text as a number; `None` where it is none."""
    try:
        return float(content)
    except ValueError:
        return None


def integers(paths: Iterable[Path]) -> list[int]:
    """The numbers in those files that hold one."""
    return [value for path in sorted(paths) if (value := integer(path)) is not None]


def field(path: Path, name: str) -> int | None:
    """The number behind a name, as in `MemTotal:  8245312 kB` or `pswpin 17`; `None` if it is not there."""
    for line in (text(path) or "").splitlines():
        words = line.split()
        if len(words) > 1 and words[0].rstrip(":") == name and words[1].isdecimal():
            return int(words[1])
    return None


def usable_cpus() -> tuple[int, ...]:
    """Numbers of the processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def cpu_folders(root: Path, cpus: Sequence[int]) -> list[Path]:
    """Where the kernel tells about each of these processors."""
    return [root / f"sys/devices/system/cpu/cpu{number}" for number in cpus]


def highest_mhz(root: Path, cpus: Sequence[int], name: str) -> float | None:
    """A clock (`cpuinfo_max_freq`, `scaling_cur_freq`) of the fastest of these processors, if known."""
    found = integers(folder / "cpufreq" / name for folder in cpu_folders(root, cpus))
    return max(found) / 1000 if found else None
