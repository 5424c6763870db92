"""`edgeseg bench`: what a model file costs and what it finds, on this machine."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgeseg.bench.bench_options import QUICK, BenchOptions, parse_numbers
from edgeseg.cli import console
from edgeseg.errors import ConfigError
from edgeseg.model.runtimes.registry import RUNTIMES

if TYPE_CHECKING:
    from edgeseg.bench.host import HostOptions
    from edgeseg.bench.result import BenchResult

_USUAL = BenchOptions()
_THREADS = ",".join(map(str, _USUAL.threads))


def bench(
    models: Annotated[
        list[Path],
        typer.Argument(metavar="MODEL...", help=".tflite or .tflite.xz files, or folders of them."),
    ],
    data: Annotated[Path | None, typer.Option(help="Data set to measure quality on.")] = None,
    split: Annotated[str | None, typer.Option(help="Of the data set [default: test].")] = None,
    images: Annotated[
        int | None, typer.Option(help="So many images of the split, evenly spread [default: all].")
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(help="The model whose masks others are compared with [default: the float32 one]."),
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option(help=f"{', '.join(RUNTIMES)}; several as a,b [default: litert, or what is installed]."),
    ] = None,
    threads: Annotated[str, typer.Option(help="Numbers of threads to measure with, as 1,2,4.")] = _THREADS,
    rounds: Annotated[
        int | None, typer.Option(help=f"Processes for each row; rows take turns [default: {_USUAL.rounds}].")
    ] = None,
    time: Annotated[
        float | None,
        typer.Option(help=f"Seconds to measure in each process, at least [default: {_USUAL.seconds:g}]."),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(help=f"Inferences to measure of each row, at least [default: {_USUAL.samples}]."),
    ] = None,
    warmup: Annotated[
        float | None,
        typer.Option(
            help="Most seconds before, not counted: until times have settled "
            f"[default: {_USUAL.warmup_seconds:g}]."
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help=f"A first look: {QUICK.samples} inferences of each file, {QUICK.images} images."
        ),
    ] = False,
    keras: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Time the Keras model of a training run here, too.")
    ] = None,
    batch: Annotated[str | None, typer.Option(help="Its batch sizes [default: 1,8,32].")] = None,
    mixed_precision: Annotated[
        bool, typer.Option("--mixed-precision", help="Let Keras compute in float16 and float32.")
    ] = False,
    xla: Annotated[bool, typer.Option("--xla", help="Let XLA compile the Keras model.")] = False,
    timeout: Annotated[
        float, typer.Option(help="Seconds without a sign of life after which a file counts as hung.")
    ] = _USUAL.timeout_seconds,
    memory_limit: Annotated[
        int | None, typer.Option(help="MB that Python, runtime and model may take together.")
    ] = None,
    on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ssh://USER@HOST[:PORT]", help="Measure on that machine, not on this; may be repeated."
        ),
    ] = None,
    ssh_config: Annotated[
        Path | None, typer.Option(help="Its keys, ports and proxies: the file for ssh's -F.")
    ] = None,
    remote_command: Annotated[
        str | None,
        typer.Option(help="How edgeseg is called there, as ~/venv/bin/edgeseg [default: edgeseg]."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="JSON file for all that was measured; with several --on, their folder."),
    ] = None,
    per_image: Annotated[
        Path | None, typer.Option(help="CSV file for the quality of each image by itself.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print that JSON, not a table.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the files of --out and --per-image.")
    ] = False,
) -> None:
    """Measure model files: bytes, latency, memory, and quality on a data set.

    Each file runs in processes of its own, which take turns. One that crashes the runtime, hangs or runs
    out of memory is a failed row with its reason (exit code 1); the others go on.
    """
    from edgeseg.bench.models import find_models
    from edgeseg.cli.bench_on import bench_places, parse_places

    _refuse_ignored(
        data=data, out=out, force=force, per_image=per_image, keras=keras,
        needs_data={"--split": split, "--images": images, "--reference": reference, "--per-image": per_image},
        needs_keras={"--batch": batch, "--mixed-precision": mixed_precision, "--xla": xla},
    )  # fmt: skip
    given: dict[str, Any] = {
        "rounds": rounds, "seconds": time, "samples": samples, "warmup_seconds": warmup, "images": images,
    }  # fmt: skip
    options = replace(
        QUICK if quick else BenchOptions(),
        runtimes=tuple(runtime.split(",")) if runtime else (),
        threads=parse_numbers(threads, "numbers of threads"),
        timeout_seconds=timeout,
        memory_limit_mb=memory_limit,
        **{name: value for name, value in given.items() if value is not None},
    )
    host = _host_options(batch, mixed_precision=mixed_precision, xla=xla) if keras else None
    places = parse_places(
        on, config=ssh_config, command=remote_command, out=out, only_here={"--keras": keras},
        only_one={"--json": as_json, "--per-image": per_image},
    )  # fmt: skip
    found = find_models(models)
    for path in filter(None, (*places.outs, per_image)):
        _refuse_unusable(path, found, force=force)
    job: dict[str, Any] = {
        "data": data, "split": split or "test", "options": options, "reference": reference,
    }  # fmt: skip
    finish = partial(_finish, per_image=per_image, as_json=as_json)
    if places.hosts:
        code = bench_places(places, found, **job, finish=finish)
    else:
        result = _run(found, **job)
        if keras and host and result.complete:
            result = _add_host(result, keras, host)
        code = finish(result, out)
    if code:
        raise typer.Exit(code)


def _refuse_ignored(
    *,
    data: Path | None,
    out: Path | None,
    force: bool,
    per_image: Path | None,
    keras: Path | None,
    needs_data: dict[str, Any],
    needs_keras: dict[str, Any],
) -> None:
    for name, value in needs_data.items():
        if value and not data:
            raise ConfigError(f"{name} is about quality, which needs a data set: give --data too")
    for name, value in needs_keras.items():
        if value and not keras:
            raise ConfigError(f"{name} is about the Keras model: give --keras RUN too")
    if force and not (out or per_image):
        raise ConfigError("--force replaces the file of --out: give --out too")


def _host_options(batch: str | None, *, mixed_precision: bool, xla: bool) -> HostOptions:
    from edgeseg.bench.host import HostOptions

    batches = {"batches": parse_numbers(batch, "batch sizes")} if batch else {}
    precision = "mixed_float16" if mixed_precision else "float32"
    return HostOptions(precision=precision, xla=xla, **batches)


def _refuse_unusable(out: Path, models: list[Path], *, force: bool) -> None:
    """Refuse before the work what could not be written, or would do harm, after it."""
    import tempfile

    from edgeseg.files import output_error, refuse_existing
    from edgeseg.model.artifact import sidecar_path

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


def _run(
    models: list[Path], *, data: Path | None, split: str, options: BenchOptions, reference: Path | None
) -> BenchResult:
    from edgeseg.bench.run_bench import run_bench
    from edgeseg.data.dataset import open_dataset

    dataset = open_dataset(data) if data else None
    with console.progress("Benching") as progress:
        return run_bench(
            models, dataset=dataset, split=split, options=options, reference=reference, progress=progress
        )


def _add_host(result: BenchResult, run: Path, host: HostOptions) -> BenchResult:
    """Measure the Keras model; an interrupt keeps what the files gave."""
    from edgeseg.host.training.timing import measure_host

    try:
        with console.progress("Benching") as progress:
            return replace(
                result, host=measure_host(run, host=host, options=result.options, progress=progress)
            )
    except KeyboardInterrupt:
        return replace(result, complete=False)


def _finish(result: BenchResult, out: Path | None, *, per_image: Path | None, as_json: bool) -> int:
    """Save and show a result.

    Returns:
        The exit code.
    """
    try:
        _save(result, out, per_image)
    finally:  # a full disk does not cost the table
        _show(result, as_json=as_json)
    if not result.complete:
        return console.INTERRUPTED
    return int(bool(result.failures) or any(run.failure for run in result.host))


def _save(result: BenchResult, out: Path | None, per_image: Path | None) -> None:
    from edgeseg.bench.per_image import per_image_csv
    from edgeseg.bench.result_file import save_result
    from edgeseg.files import write_text

    if not any(model.measurements for model in result.models):
        return
    if out:
        save_result(out, result)
    if per_image:
        write_text(per_image, per_image_csv(result))


def _show(result: BenchResult, *, as_json: bool) -> None:
    from edgeseg.bench.result_file import result_text
    from edgeseg.bench.table import remarks

    if as_json:
        console.say(result_text(result).rstrip("\n"))
    else:
        _show_tables(result)
    for remark in remarks(result):
        console.note(f"note: {remark}")
    if not result.complete:
        console.note("interrupted: the rows above are what was measured until then")


def _show_tables(result: BenchResult) -> None:
    from edgeseg.bench.table import (
        bench_table,
        failure_lines,
        host_table,
        machine_line,
        shared_name,
        why_lines,
        worst_line,
    )

    console.say(machine_line(result))
    shared = shared_name(result)
    if shared:
        console.say(f"files: {shared}_VARIANT.tflite")
    if result.dataset:
        used = result.dataset
        part = f"{used.images} of {used.of}" if used.images < used.of else f"{used.images}"
        console.say(f"Dice and IoU: pooled over {part} images, {used.name} split {used.split}")
        console.say(f"cells: {result.matching}")
    console.say()
    console.say(console.table(*bench_table(result), left=(0, 1)))
    if result.host:
        console.say()
        console.say(console.table(*host_table(result), left=(0, 1)))
    console.say()
    for line in why_lines(result):
        console.say(f"why: {line}")
    worst = worst_line(result)
    if worst:
        console.say(worst)
    for line in failure_lines(result):
        console.say(f"failed: {line}")
