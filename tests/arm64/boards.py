"""Raspberry Pis that are not there: real Debian, Python and wheels of theirs, run by an emulator."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import debian_packages
from support.built_wheel import ROOT

#: Below it lies all that is downloaded; deleting it is safe.
CACHE = Path(os.environ.get("EDGESEG_CACHE", ROOT / ".cache")) / "arm64"

_GLIBC_MINORS = range(17, 37)  # bookworm has glibc 2.36


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board and the system on it.

    Attributes:
        name: for tests.
        model: as its device tree says.
        cpu: as QEMU calls the processor.
        suite: Debian's, which Raspberry Pi OS is built on.
        python: the system's, as `3.11`.
        millidegrees: of the processor, degrees Celsius.
        throttled: the firmware's flags.
        told: what is to be said of them.
        firmware: where the kernel shows them.
        architecture: as Debian calls it.
        packages: of Debian, beside Python.
    """

    name: str
    model: str
    cpu: str
    suite: str
    python: str
    millidegrees: int
    throttled: str
    told: str
    firmware: str = "soc/soc:firmware"
    architecture: str = "arm64"
    packages: tuple[str, ...] = ()


BOARDS = (
    Board(
        name="pi3",
        model="Raspberry Pi 3 Model B Plus Rev 1.3",
        cpu="cortex-a53",
        suite="bookworm",
        python="3.11",
        millidegrees=61300,
        throttled="50005",
        told="now: under-voltage, throttled; earlier: under-voltage, throttled",
    ),
    Board(
        name="pi4",
        model="Raspberry Pi 4 Model B Rev 1.4",
        cpu="cortex-a72",
        suite="bookworm",
        python="3.11",
        millidegrees=48200,
        throttled="0",
        told="none since it was switched on",
    ),
    Board(
        name="pi5",
        model="Raspberry Pi 5 Model B Rev 1.0",
        cpu="cortex-a76",
        suite="trixie",
        python="3.13",
        millidegrees=84700,
        throttled="e0008",
        told="now: soft temperature limit; earlier: frequency capped, throttled, soft temperature limit",
        firmware="soc@107c000000/soc@107c000000:firmware",
    ),
)

#: Raspberry Pi OS (32-bit). numpy and OpenCV are Debian's: there are no wheels.
OLD_BOARD = Board(
    name="pi3-32bit",
    model="Raspberry Pi 3 Model B Plus Rev 1.3",
    cpu="max",  # QEMU has none of the board's processors for 32 bits
    suite="bookworm",
    python="3.11",
    millidegrees=55100,
    throttled="80000",
    told="earlier: soft temperature limit (0x80000)",
    architecture="armhf",
    packages=("python3-numpy", "python3-opencv"),
)

_MACHINES = {"arm64": "aarch64", "armhf": "armv7l"}

#: Beside the wheel, which is installed by itself there; see docs/raspberry-pi.md.
_OLD_REQUIREMENTS = (
    "tflite-runtime==2.14.0",
    "tflite==2.18.0",
    "roifile==2026.2.10",
    "tifffile==2026.3.3",
    "flatbuffers",
    "typer",
    "tomlkit",
    "filelock",
)


@dataclass(frozen=True)
class Emulated:
    """A board that runs.

    Attributes:
        board: which.
        python: its interpreter, as a program of this machine.
        site: the folders with the wheel and with what it asks for.
    """

    board: Board
    python: Path
    site: tuple[Path, Path]

    def run(self, *arguments, timeout=240, **options):
        """Run its Python."""
        # Compiled modules are kept in the cache: reading them takes a third of the time.
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **options.pop("env", {})}
        command = ["nice", "-n", "10", self.python, *arguments]
        return subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            env=environment,
            **options,
        )


def boot(board, wheel, folder):
    """A board with the wheel installed, in a new folder; the cache keeps what was downloaded for it.

    Raises:
        UnavailableError: this machine cannot, or cannot reach what it needs.
    """
    python = switch_on(board, folder)
    packages = dependencies(wheel, board)
    shared = str(bool(board.packages)).lower()
    environment = folder / "venv"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").symlink_to(python)
    (environment / "pyvenv.cfg").write_text(
        f"home = {python.parent}\ninclude-system-site-packages = {shared}\n"
    )
    site = environment / "lib" / f"python{board.python}" / "site-packages"
    _pip("install", "--no-deps", "--target", site, wheel)
    (site / "dependencies.pth").write_text(f"{packages}\n")
    return Emulated(board, environment / "bin" / "python", (site, packages))


def switch_on(board, root):
    """The board without anything of ours, in a new folder; the path of its Python.

    QEMU looks for absolute paths below `root` first: there are links to the system, and what the kernel
    tells. Python is a script that calls the emulator, which hands the script's own name on as that of the
    program. So Python finds its library and its virtual environment by it, and starts children by it again:
    that needs neither root nor a kernel that knows the emulator.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    qemu = debian_packages.emulator(CACHE, board.architecture)
    wanted = [f"python{board.python}", "libstdc++6", *board.packages]
    system = debian_packages.unpack(CACHE, board.architecture, board.suite, wanted)
    write_board(root, board)
    _link_all(system, root, but="usr")
    _link_all(system / "usr", root / "usr", but="bin")
    (root / "usr" / "bin").mkdir()
    python = root / "usr" / "bin" / f"python{board.python}"
    program = system / "usr" / "bin" / python.name
    python.write_text(f'#!/bin/sh\nexec "{qemu}" -L "{root}" -cpu {board.cpu} -0 "$0" "{program}" "$@"\n')
    python.chmod(0o755)
    (python.parent / "python3").symlink_to(python)
    return python


def _link_all(folder, into, *, but):
    into.mkdir(parents=True, exist_ok=True)
    for entry in folder.iterdir():
        if entry.name != but:
            (into / entry.name).symlink_to(entry)


def write_board(root, board):
    """What the board's kernel tells about it, below `root`."""
    told = {
        "proc/device-tree/model": f"{board.model}\0",
        "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
        "sys/class/thermal/thermal_zone0/temp": f"{board.millidegrees}\n",
        f"sys/devices/platform/{board.firmware}/get_throttled": f"{board.throttled}\n",
    }
    for cpu in os.sched_getaffinity(0):
        told[f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor"] = "ondemand\n"
    for path, content in told.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)


def dependencies(wheel, board):
    """A folder with all that the wheel asks for on that board, in the tested versions."""
    constraints = ROOT / "constraints.txt"
    old = board.architecture == "armhf"
    asked = [constraints.read_text(), *(_OLD_REQUIREMENTS if old else _requirements(wheel))]
    digest = hashlib.sha256("\n".join(asked).encode()).hexdigest()
    name = f"packages-{board.python}-{board.architecture}"
    kept = CACHE / f"{name}-{digest[:16]}"
    if kept.is_dir():
        return kept
    machine = _MACHINES[board.architecture]
    to = (f"--python-version={board.python}", "--implementation=cp", "--only-binary=:all:", "--no-compile")
    to += tuple(f"--platform=manylinux_2_{minor}_{machine}" for minor in reversed(_GLIBC_MINORS))
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        made = Path(folder) / "made"
        if old:  # those that ask for numpy by themselves: pip does not see Debian's from here
            _pip("install", *to, "--target", made, "--no-deps", *_OLD_REQUIREMENTS[:4])
            _pip("install", *to, "--target", made, "--constraint", constraints, *_OLD_REQUIREMENTS[4:])
        else:
            _pip("install", *to, "--target", made, "--constraint", constraints, wheel)
        for own in made.glob("edgeseg*"):  # changes from one run to the next
            shutil.rmtree(own)
        for outdated in CACHE.glob(f"{name}-*"):
            shutil.rmtree(outdated)
        made.rename(kept)
    return kept


def _requirements(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(name).decode()
    return [line for line in metadata.splitlines() if line.startswith("Requires-Dist")]


def _pip(*arguments):
    command = [sys.executable, "-m", "pip", "--quiet", "--no-input", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if re.search("error", line, re.IGNORECASE)]
        raise debian_packages.UnavailableError(f"pip failed: {(errors or ['it said nothing'])[-1]}")
