"""`edgeseg study`: run the grid of combinations and variants, see where it stands, and what it found."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeseg.cli.console import INTERRUPTED, note, say, say_json, table
from edgeseg.errors import ConfigError

if TYPE_CHECKING:
    from edgeseg.host.study.folder import StudyFolder
    from edgeseg.host.study.plan import StudyPlan
    from edgeseg.host.study.plan_file import StudyFile
    from edgeseg.host.study.scheduler import Workers
    from edgeseg.host.study.status import StudyStatus

app = typer.Typer(
    help="Train, export and measure a grid of optimizers, losses, variants and seeds.", no_args_is_help=True
)

#: Seconds between two lines on how far the running tasks are.
_INTERVAL = 60.0


@app.callback()
def _study() -> None:
    pass


@app.command("run")
def study_run(
    study: Annotated[str, typer.Argument(help="paper, small, smoke, or a STUDY.toml.")],
    out: Annotated[Path, typer.Option("--out", help="The study's folder: a new one, or to go on with.")],
    dataset: Annotated[
        list[Path] | None,
        typer.Option(
            help="The data set [default: the one that the study names]; with several (repeat it), each has a "
            "study of its own in --out."
        ),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Tasks at a time on this machine [default: 1].")] = None,
    engine: Annotated[str, typer.Option(help="local, ray.")] = "local",
    address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="ray: of the cluster's head node.")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="ray: an object store (s3://BUCKET/PATH, ...), where nodes share no folder."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make again what has other settings now.")] = False,
) -> None:
    """Run a study, or go on with it; what is done is not done again.

    Exit code 1 where a task failed.
    """
    from edgeseg.host.study.datasets import split_datasets
    from edgeseg.host.study.plan_file import find_study_file

    file = find_study_file(study)
    plan = file.plan()
    studies = split_datasets(plan, dataset or (), out)
    note(f"study '{plan.name}' in {out}; `edgeseg study status {out}` shows where it stands")
    try:
        with _workers(plan, engine, workers, address, store) as who:
            complete = [
                _run_one(file, folder, data, who, force=force, name=len(studies) > 1)
                for data, folder in studies
            ]
    except KeyboardInterrupt:
        note("interrupted; the same command goes on where it stood")
        raise typer.Exit(INTERRUPTED) from None
    if not all(complete):
        raise typer.Exit(1)


def _run_one(
    study: StudyFile, out: Path, dataset: Path | None, workers: Workers, *, force: bool, name: bool
) -> bool:
    """Run a study on one data set; whether all of it is done."""
    from edgeseg.host.study.folder import StudyFolder
    from edgeseg.host.study.record import State
    from edgeseg.host.study.run_study import run_study
    from edgeseg.host.study.scheduler import Listener
    from edgeseg.host.study.status import read_status

    folder = StudyFolder(path=out)
    last = time.monotonic()

    def tell(sentence: str) -> None:
        note(f"{sentence}; {_line(read_status(folder))}" if folder.begun else sentence)

    def tick() -> None:
        nonlocal last
        if time.monotonic() - last >= _INTERVAL:
            last = time.monotonic()
            _tell_running(folder)

    if name:
        note(f"data set {dataset}, in {out}")
    listener = Listener(tell=tell, tick=tick)
    complete = run_study(study, out, workers=workers, dataset=dataset, force=force, listener=listener)
    status = read_status(folder)
    for each in status.of(State.FAILED):
        note(f"{each.task} failed: {each.note}")
    say(_line(status))
    return complete


@app.command("status")
def study_status(
    folder: Annotated[Path, typer.Argument(help="The --out of `edgeseg study run`.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show what is done, running, failed and waiting, and the time left."""
    from edgeseg.host.study.folder import find_studies
    from edgeseg.host.study.status import read_status

    found = {each.path: read_status(each) for each in find_studies(folder)}
    if as_json:
        one = found.get(folder)
        named = {"studies": {path.name: status.to_dict() for path, status in found.items()}}
        say_json(one.to_dict() if one else named)
        return
    for path, status in found.items():
        if path != folder:
            say(f"{path.name}\n")
        _say_status(status)


def _say_status(status: StudyStatus) -> None:
    from edgeseg.host.study.record import State

    rows = [
        [
            each.network,
            each.step,
            each.state,
            _duration(each.seconds) if each.seconds else "-",
            "" if each.state == State.FAILED else each.note,
        ]
        for each in status.tasks
    ]
    say(table(["network", "task", "state", "time", "note"], rows, left=(0, 1, 2, 4)) + "\n")
    for each in status.of(State.FAILED):
        say(f"{each.task} failed: {each.note}")
    say(f"{_line(status)}{'' if status.running else '; not running'}")


@app.command("report")
def study_report(
    folder: Annotated[Path, typer.Argument(help="The --out of `edgeseg study run`.")],
    out: Annotated[
        list[Path],
        typer.Option(help="The report, by its suffix: .html (a page), .md or .csv; may be repeated."),
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace the files of --out.")] = False,
) -> None:
    """Show what a study found; where its grid is the paper's, beside the paper's values and claims.

    A study that still runs, or where something failed, is reported as far as it is; what is missing is named.
    """
    from edgeseg.cli.report import refuse_outputs
    from edgeseg.files import write_text
    from edgeseg.host.study.findings.results import read_results
    from edgeseg.host.study.folder import find_studies
    from edgeseg.host.study.report.contents import work_out
    from edgeseg.host.study.report.render import FORMATS

    refuse_outputs(out, FORMATS, force=force)
    studies = find_studies(folder)
    if len(studies) > 1:
        names = ", ".join(each.path.name for each in studies)
        raise ConfigError(f"{folder} holds the studies of several data sets ({names}); name one's folder")
    contents = work_out(read_results(studies[0].path))
    # All are made before the first is written: a missing extra leaves nothing half-done.
    texts = [FORMATS[path.suffix](contents) for path in out]
    for path, text in zip(out, texts, strict=True):
        write_text(path, text)
        say(str(path))


@contextlib.contextmanager
def _workers(
    plan: StudyPlan, engine: str, workers: int | None, address: str | None, store: str | None
) -> Iterator[Workers]:

    from edgeseg.host.study.scheduler import Workers, here
    from edgeseg.machine.kernel_files import usable_cpus
    from edgeseg.settings import check_choice, check_range

    check_choice("engine", engine, ("local", "ray"))
    if engine == "local":
        for name, given in (("--address", address), ("--store", store)):
            if given:
                raise ConfigError(f"{name} changes nothing without --engine ray")
        most = 1 if workers is None else workers
        check_range("--workers", most, 1, 1024)
        threads, cores = max(each.cpus for each in plan.needs.values()), len(usable_cpus())
        if most > 1 and most * threads > cores:
            note(f"{most} tasks of up to {threads} threads each on {cores} cores slow each other down")
        yield Workers(engine=here, most=most)
        return
    if workers is not None:
        raise ConfigError("--workers changes nothing with --engine ray: the cluster's resources decide")
    if not address:
        raise ConfigError("--engine ray needs --address HOST:PORT of the cluster's head node")
    from edgeseg.host.study.cluster import ray_engine
    from edgeseg.host.study.store import Store

    with ray_engine(address, plan.needs, Store.open(store) if store else None) as start:
        yield Workers(engine=start, most=sys.maxsize)  # those that find no room wait in the cluster


def _tell_running(folder: StudyFolder) -> None:
    from edgeseg.host.study.record import State
    from edgeseg.host.study.status import read_status

    status = read_status(folder)
    for each in status.of(State.RUNNING):
        note(f"{each.task}: {_duration(each.seconds)}  {each.note}")
    note(_line(status))


def _line(status: StudyStatus) -> str:
    counts = ", ".join(f"{count} {state}" for state, count in status.counts.items())
    if not status.seconds_left or status.seconds_left < 1:
        return counts
    return f"{counts}; {'at least' if status.at_least else 'about'} {_duration(status.seconds_left)} left"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
