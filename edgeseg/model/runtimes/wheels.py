"""Which TFLite runtime has a wheel for a machine, and how to get it: as published until ai-edge-litert 2.3.

`docs/raspberry-pi.md` has the table.
"""

from __future__ import annotations

import platform
import sys
import sysconfig
from dataclasses import dataclass

_LITERT = "`pip install ai-edge-litert`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What decides which wheels fit.

    Attributes:
        python: major and minor version.
        machine: the kernel's name of the processor, `aarch64`, `x86_64`, `armv7l`, ...
        bits: of this Python, 32 or 64; a 64-bit kernel may carry a 32-bit system.
        libc: `glibc`, `musl`, or "" where it is not known.
        libc_version: major and minor, (0, 0) where it is not known.
    """

    python: tuple[int, int]
    machine: str
    bits: int
    libc: str
    libc_version: tuple[int, int]

    def __str__(self) -> str:
        libc = f"{self.libc} {_dotted(self.libc_version)}" if any(self.libc_version) else self.libc
        system = ", ".join(filter(None, (f"{self.machine} ({self.bits} bits)", libc)))
        return f"Python {_dotted(self.python)} on {system}"


def this_target() -> Target:
    """The Python that runs this."""
    name, version = platform.libc_ver()
    if "musl" in (sysconfig.get_config_var("SOABI") or ""):
        name, version = "musl", ""
    major, _, minor = version.partition(".")
    return Target(
        python=sys.version_info[:2],
        machine=platform.machine(),
        bits=64 if sys.maxsize > 2**32 else 32,
        libc=name,
        libc_version=(int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else (0, 0),
    )


def advise(target: Target) -> str:
    """What to install, or why nothing can be; the tail of a sentence."""
    if target.libc == "musl":
        return (
            "no TFLite runtime has a wheel for musl; use a system with glibc, as Debian, Ubuntu or "
            "Raspberry Pi OS"
        )
    if target.bits == 32:
        return _advise_32(target)
    if target.machine not in ("x86_64", "aarch64"):
        return f"no TFLite runtime has a wheel for {target.machine}; there are for x86_64 and aarch64"
    if target.libc == "glibc" and any(target.libc_version) and target.libc_version < (2, 27):
        return "ai-edge-litert needs glibc 2.27; use a newer system (Debian 12, Raspberry Pi OS 12)"
    if target.python > (3, 14):
        return "ai-edge-litert has wheels for Python up to 3.14; use one of these"
    return _LITERT


def _advise_32(target: Target) -> str:
    if target.machine not in ("armv7l", "armv8l", "aarch64"):
        return f"no TFLite runtime has a 32-bit wheel for {target.machine}; use a 64-bit system"
    if target.python > (3, 11) or target.libc_version < (2, 34):
        return (
            "32-bit ARM has tflite-runtime alone, for Python up to 3.11 with glibc 2.34 or newer; use "
            "Raspberry Pi OS (64-bit), or the 32-bit one of bookworm"
        )
    return "`pip install --no-deps tflite-runtime==2.14.0`, with the system's python3-numpy (older than 2)"


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
