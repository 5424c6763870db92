"""What the edge install costs: bytes on disk, start-up, memory of a prediction.

    python benchmarks/light_install.py ENVIRONMENT --out results.json

ENVIRONMENT is a virtual environment with the wheel and nothing else:

    python -m venv ENVIRONMENT && ENVIRONMENT/bin/pip install edgeseg

Every command is a process of its own, in turns. Times are of wall clock; the least counts, which is that of
files that the system has read before. Memory is the median.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from edgeseg import files
from edgeseg.data.images import write_png
from edgeseg.data.synthetic.synth import synthesize
from edgeseg.machine.description import read_machine
from edgeseg.machine.state import read_state
from edgeseg.records import to_data

(MODEL,) = (Path(__file__).parents[1] / "models").glob("*/*int8-ptq.tflite")

#: What each may take: bytes of the installation without pip and compiled modules, seconds, bytes.
LIMITS = {"installed_bytes": 300e6, "version_s": 0.5, "inspect_s": 1.5, "predict_peak_bytes": 150e6}

#: Not the project's: what a venv brings.
_NOT_OURS = ("pip", "setuptools")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("environment", type=Path, help="a virtual environment with the wheel alone")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path, help="where to write all samples as JSON")
    chosen = parser.parse_args()
    before = read_state()
    installed, compiled = installed_bytes(chosen.environment)
    forget_libraries(chosen.environment)
    samples = measure(chosen.environment / "bin" / "edgeseg", chosen.rounds)
    found = {
        "installed_bytes": installed,
        "version_s": min(samples["version_s"]),
        "inspect_s": min(samples["inspect_s"]),
        "predict_peak_bytes": statistics.median(samples["predict_peak_bytes"]),
    }
    for name, value in found.items():
        print(f"{name:20} {value:15,.2f}  at most {LIMITS[name]:13,.1f}")
    print(f"compiled modules take {compiled:,} bytes more")
    if chosen.out:
        content = {
            "machine": to_data(read_machine(runtime="")),
            "before": to_data(before),
            "after": to_data(read_state()),
            "limits": LIMITS,
            "found": found,
            "compiled_bytes": compiled,
            "samples": samples,
        }
        files.write_bytes(chosen.out, files.json_text(content).encode())
    return int(any(found[name] > limit for name, limit in LIMITS.items()))


def installed_bytes(environment: Path) -> tuple[int, int]:
    """Bytes of what was installed: without compiled modules, and of those."""
    (site,) = environment.glob("lib/python*/site-packages")
    sizes = [0, 0]
    for path in site.rglob("*"):
        ours = not path.relative_to(site).parts[0].startswith(_NOT_OURS)
        if ours and path.is_file() and not path.is_symlink():
            sizes[path.suffix == ".pyc"] += path.stat().st_size
    return sizes[0], sizes[1]


def forget_libraries(environment: Path) -> None:
    """Have the system read them anew, as after a start: of files just written it maps larger parts."""
    for path in environment.glob("lib/python*/site-packages/**/*.so*"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(edgeseg: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds of `--version` and `inspect`, and the most memory of `predict` on one image."""
    samples: dict[str, list[float]] = {"version_s": [], "inspect_s": [], "predict_peak_bytes": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image = folder / "image.png"
        write_png(image, synthesize(0)[0])
        for _ in range(rounds):
            samples["version_s"].append(run(edgeseg, "--version")[0])
            samples["inspect_s"].append(run(edgeseg, "inspect", MODEL)[0])
            predict = ("predict", MODEL, image, "--out", folder / "out", "--force")
            samples["predict_peak_bytes"].append(run(edgeseg, *predict)[1])
    return samples


def run(*command: str | Path) -> tuple[float, int]:
    """Seconds that a command took, and the most memory that it had: its resident set in bytes."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as told:
        child = subprocess.Popen([str(part) for part in command], stdout=told, stderr=told)
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)  # it is waited for already
        if child.returncode:
            told.seek(0)
            raise SystemExit(f"{' '.join(map(str, command))} failed: {told.read().decode()}")
    return seconds, used.ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main())
