"""Does a limit on latency cry wolf, and does it see a network that is slower?

    python benchmarks/latency_gate.py --out benchmarks/results/latency_gate.json

A small int8 U-Net is benched again and again, unchanged. Each bench in turn is the baseline
(`edgeseg check --update`), and each pair of benches that followed one another is checked against it, the
later one as `--confirm`: every verdict but "ok" is a false alarm, whether confirmed or not. Then the same is
done with networks that are wider by a quarter and by half, which the check must find.
Needs a machine that does nothing else, and the extra `train`; takes about ten minutes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from edgeseg import files
from edgeseg._version import __version__
from edgeseg.bench.figures import P50
from edgeseg.bench.result import BenchResult
from edgeseg.bench.result_file import load_result
from edgeseg.data.synthetic.synth import synthesize
from edgeseg.host.export.convert import convert
from edgeseg.host.training.build import build_network
from edgeseg.host.training.keras import keras
from edgeseg.machine.doubts import doubts
from edgeseg.model.recipe import INT8_PTQ
from edgeseg.networks.unet import UNetConfig
from edgeseg.records import to_data

SIZE, LEVELS, FILTERS = 128, 4, 16
WIDER = {"a quarter wider": 20, "half as wide again": 24}
LIMITS = ("3 %", "5 %", "10 %", "25 %")
NAME = "unet_int8-ptq.tflite"
BENCHES, OF_WIDER = 12, 2


def write_model(folder: Path, filters: int) -> None:
    """An int8 network with random weights: latency does not depend on them."""
    keras.utils.set_random_seed(0)
    network = UNetConfig(base_filters=filters, levels=LEVELS, input_size=SIZE)
    images = np.stack([synthesize(index, size=SIZE)[0] for index in range(8)])
    images[0, 0, :2] = 0, 255
    folder.mkdir()
    model = build_network(network, input_size=SIZE, batch_size=1)
    (folder / NAME).write_bytes(convert(model, INT8_PTQ, images))


def edgeseg(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of edgeseg; the process ends where it was given something wrong."""
    command = [sys.executable, "-m", "edgeseg", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)
    return done


def bench(models: Path, out: Path) -> Path:
    """The result of `edgeseg bench` as it is by default."""
    edgeseg("bench", models, "--out", out)
    print(f"{out.stem}: p50 {p50(load_result(out)):.3f} ms")
    return out


def p50(result: BenchResult) -> float:
    """Of the only row, milliseconds."""
    return float(P50.number(result.models[0].measurements[0]) or 0)


def budgets(baseline: Path, limit: str, folder: Path) -> Path:
    """A budget file with one limit, and with `baseline` as what it is relative to."""
    path = folder / f"{baseline.stem}-{limit.removesuffix(' %')}.toml"
    files.write_text(path, f'[models."*.tflite"]\nmax_growth_latency = "{limit}"\n')
    edgeseg("check", baseline, "--budget", path, "--update")
    return path


def verdicts(budget: Path, pairs: list[tuple[Path, Path]]) -> Counter[str]:
    """What the check says of each bench with the next one to confirm it."""
    found: Counter[str] = Counter()
    for first, second in pairs:
        options = ("--budget", budget, "--json")
        alone = json.loads(edgeseg("check", first, *options).stdout)["judgements"]
        both = json.loads(edgeseg("check", first, "--confirm", second, *options).stdout)["judgements"]
        found["checks"] += 1
        found["beyond in one bench"] += alone[0]["verdict"] != "ok"
        found["broken"] += both[0]["verdict"] == "broken"
        found["not judged"] += both[0]["verdict"] == "not judged"
    return found


def prove(out: Path) -> None:
    """Bench, check, print the table, write the JSON."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_model(folder / "same", FILTERS)
        same = [bench(folder / "same", folder / f"same_{number}.json") for number in range(BENCHES)]
        wider = {}
        for what, filters in WIDER.items():
            write_model(folder / str(filters), filters)
            wider[what] = [
                bench(folder / str(filters), folder / f"{filters}_{number}.json")
                for number in range(OF_WIDER)
            ]
        rows = list(_rows(same, wider, folder))
        results = [*same, *(each for group in wider.values() for each in group)]
        report = {
            "edgeseg": __version__,
            "machine": to_data(load_result(same[0]).machine),
            "doubts": [list(doubts(load_result(each).conditions)) for each in results],
            "p50_ms": [p50(load_result(each)) for each in same],
            "wider_p50_ms": {what: [p50(load_result(each)) for each in them] for what, them in wider.items()},
            "rows": rows,
        }
    files.write_json(out, report)
    for row in rows:
        print(row)


def _rows(same: list[Path], wider: dict[str, list[Path]], folder: Path) -> Any:
    for limit in LIMITS:
        total: dict[str, Counter[str]] = {what: Counter() for what in ("the same file", *wider)}
        for baseline in same:
            budget = budgets(baseline, limit, folder)
            pairs = [pair for pair in pairwise(same) if baseline not in pair]
            total["the same file"] += verdicts(budget, pairs)
            for what, them in wider.items():
                total[what] += verdicts(budget, list(pairwise(them)))
        yield from ({"limit": limit, "file": what, **counts} for what, counts in total.items())


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    prove(parser.parse_args().out)


if __name__ == "__main__":
    main()
