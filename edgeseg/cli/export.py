"""`edgeseg export`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from edgeseg.cli.console import INTERRUPTED, note, progress, say
from edgeseg.cli.made_table import made_table
from edgeseg.errors import ConfigError, TrainingError
from edgeseg.model.fine_tuning import FineTuning, override, setting_names
from edgeseg.model.recipe import INT8_MIXED, QUICK, RECIPES, Recipe, refuse_ignored
from edgeseg.settings import check_choice


def export(
    run: Annotated[Path, typer.Argument(help="A run folder made by `edgeseg train`.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the .tflite and .json files.")],
    variant: Annotated[
        list[str] | None,
        typer.Option(
            help=f"{', '.join([*RECIPES, INT8_MIXED.variant])}, all; may be repeated [default: "
            f"{', '.join(QUICK)}]"
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The run's data set [default: where it was trained from].")
    ] = None,
    calibration_count: Annotated[
        int | None, typer.Option(help="Training images that calibrate int8-ptq [default: 200].")
    ] = None,
    min_agreement: Annotated[
        float | None,
        typer.Option(
            help="Share of mask pixels, 0 to 1, that is enough agreement with the Keras model, where the "
            "variant asks for more: a network that has hardly learnt is of two minds everywhere."
        ),
    ] = None,
    keep_float: Annotated[
        str | None,
        typer.Option(metavar="REGEX", help="Make int8-mixed too: the layers with such names stay in float."),
    ] = None,
    keep: Annotated[
        float | None, typer.Option(help="slim: share of the multiply-accumulates to keep [default: 0.2].")
    ] = None,
    target_macs: Annotated[
        int | None, typer.Option(help="slim: multiply-accumulates of one inference, at most.")
    ] = None,
    target_bytes: Annotated[
        int | None, typer.Option(help="slim: bytes of its float32 file, at most.")
    ] = None,
    target_latency: Annotated[
        float | None, typer.Option(help="slim: time over that of float32, measured here, at most.")
    ] = None,
    teacher: Annotated[
        Path | None, typer.Option(help="slim: another run that teaches it [default: the run itself].")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help=f"Fine-tuning: {', '.join(setting_names())}."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws calibration and verification images.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Make audited and verified TFLite files of a trained run."""
    recipes = _recipes(variant or [], keep_float)
    shorthands = {
        "keep": keep, "target_macs": target_macs, "target_bytes": target_bytes,
        "target_latency": target_latency, "teacher_run": teacher,
    }  # fmt: skip
    chosen = [f"slim.{key}={value}" for key, value in shorthands.items() if value is not None]
    chosen += settings or []
    fine_tuning = override(FineTuning(), chosen)
    refuse_ignored(chosen, recipes)
    if calibration_count is not None and not any(each.calibrated for each in recipes):
        raise ConfigError("--calibration-count changes nothing: none of the variants asked for is calibrated")

    from edgeseg.bench.ratio import mixed_cost
    from edgeseg.data.dataset import open_dataset
    from edgeseg.host.export.export_options import ExportOptions
    from edgeseg.host.export.export_run import export_run
    from edgeseg.host.training.run_folder import open_run

    opened = open_run(run)
    root = data or Path(opened.dataset.root)
    if not root.is_dir():
        raise TrainingError(f"the data set of {run} is no longer at {root}; say where with --data")
    options = ExportOptions(
        seed=seed, keep_float=keep_float, fine_tuning=fine_tuning, min_agreement=min_agreement, force=force
    )
    if calibration_count is not None:
        options = replace(options, calibration_count=calibration_count)
    before = set() if force or not out.is_dir() else set(out.iterdir())
    try:
        with progress("Exporting") as report:
            made = export_run(opened, open_dataset(root), recipes, out, options=options, progress=report)
    except KeyboardInterrupt:
        note("interrupted; the same command goes on where it stood")
        raise typer.Exit(INTERRUPTED) from None
    kept = [artifact.path.name for artifact in made if artifact.path in before]
    if kept:
        note(f"already there, made in the same way: {', '.join(kept)} (--force makes them again)")
    say(made_table(made, source="Keras"))
    say(f"\nfiles: {out}")
    cost = mixed_cost(made)
    if cost:
        say(cost)
    if any(artifact.packed_bytes for artifact in made):
        say(
            "pruned: the zeros save bytes in the .xz container, which every command reads as it is; "
            "they save no time, since XNNPACK multiplies them like other weights"
        )
    for artifact in made:
        if artifact.sidecar and artifact.sidecar.referee:
            say(artifact.sidecar.referee.sentence)


def _recipes(variants: list[str], keep_float: str | None) -> list[Recipe]:
    mixed = INT8_MIXED.variant
    for name in variants if variants != ["all"] else ():
        check_choice("variant", name, (*RECIPES, mixed))
    if keep_float is None and mixed in variants:
        raise ConfigError(f"{mixed} needs --keep-float with the names of the layers that stay in float")
    named = list(RECIPES) if variants == ["all"] else variants or list(QUICK)
    if keep_float is not None and named != variants:
        named.append(mixed)
    elif keep_float is not None and mixed not in named:
        raise ConfigError(f"--keep-float makes {mixed}, which is not among the variants; name it, or none")
    return [INT8_MIXED if name == mixed else RECIPES[name] for name in dict.fromkeys(named)]
