"""`edgeseg data import`: foreign annotations into a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgeseg.cli.console import note, progress, say, table
from edgeseg.data.importing.formats import FORMATS

_FORMATS = "\n\n".join(f"{each.name:<8} {each.about}" for each in FORMATS.values())

HELP = f"""Make tiles, labels, masks and splits of annotated images.

{_FORMATS}

Where the source tells cells apart, OUT/labels has them, numbered anew in each tile, and OUT/masks what they
cover. Tiles are cut without resampling, all tiles of a source image are in one split, images of 16 bits are
mapped to 8 by percentiles. OUT/manifest.json records all of it.
"""


def data_import(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Folder to read.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to make.")],
    format_: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")],
    tile: Annotated[int, typer.Option(help="Height and width of the tiles; 0 keeps images whole.")] = 256,
    seed: Annotated[int, typer.Option(help="Another seed, another division.")] = 0,
    group: Annotated[
        str, typer.Option(help="Regular expression for the part of a name that tells the source image.")
    ] = "",
    images: Annotated[Path | None, typer.Option(help="Folder of the images, if not SRC/images.")] = None,
    masks: Annotated[
        Path | None, typer.Option(help="Folder of masks or labels, if not SRC/masks or SRC/labels.")
    ] = None,
    annotations: Annotated[Path | None, typer.Option(help="COCO file, if not the only .json in SRC.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what an earlier import made.")] = False,
) -> None:
    """Run `edgeseg data import`; its help is `HELP`."""
    from edgeseg.data.importing.import_options import ImportOptions
    from edgeseg.data.importing.importer import import_dataset

    options = ImportOptions(
        format=format_, tile=tile, seed=seed, group=group, images=images, masks=masks, annotations=annotations
    )
    with progress("Importing") as show:
        manifest = import_dataset(source, out, options, force=force, progress=show)
    for line in manifest.notes:
        note(line)
    counts = manifest.counts()
    rows = [[name, str(each["tiles"]), str(each["source_images"])] for name, each in counts.items()]
    size = f"of {tile}x{tile} pixels " if tile else ""
    taken = len(manifest.images) - len(manifest.skipped)
    say(
        f"{out}: {manifest.tiles} tiles {size}from {taken} images, with {manifest.truth}\n\n"
        + table(["split", "tiles", "source images"], rows)
    )
