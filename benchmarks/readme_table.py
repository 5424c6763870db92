"""Write the measured tables into README.md, from the committed results; `--check` only compares.

python benchmarks/readme_table.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from edgeseg.bench.result import BenchResult, ModelResult, load_result

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
START, END = "<!-- results -->", "<!-- /results -->"

HEADER = (
    "data",
    "variant",
    "kB",
    "gzip kB",
    "p50 ms",
    "p90 ms",
    "model MB",
    "Dice",
    "IoU",
    "bytes x",
    "p50 x",
)
ORDER = ("float32", "float16", "dynamic-int8", "int8-ptq")


def tables() -> str:
    """The Markdown between the markers."""
    results = {path.parent.name: load_result(path) for path in sorted(RESULTS.glob("*/bench.json"))}
    lines = ["| " + " | ".join(HEADER) + " |", "|---|---|" + "---:|" * (len(HEADER) - 2)]
    for result in results.values():
        models = sorted(result.models, key=lambda each: ORDER.index(each.variant))
        lines += ["| " + " | ".join(_cells(result, model)) + " |" for model in models]
    return "\n".join([_caption(results), "", *lines, "", _notes()])


def _caption(results: dict[str, BenchResult]) -> str:
    first = next(iter(results.values()))
    images = ", ".join(f"{each.dataset.images} of `{name}`" for name, each in results.items() if each.dataset)
    machine = first.machine
    return (
        f"`unet-16` (1.9 M parameters, 256x256), test images: {images}; {machine.cpu}, one thread, "
        f"{machine.runtime}."
    )


def _notes() -> str:
    return (
        "Dice and IoU are pooled over the test images; `bytes x` and `p50 x` are ratios to the float32 file "
        "of the same data, measured in the same run; `model MB` is the memory that the model adds to an idle "
        "process. Raw samples, machine and commands: [benchmarks/results](benchmarks/README.md)."
    )


def _cells(result: BenchResult, model: ModelResult) -> list[str]:
    float32 = next(each for each in result.models if each.variant == "float32")
    summary, base = model.measurements[0].summary, float32.measurements[0].summary
    assert model.size
    assert float32.size
    assert result.dataset
    return [
        result.dataset.name,
        f"`{model.variant}`",
        f"{model.size.raw_bytes / 1000:,.0f}",
        f"{model.size.gzip_bytes / 1000:,.0f}",
        *(f"{summary[key]:.1f}" for key in ("p50_ms", "p90_ms", "model_mb")),
        *(f"{summary[key]:.4f}" for key in ("dice_pooled", "iou_pooled")),
        f"{model.size.raw_bytes / float32.size.raw_bytes:.2f}",
        f"{(summary['p50_ms'] or 0) / (base['p50_ms'] or 1):.2f}",
    ]


def main() -> None:
    """Write, or with --check fail where README and results differ."""
    path = ROOT / "README.md"
    text = path.read_text()
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    made = f"{before}{START}\n{tables()}\n{END}{after}"
    if "--check" not in sys.argv:
        path.write_text(made)
    elif made != text:
        sys.exit("README.md does not show the committed results; run python benchmarks/readme_table.py")


if __name__ == "__main__":
    main()
