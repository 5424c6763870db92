"""`edgeseg quantize`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgeseg.cli.console import progress, say
from edgeseg.cli.made_table import made_table
from edgeseg.errors import ConfigError, nearest
from edgeseg.model.preprocessing import PREPROCESSINGS, Preprocessing
from edgeseg.model.recipe import FROM_FILE


def quantize(
    model: Annotated[Path, typer.Argument(help="A float32 .tflite file; edgeseg need not have made it.")],
    data: Annotated[Path, typer.Option(help="A data set: training images calibrate, validation verifies.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the .tflite and .json files.")],
    variant: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(FROM_FILE)}; may be repeated [default: all but int8-mixed]"),
    ] = None,
    keep_float: Annotated[
        str | None,
        typer.Option(metavar="REGEX", help="Make int8-mixed: the layers with such names stay in float."),
    ] = None,
    calibration_count: Annotated[int, typer.Option(help="Training images that find the ranges.")] = 200,
    preprocessing: Annotated[
        str | None,
        typer.Option(help=f"{' or '.join(PREPROCESSINGS)}, for a model without a sidecar [default: scale]"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws calibration and verification images.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Make quantized files of a float one, without TensorFlow, audited and verified like an export."""
    names = _variants(variant, keep_float)
    prepare = Preprocessing(kind=preprocessing) if preprocessing else None

    from edgeseg.bench.ratio import mixed_cost
    from edgeseg.data.dataset import open_dataset
    from edgeseg.model.artifact import load_artifact
    from edgeseg.quantizing.quantize_file import QuantizeOptions, quantize_file

    options = QuantizeOptions(
        keep_float=keep_float,
        calibration_count=calibration_count,
        seed=seed,
        preprocessing=prepare,
        force=force,
    )
    recipes = [FROM_FILE[name] for name in names]
    source = load_artifact(model)
    with progress("Quantizing") as report:
        made = quantize_file(source, open_dataset(data), recipes, out, options=options, progress=report)
    say(made_table(made, source="float"))
    say(f"\nfiles: {out}")
    cost = mixed_cost(made)
    if cost:
        say(cost)


def _variants(variants: list[str] | None, keep_float: str | None) -> list[str]:
    names = list(dict.fromkeys(variants or []))
    for name in names:
        if name not in FROM_FILE:
            raise ConfigError(f"no variant '{name}' of a file; {nearest(name, FROM_FILE)}")
    if keep_float is None:
        return names or [name for name in FROM_FILE if name != "int8-mixed"]
    if names and "int8-mixed" not in names:
        raise ConfigError("--keep-float makes int8-mixed, which is not among the variants; name it, or none")
    return names or ["int8-mixed"]
