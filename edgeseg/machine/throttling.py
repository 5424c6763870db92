"""What holds a processor's clock down: a Raspberry Pi's firmware, the kernel's cooling, the chip itself."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from edgeseg.machine import kernel_files

#: Bits of the firmware's answer: 0 to 3 for now, the same 16 higher for some time since it was switched on.
FLAGS = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit"}

_HAPPENED = 16


def decode(throttled: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The flags in words: those of now, and those of some time since the board was switched on.

    Args:
        throttled: hexadecimal, as `0x50005`; bits that are not known are left out.
    """
    bits = int(throttled, 16)
    now = tuple(name for bit, name in FLAGS.items() if bits >> bit & 1)
    happened = tuple(name for bit, name in FLAGS.items() if bits >> (bit + _HAPPENED) & 1)
    return now, happened


def read_flags(root: Path) -> str | None:
    """The firmware's flags, as `0x50005`; `None` where this is no Raspberry Pi, or it does not answer."""
    # soc/soc:firmware on a Pi 4; on a Pi 5 the name of the bus carries an address.
    devices = root / "sys/devices/platform"
    for path in (*devices.glob("*firmware/get_throttled"), *devices.glob("*/*firmware/get_throttled")):
        if flags := _hexadecimal(kernel_files.text(path)):
            return flags
    program = shutil.which("vcgencmd", path=f"{root / 'usr/bin'}:{root / 'opt/vc/bin'}")
    if not program:
        return None
    try:
        answer = subprocess.run(
            [program, "get_throttled"], capture_output=True, text=True, check=True, timeout=5
        )
    except (OSError, subprocess.SubprocessError):
        return None
    name, _, flags = answer.stdout.strip().partition("=")
    return _hexadecimal(flags) if name == "throttled" else None


def _hexadecimal(text: str | None) -> str | None:
    try:
        return f"0x{int(text or '', 16):x}"
    except ValueError:
        return None


def read_count(folders: Sequence[Path]) -> int | None:
    """How often the chip throttled itself (Intel), summed over these processors; `None` if not told."""
    counts = kernel_files.integers(
        path for folder in folders for path in folder.glob("thermal_throttle/*_throttle_count")
    )
    return sum(counts) if counts else None


def read_cooling(root: Path) -> int | None:
    """The highest step by which the kernel slows processors down to cool them; 0 is not at all."""
    devices = [
        path
        for path in (root / "sys/class/thermal").glob("cooling_device*")
        if "cpufreq" in (kind := kernel_files.text(path / "type") or "") or kind == "Processor"
    ]
    return max(kernel_files.integers(path / "cur_state" for path in devices), default=None)
