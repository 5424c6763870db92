"""Does `edgeseg bench` measure what LiteRT's own benchmark tool measures? The two take turns on one file.

python benchmarks/litert_tool.py MODEL.tflite... [--threads 1,2] [--rounds 7] [--out FILE]

Both run the same kernels (XNNPACK) of the same wheel, `ai-edge-litert`, with as many inferences and
threads. The tool runs through `CompiledModel` and fills its input with random values once; the bench runs
through `Interpreter` on its timing tile and copies input and output every time, outside of what it counts
as `invoke`. The ratio is that of the median times of a round, and what is told is the median over rounds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from edgeseg.bench.bench_options import BenchOptions, parse_numbers
from edgeseg.bench.figures import P50
from edgeseg.bench.run_bench import run_bench
from edgeseg.files import json_text, write_text
from edgeseg.machine.description import read_machine
from edgeseg.machine.state import read_state
from edgeseg.model.runtimes.registry import find_runtime
from edgeseg.records import to_data

#: Inferences of one turn, after the warm-up.
RUNS = 60
WARMUP = 10


def tool_ms(model: Path, threads: int) -> float:
    """Median milliseconds by LiteRT's tool."""
    program = Path(sysconfig.get_path("scripts")) / "litert-benchmark"
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [
            str(program), "--model", str(model), "--use_cpu", "--num_threads", str(threads),
            "--num_runs", str(RUNS), "--warmup_runs", str(WARMUP), "--result_json", str(answer),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
        return float(json.loads(answer.read_text())["latency"]["median_ms"])


def bench_ms(model: Path, threads: int) -> float:
    """Median milliseconds by `edgeseg bench`."""
    options = BenchOptions(threads=(threads,), rounds=1, seconds=0, samples=RUNS, runtimes=("litert",))
    (found,) = run_bench([model], options=options).models
    (measurement,) = found.measurements
    if measurement.failure:
        sys.exit(f"{model}: {measurement.failure.reason}")
    return P50.number(measurement) or 0.0


@dataclass(frozen=True, kw_only=True)
class Row:
    """One file with one number of threads; milliseconds, one figure a round."""

    model: str
    threads: int
    bench_p50_ms: tuple[float, ...]
    tool_p50_ms: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """The bench's time over the tool's."""
        return [ours / theirs for ours, theirs in zip(self.bench_p50_ms, self.tool_p50_ms, strict=True)]


def compare(model: Path, threads: int, rounds: int) -> Row:
    """Both, in turns; who is first changes."""
    ours, theirs = [], []
    for turn in range(rounds):
        if turn % 2:
            theirs.append(tool_ms(model, threads))
        ours.append(bench_ms(model, threads))
        if not turn % 2:
            theirs.append(tool_ms(model, threads))
    return Row(model=model.name, threads=threads, bench_p50_ms=tuple(ours), tool_p50_ms=tuple(theirs))


def main() -> None:
    """Measure, print a table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "litert_tool.json")
    arguments = parser.parse_args()
    before = read_state()
    rows = []
    print(f"{'model':48} threads  bench p50  tool p50  ratio (rounds)")
    for model in arguments.models:
        for threads in parse_numbers(arguments.threads, "numbers of threads"):
            row = compare(model, threads, arguments.rounds)
            rows.append(asdict(row) | {"ratio": median(row.ratios)})
            times = f"{median(row.bench_p50_ms):9.2f}  {median(row.tool_p50_ms):8.2f}"
            spread = " ".join(f"{ratio:.3f}" for ratio in row.ratios)
            print(f"{row.model:48} {threads:7}  {times}  {median(row.ratios):.3f} ({spread})", flush=True)
    result = {
        "machine": to_data(read_machine(runtime=str(find_runtime()))),
        "before": to_data(before),
        "after": to_data(read_state()),
        "runs": RUNS,
        "rows": rows,
    }
    write_text(arguments.out, json_text(result))


if __name__ == "__main__":
    main()
