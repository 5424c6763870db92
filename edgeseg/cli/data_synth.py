"""`edgeseg data synth`: a synthetic data set to try things out with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgeseg.cli.console import progress, say


def data_synth(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to make.")],
    count: Annotated[int, typer.Option(help="How many images.")] = 1088,
    size: Annotated[int, typer.Option(help="Side of an image, 32 to 4096 pixels.")] = 256,
    seed: Annotated[int, typer.Option(help="Another seed, other images.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier synthetic data set.")] = False,
) -> None:
    """Make images of unstained cells, with labels, masks and splits, out of nothing.

    Adherent and rounded cells, touching cells, debris and empty fields under uneven light. The same
    numbers give the same files. Good for trying things out; it says little about real cells.
    """
    from collections import Counter

    from edgeseg.data.dataset import open_dataset
    from edgeseg.data.splits import SPLITS
    from edgeseg.data.synthetic.synth import write_dataset

    with progress("Synthesizing") as show:
        write_dataset(out, count=count, size=size, seed=seed, force=force, progress=show)
    splits = Counter(sample.split for sample in open_dataset(out).samples)
    shares = ", ".join(f"{split} {splits[split]}" for split in SPLITS)
    say(f"{out}: {count} images of {size}x{size} ({shares})")
