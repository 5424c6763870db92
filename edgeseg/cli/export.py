"""`edgeseg export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgeseg.cli.console import note, progress, say, table
from edgeseg.errors import TrainingError
from edgeseg.fine_tuning import FineTuning, override, setting_names
from edgeseg.recipe import QUICK, RECIPES, recipe


def export(
    run: Annotated[Path, typer.Argument(help="A run folder made by `edgeseg train`.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the .tflite and .json files.")],
    variant: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(RECIPES)}, all; may be repeated [default: {', '.join(QUICK)}]"),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The run's data set [default: where it was trained from].")
    ] = None,
    calibration_count: Annotated[int, typer.Option(help="Training images that calibrate int8-ptq.")] = 200,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help=f"Fine-tuning: {', '.join(setting_names())}."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws calibration and verification images.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Make audited and verified TFLite files of a trained run."""
    named = list(RECIPES) if variant == ["all"] else variant or QUICK
    recipes = [recipe(name) for name in dict.fromkeys(named)]
    fine_tuning = override(FineTuning(), settings or [])

    from edgeseg.data.dataset import open_dataset
    from edgeseg.export.run import ExportOptions, export_run
    from edgeseg.training.run_folder import open_run

    opened = open_run(run)
    root = data or Path(opened.dataset["root"])
    if not root.is_dir():
        raise TrainingError(f"the data set of {run} is no longer at {root}; say where with --data")
    options = ExportOptions(
        calibration_count=calibration_count, seed=seed, fine_tuning=fine_tuning, force=force
    )
    try:
        with progress("Exporting") as report:
            made = export_run(opened, open_dataset(root), recipes, out, options=options, progress=report)
    except KeyboardInterrupt:
        note(
            "interrupted; the same command goes on where a fine-tuning stood (--force where files are there)"
        )
        raise typer.Exit(130) from None
    rows = []
    for artifact in made:
        facts = artifact.metadata
        agreement = facts["verification"]["agreement"]
        rows.append(
            [
                artifact.path.name, f"{facts['bytes']:,}", f"{facts['gzip_bytes']:,}",
                f"{facts['packed_bytes']:,}" if facts["packed_bytes"] else "-",
                str(facts["audit"]["partitions"]), str(len(facts["audit"]["float_operators"])),
                f"{agreement:.3%}", f"{facts['verification']['dice_reference']:.4f}",
                f"{facts['verification']['dice_file']:.4f}",
            ]
        )  # fmt: skip
    header = (
        "file",
        "bytes",
        "gzip",
        "xz",
        "partitions",
        "float ops",
        "agreement",
        "val Dice Keras",
        "val Dice file",
    )
    say(table(header, rows))
    say(f"\nfiles: {out}")
    if any(artifact.packed_bytes for artifact in made):
        say(
            "pruned: the zeros save bytes in the .xz container, which every command reads as it is; "
            "they save no time, since XNNPACK multiplies them like other weights"
        )
    for artifact in made:
        if "referee" in artifact.metadata:
            say(artifact.metadata["referee"]["sentence"])
