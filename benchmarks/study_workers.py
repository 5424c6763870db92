"""How much sooner does a study end with two workers of one core each than with one?

    python benchmarks/study_workers.py --out benchmarks/results/study_workers.json

Four small networks, each trained and exported, on synthetic images: with `--workers 1` and `--workers 2` on
this machine, and on Ray clusters of one and of two nodes with one core each (started here on loopback, ended
afterwards), in turns. What is timed is from the beginning of the first task to the end of the last; the
bench, which always has the machine for itself, is left out. All end with the same files, or it fails.
Needs two cores that do nothing else and the extras `train` and `cluster`; takes about half an hour.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import median

from edgeseg import files
from edgeseg._version import __version__
from edgeseg.machine.description import read_machine
from edgeseg.machine.state import read_state
from edgeseg.records import to_data

ROUNDS = 3
STUDY = """
dataset = "synthetic"
preset = "unet-8"
combinations = ["bce+adam", "bce+nadam", "bce+rmsprop", "dice-bce+adam"]
variants = ["float32"]
[synthetic]
count = 60
size = 64
[training]
levels = 3
input_size = 64
crop_size = 64
epochs = 60
batch_size = 8
[bench]
rounds = 1
seconds = 0.05
samples = 3
warmup_seconds = 0.05
[needs.train]
memory_gb = 0.5
[needs.export]
memory_gb = 0.5
"""


def run(out: Path, *options: str) -> tuple[float, dict[str, str]]:
    """Run the study; the seconds of its tasks together, and the SHA-256 of each file that it made."""
    plan = out.with_suffix(".toml")
    plan.write_text(STUDY)
    command = [sys.executable, "-m", "edgeseg", "study", "run", str(plan), "--out", str(out), *options]
    subprocess.run(command, check=True, capture_output=True)
    records = [
        json.loads(path.read_text())
        for path in (out / "tasks").glob("*.json")
        if not path.name.endswith("_bench.json")
    ]
    begun = min(datetime.fromisoformat(each["started_at"]) for each in records)
    ended = max(datetime.fromisoformat(each["ended_at"]) for each in records)
    made = {name: sha for each in records for name, sha in each["outputs"].items() if "tflite" in name}
    return (ended - begun).total_seconds(), made


@contextlib.contextmanager
def ray_nodes(count: int) -> Iterator[str]:
    """A cluster of nodes of one core each; its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    root = Path(tempfile.mkdtemp(prefix="eray"))  # sockets lie below: their paths must be short
    nodes = []
    try:
        for number in range(count):
            where = ["--address", f"127.0.0.1:{port}"]
            if not number:
                where = ["--head", "--port", str(port), "--include-dashboard", "false"]
            first = 22_000 + 300 * number
            command = [
                str(Path(sys.executable).with_name("ray")), "start", "--block", *where, "--num-cpus", "1",
                "--num-gpus", "0", "--object-store-memory", "80000000", "--node-ip-address", "127.0.0.1",
                "--disable-usage-stats", "--temp-dir", str(root / str(number)),
                "--min-worker-port", str(first), "--max-worker-port", str(first + 200),
            ]  # fmt: skip
            nodes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            time.sleep(15)  # until the node is ready
        yield f"127.0.0.1:{port}"
    finally:
        for node in reversed(nodes):
            node.send_signal(signal.SIGTERM)  # ends all that the node has started
            node.wait(60)
        shutil.rmtree(root, ignore_errors=True)


def measure(folder: Path) -> dict[str, list[float]]:
    """Seconds of each round, by engine and number of workers; fails where files differ."""
    seconds: dict[str, list[float]] = {}
    made: list[dict[str, str]] = []
    for turn in range(ROUNDS):
        for workers in (1, 2):
            for engine in ("local", "ray"):
                key, out = f"{engine}, {workers}", folder / f"{engine}{workers}-{turn}"
                if engine == "local":
                    taken, outputs = run(out, "--workers", str(workers))
                else:
                    with ray_nodes(workers) as address:
                        taken, outputs = run(out, "--engine", "ray", "--address", address)
                seconds.setdefault(key, []).append(taken)
                made.append(outputs)
                print(f"{key}: {taken:.1f} s")
    if any(each != made[0] for each in made):
        sys.exit("the files of two runs differ")
    return seconds


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    before = read_state()
    with tempfile.TemporaryDirectory() as name:
        seconds = measure(Path(name))
    middle = {key: median(values) for key, values in seconds.items()}
    speed_up = {engine: middle[f"{engine}, 1"] / middle[f"{engine}, 2"] for engine in ("local", "ray")}
    for engine, times in speed_up.items():
        print(f"{engine}: {times:.2f} times as fast with two workers")
    files.write_json(
        out,
        {
            "edgeseg": __version__,
            "machine": to_data(read_machine(runtime="")),
            "before": to_data(before),
            "after": to_data(read_state()),
            "study": STUDY.splitlines(),
            "seconds": seconds,
            "speed_up": speed_up,
        },
    )


if __name__ == "__main__":
    main()
