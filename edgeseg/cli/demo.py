"""`edgeseg demo`: the main job, as the very commands that a user types."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from edgeseg.cli.console import say
from edgeseg.errors import OutputError


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for everything that is made.")] = Path("demo"),
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier demo.")] = False,
) -> None:
    """Run the whole path on synthetic images: data, training, export, budget, prediction, bench."""
    from edgeseg.cli import app

    if out.exists() and not force:
        raise OutputError(f"{out} exists already; choose another --out or pass --force to replace it")
    commands = _commands(out)
    for number, command in enumerate(commands, start=1):
        say(f"\n[{number}/{len(commands)}] $ {shlex.join(['edgeseg', *command])}\n")
        forced = [*command, "--force"] if force and command[0] != "check" else command
        code = app(forced, prog_name="edgeseg", standalone_mode=False)
        if code:
            raise typer.Exit(code)
    say(f"\nmodels and their facts: {out / 'models'}")
    say(f"masks, overlays, cells: {out / 'predictions'}")
    say(f"all measurements:       {out / 'bench.json'}")
    say(f"budget for CI:          {out / 'budgets.toml'}")
    say(f"\nwhat CI runs: edgeseg check {out / 'models'} --budget {out / 'budgets.toml'}")


#: The paper's four, with short fine-tunings.
_VARIANTS = (
    "--variant", "float32", "--variant", "int8-ptq", "--variant", "int8-qat", "--variant", "pruned",
    "--set", "qat.epochs=2", "--set", "pruning.epochs=8",
)  # fmt: skip


def _commands(out: Path) -> list[list[str]]:
    """A network of 0.1 M parameters that tells cells apart, and 240 images: minutes on two cores."""
    data, run, models, budget = (str(out / name) for name in ("data", "run", "models", "budgets.toml"))
    test = [str(out / "data" / "images" / f"synth_{index:04}.png") for index in range(6)]
    model = str(out / "models" / "pocket-4maps_data_256_int8-ptq.tflite")
    return [
        ["data", "synth", data, "--count", "240"],
        ["train", data, "--out", run, "--preset", "pocket", "--epochs", "30"],
        ["export", run, "--out", models, *_VARIANTS],
        ["check", models, "--budget", budget, "--update"],
        ["predict", model, *test, "--out", str(out / "predictions")],
        ["bench", models, "--data", data, "--threads", "1", "--out", str(out / "bench.json")],
    ]
