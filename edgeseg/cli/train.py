"""`edgeseg train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgeseg.cli.console import INTERRUPTED, note, progress, say, table
from edgeseg.errors import ConfigError
from edgeseg.host.training.tasks.registry import TASKS
from edgeseg.networks.families import PRESETS, setting_names
from edgeseg.networks.families import preset as find_preset
from edgeseg.networks.preset import override
from edgeseg.networks.training import LOSSES, OPTIMIZERS

_DEFAULT_PRESET = "unet-16"

#: Figures in the table at the end; history.csv has all.
_SHOWN = 4


def train(
    data: Annotated[
        Path, typer.Argument(help="Folder with images/, labels/ or masks/, and optionally splits.csv.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The run folder to make, or to go on with.")],
    preset: Annotated[
        str | None, typer.Option(help=f"{', '.join(PRESETS)} [default: {_DEFAULT_PRESET}]")
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help=f"What it learns: {', '.join(TASKS)} [default: the most that the data set tells]"),
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help=", ".join(OPTIMIZERS))] = None,
    loss: Annotated[str | None, typer.Option(help=", ".join(LOSSES))] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training images.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Crops a step.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, order and augmentation.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help=f"Any of: {', '.join(setting_names())}."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after an interruption.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a run that is there.")] = False,
) -> None:
    """Train a network and keep the epoch that is best on the validation images (task mask: by Dice)."""
    flags = {"optimizer": optimizer, "loss": loss, "epochs": epochs, "batch_size": batch_size, "seed": seed}
    chosen = [f"{key}={value}" for key, value in flags.items() if value is not None]
    if resume and (preset or task or chosen or settings or force):
        raise ConfigError("--resume goes on with the run's own settings; leave out the other options")
    wanted = override(find_preset(preset or _DEFAULT_PRESET), [*chosen, *(settings or [])])

    from edgeseg.data.dataset import open_dataset

    dataset = open_dataset(data)

    from edgeseg.host.training import fit, run_folder
    from edgeseg.host.training.tasks.registry import choose_task, fit_network, task_of

    if resume:
        run = run_folder.open_run(out)
        if run.origin.settings:
            raise ConfigError(f"{out} is fine-tuned from another run; `edgeseg export` goes on with it")
        note(f"going on after epoch {len(run_folder.read_history(run))} of {run.training.epochs}")
    else:
        wanted_task = choose_task(task, dataset)
        _refuse_errors(data)
        network, interface = fit_network(wanted.network, wanted_task, dataset)
        run = run_folder.create_run(out, network, wanted.training, dataset, force=force, interface=interface)
    note(
        f"training {run.network.name} for the task {task_of(run.interface).name} on {dataset.name} into {out}"
    )
    try:
        with progress("Training") as report:
            history = fit.fit(run, dataset, progress=report)
    except KeyboardInterrupt:
        note(f"interrupted; go on with: edgeseg train {data} --out {out} --resume")
        raise typer.Exit(INTERRUPTED) from None
    figures = [f"val_{name}" for name in task_of(run.interface).figures]
    best = max(history, key=lambda row: row[figures[0]])
    columns = ("epoch", "loss", *figures[:_SHOWN])
    say(table(["", *columns], [[name, *_cells(row, columns)] for name, row in _ends(history, best)]))
    say(f"\nbest model: {run.best_model}")


def _refuse_errors(data: Path) -> None:
    """Read every image before the first step: better a sentence now than in the last epoch."""
    from edgeseg.data.check import check_dataset, refuse_errors

    with progress("Checking") as report:
        found = check_dataset(data, progress=report)
    for line in found.notes:
        note(line)
    if found.warnings:
        note(f"{len(found.warnings)} kinds of warnings; `edgeseg data check {data}` lists them", level=1)
    refuse_errors(found)


def _ends(history: list[dict[str, float]], best: dict[str, float]) -> list[tuple[str, dict[str, float]]]:
    return [("best", best), ("last", history[-1])]


def _cells(row: dict[str, float], columns: tuple[str, ...]) -> list[str]:
    return [f"{row[name]:.0f}" if name == "epoch" else f"{row[name]:.4f}" for name in columns]
