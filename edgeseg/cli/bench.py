"""`edgeseg bench`: what a model file costs and what it finds, on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeseg.cli import console
from edgeseg.errors import ConfigError

if TYPE_CHECKING:
    from edgeseg.bench.options import BenchOptions
    from edgeseg.bench.result import BenchResult


def bench(
    models: Annotated[
        list[Path],
        typer.Argument(metavar="MODEL...", help=".tflite or .tflite.xz files, or folders of them."),
    ],
    data: Annotated[Path | None, typer.Option(help="Data set to measure quality on.")] = None,
    split: Annotated[str | None, typer.Option(help="Of the data set [default: test].")] = None,
    threads: Annotated[str, typer.Option(help="Numbers of threads to measure with, as 1,2,4.")] = "1",
    rounds: Annotated[int, typer.Option(help="Processes for each row; the models take turns.")] = 1,
    time: Annotated[float, typer.Option(help="Seconds to measure in each process, at least.")] = 2.0,
    samples: Annotated[int, typer.Option(help="Inferences to measure in each process, at least.")] = 30,
    warmup: Annotated[float, typer.Option(help="Seconds before, not counted; 3 inferences at least.")] = 0.5,
    timeout: Annotated[
        float, typer.Option(help="Seconds without a sign of life after which a file counts as hung.")
    ] = 120.0,
    memory_limit: Annotated[
        int | None, typer.Option(help="MB that Python, runtime and model may take together.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="JSON file for all that was measured.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print that JSON, not a table.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file of --out.")] = False,
) -> None:
    """Measure model files: bytes, latency, memory, and quality on a data set.

    Each file runs in a process of its own. One that crashes the runtime, hangs or runs out of memory is
    a failed row with its reason (exit code 1); the others go on.
    """
    from edgeseg.bench.models import find_models
    from edgeseg.bench.options import BenchOptions, parse_threads
    from edgeseg.bench.result import save_result

    _refuse_ignored(data=data, split=split, out=out, force=force)
    options = BenchOptions(
        threads=parse_threads(threads),
        rounds=rounds,
        seconds=time,
        samples=samples,
        warmup_seconds=warmup,
        timeout_seconds=timeout,
        memory_limit_mb=memory_limit,
    )
    found = find_models(models)
    if out:
        _refuse_unusable(out, found, force=force)
    result = _run(found, data, split or "test", options)
    try:
        if out and any(model.measurements for model in result.models):
            save_result(out, result)
    finally:  # a full disk does not cost the table
        _show(result, as_json=as_json)
    if not result.complete:
        raise typer.Exit(console.INTERRUPTED)
    if result.failures:
        raise typer.Exit(1)


def _refuse_ignored(*, data: Path | None, split: str | None, out: Path | None, force: bool) -> None:
    if split and not data:
        raise ConfigError("--split chooses from a data set: give --data too")
    if force and not out:
        raise ConfigError("--force replaces the file of --out: give --out too")


def _refuse_unusable(out: Path, models: list[Path], *, force: bool) -> None:
    """Refuse before the work what could not be written, or would do harm, after it."""
    import tempfile

    from edgeseg.artifact import sidecar_path
    from edgeseg.files import output_error, refuse_existing

    if out.resolve() in {sidecar_path(model).resolve() for model in models}:
        raise ConfigError(
            f"{out} is the place for facts about {out.stem}.tflite; "
            f"choose another name, as {out.stem}-bench.json"
        )
    refuse_existing(out, force=force)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out.parent).close()
    except OSError as error:
        raise output_error(out, error) from error


def _run(models: list[Path], data: Path | None, split: str, options: BenchOptions) -> BenchResult:
    from edgeseg.bench.run import run_bench
    from edgeseg.data.dataset import open_dataset

    dataset = open_dataset(data) if data else None
    with console.progress("Benching") as progress:
        return run_bench(models, dataset=dataset, split=split, options=options, progress=progress)


def _show(result: BenchResult, *, as_json: bool) -> None:
    from edgeseg.bench.result import result_text
    from edgeseg.bench.table import bench_table, failure_lines, machine_line, remarks

    if as_json:
        console.say(result_text(result).rstrip("\n"))
    else:
        console.say(machine_line(result.machine))
        if result.dataset:
            used = result.dataset
            console.say(f"Dice and IoU: pooled over {used.images} images, {used.name} split {used.split}")
        console.say()
        console.say(console.table(*bench_table(result), left=(0, 1)))
        for line in failure_lines(result):
            console.say(f"failed: {line}")
    for remark in remarks(result):
        console.note(f"note: {remark}")
    if not result.complete:
        console.note("interrupted: the rows above are what was measured until then")
