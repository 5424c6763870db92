"""Which compression for shipping a pruned model: bytes, time and memory of unpacking.

Each format unpacks in a process of its own, several times, in turns. `edgeseg` is `edgeseg.model.xz` (xz
with settings for sparse weights), `xz` and `gzip` are the usual tools at their best, `zstd` needs its
program.

    python benchmarks/container_formats.py MODEL.tflite [--rounds 5] [--out FILE]
"""

from __future__ import annotations

import argparse
import gzip
import json
import lzma
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from edgeseg.model import xz

UNPACK = """
import gzip, lzma, pathlib, re, resource, subprocess, sys, time
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
kind, path = sys.argv[1:]
base = peak()
start = time.perf_counter()
packed = open(path, "rb").read()
if kind == "zstd":
    data = subprocess.run(["zstd", "-dqc", path], stdout=subprocess.PIPE, check=True).stdout
else:
    data = (gzip if kind == "gzip" else lzma).decompress(packed)
seconds = time.perf_counter() - start
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(seconds, peak() - base + child, len(data))
"""


def pack_all(data: bytes, source: Path) -> dict[str, bytes]:
    """The file in every format that is at hand."""
    packed = {
        "gzip": gzip.compress(data, 9, mtime=0),
        "xz": lzma.compress(data, preset=9 | lzma.PRESET_EXTREME),
        "edgeseg": xz.pack(data),
    }
    if shutil.which("zstd"):
        command = ["zstd", "-qc", "--ultra", "-22", str(source)]
        packed["zstd"] = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return packed


def measure(source: Path, rounds: int) -> dict[str, Any]:
    """Bytes, raw times (seconds) and peak memory (KiB over an idle process) of each format."""
    data = source.read_bytes()
    result: dict[str, Any] = {"model": source.name, "bytes": len(data), "formats": {}}
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for kind, packed in pack_all(data, source).items():
            paths[kind] = Path(folder) / kind
            paths[kind].write_bytes(packed)
            result["formats"][kind] = {"bytes": len(packed), "seconds": [], "peak_kib": []}
        for _ in range(rounds):
            for kind, path in paths.items():
                command = [sys.executable, "-c", UNPACK, kind, str(path)]
                said = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
                seconds, peak, length = said.split()
                if int(length) != len(data):
                    sys.exit(f"{kind} gave {length} bytes, expected {len(data)}")
                result["formats"][kind]["seconds"].append(float(seconds))
                result["formats"][kind]["peak_kib"].append(int(peak))
    return result


def main() -> None:
    """Measure, print, and keep the raw figures where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    result = measure(arguments.model, arguments.rounds)
    print(f"{result['model']}: {result['bytes']:,} bytes")
    for kind, facts in sorted(result["formats"].items(), key=lambda item: item[1]["bytes"]):
        milliseconds = statistics.median(facts["seconds"]) * 1e3
        memory = statistics.median(facts["peak_kib"]) / 1024
        share = facts["bytes"] / result["bytes"]
        print(
            f"{kind:>8}: {facts['bytes']:>9,} bytes ({share:.1%}), {milliseconds:6.1f} ms, {memory:5.1f} MiB"
        )
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
