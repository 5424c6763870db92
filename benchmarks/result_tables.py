"""Write the measured tables into README.md and docs/study.md, from the results; `--check` only compares.

python benchmarks/result_tables.py [--check]
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from edgeseg.bench.figures import AGREEMENT, CELL_F1, DICE, IOU, MEAN_DICE, MEAN_IOU, P50
from edgeseg.bench.result import BenchResult, ModelResult
from edgeseg.bench.result_file import load_result
from edgeseg.model.recipe import RECIPES

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
START, END = "<!-- results -->", "<!-- /results -->"

#: What the table shows; the results have other runtimes too.
RUNTIME = "litert"

#: The study's variants beside the base.
STUDIED = ("int8-ptq", "int8-qat", "pruned")

HEADER = (
    "data", "variant", "kB", "gzip kB", "xz kB", "p50 ms", "2 threads", "Dice", "95 %", "IoU", "mean Dice",
    "mean IoU", "cell F1", "agree %", "operators", "bytes x", "p50 x",
)  # fmt: skip


def variants_table() -> str:
    """Every variant on every data set: the README's."""
    results = {path.parent.name: load_result(path) for path in sorted(RESULTS.glob("*/bench.json"))}
    lines = ["| " + " | ".join(HEADER) + " |", "|---|---|" + "---:|" * (len(HEADER) - 2)]
    for result in results.values():
        models = sorted(result.models, key=lambda each: list(RECIPES).index(each.variant))
        lines += ["| " + " | ".join(_cells(result, model)) + " |" for model in models]
    return "\n".join([_caption(results), "", *lines, "", _notes()])


def _caption(results: dict[str, BenchResult]) -> str:
    first = next(iter(results.values()))
    images = ", ".join(f"{each.dataset.images} of `{name}`" for name, each in results.items() if each.dataset)
    machine = first.machine
    return (
        f"`unet-16` (1.9 M parameters, 256x256), test images: {images}; {machine.cpu} "
        f"({', '.join(machine.cpu_features)}), {first.runtimes[RUNTIME]}; every file in 1 XNNPACK partition."
    )


def _notes() -> str:
    return (
        "Dice and IoU are pooled over the test images, `95 %` is the interval of Dice over the source images "
        "that they are tiles of, `mean` is the mean of the tiles' own; `cell F1`: cells matched at IoU 0.5 "
        "where touching cells count as one; `agree %`: "
        "mask pixels that are as those of the float32 file; `bytes x` (of the file as it is shipped) and "
        "`p50 x` (one thread) are ratios to the float32 file of the same data, measured in the same run. Raw "
        "samples, machine and commands: [benchmarks/results](benchmarks/README.md)."
    )


def _cells(result: BenchResult, model: ModelResult) -> list[str]:
    float32 = next(each for each in result.models if each.variant == "float32")
    time, base = _p50(model, 1), _p50(float32, 1)
    quality = model.quality(RUNTIME)
    assert quality
    interval = DICE.interval(quality)
    assert interval
    assert model.size
    assert model.audit
    assert float32.size
    assert result.dataset
    assert model.audit.partitions == 1
    xz = model.size.xz_bytes
    return [
        result.dataset.name,
        f"`{model.variant}`",
        f"{model.size.raw_bytes / 1000:,.0f}",
        f"{model.size.gzip_bytes / 1000:,.0f}",
        f"{xz / 1000:,.0f}" if xz else "",
        f"{time:.1f}",
        f"{_p50(model, 2):.1f}",
        f"{quality.pooled['dice']:.4f}",
        f"{interval[0]:.3f} to {interval[1]:.3f}",
        *(f"{figure.read(quality):.4f}" for figure in (IOU, MEAN_DICE, MEAN_IOU)),
        f"{CELL_F1.read(quality):.3f}",
        f"{100 * (AGREEMENT.number(quality) or 0):.2f}",
        str(sum(model.audit.operators.values())),
        f"{model.size.file_bytes / float32.size.raw_bytes:.3f}",
        f"{time / base:.2f}",
    ]


def _p50(model: ModelResult, threads: int) -> float:
    measurement = model.measurement(RUNTIME, threads)
    assert measurement
    milliseconds = P50.number(measurement)
    assert milliseconds
    return milliseconds


def study_table() -> str:
    """F1 of the study's cells: a row a combination, a column a variant."""
    with (RESULTS / "study_small" / "study.csv").open(newline="") as file:
        rows = {(row["loss"], row["optimizer"], row["variant"]): row for row in csv.DictReader(file)}
    combinations = dict.fromkeys((loss, optimizer) for loss, optimizer, _ in rows)
    lines = [
        "| loss | optimizer | networks | float32 | "
        + " | ".join(f"{each}, points" for each in STUDIED)
        + " |",
        "|---|---|---:|---:|" + "---:|" * len(STUDIED),
    ]
    for combination in combinations:
        base = rows[*combination, "float32"]
        changes = [_change(rows[*combination, variant]) for variant in STUDIED]
        cells = [*combination, base["seeds"], f"{float(base['dice']):.4f}", *changes]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _change(row: dict[str, str]) -> str:
    change, low, high = (100 * float(row[key]) for key in ("change", "change_low", "change_high"))
    return f"{change:+.2f} ({low:+.2f} to {high:+.2f})"


def main() -> None:
    """Write, or with --check fail where a page and the results differ."""
    for page, table in ((ROOT / "README.md", variants_table), (ROOT / "docs" / "study.md", study_table)):
        text = page.read_text()
        before, _, rest = text.partition(START)
        _, _, after = rest.partition(END)
        made = f"{before}{START}\n{table()}\n{END}{after}"
        if "--check" not in sys.argv:
            page.write_text(made)
        elif made != text:
            sys.exit(
                f"{page.name} does not show the committed results; run python benchmarks/result_tables.py"
            )


if __name__ == "__main__":
    main()
