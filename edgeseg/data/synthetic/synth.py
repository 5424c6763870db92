"""A procedural data set: unstained cells in transmitted light, with exact labels and masks.

Made for trying out the tools and for tests, not for judging a model: what a network scores here says
little about real cells.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg import files
from edgeseg._version import __version__
from edgeseg.data.images import Grey8, write_png
from edgeseg.data.splits import assign_splits
from edgeseg.data.synthetic import optics
from edgeseg.data.synthetic.specimen import (
    SPINDLE,
    SPREAD,
    STELLATE,
    Floats,
    Specimen,
    add_adherent,
    add_grains,
    add_rounded,
    empty_specimen,
)
from edgeseg.errors import OutputError
from edgeseg.progress import Progress, silent
from edgeseg.settings import check_range

#: Of manifest.json. 1: the first.
SCHEMA_VERSION = 1

GENERATOR = "edgeseg-cells"

#: Goes up with every change that changes a picture. 1: the first.
GENERATOR_VERSION = 1

#: Smallest and largest side of an image, pixels.
SIZES = (32, 4096)

#: Most images in a data set.
MAX_COUNT = 1_000_000

#: Share of images without a cell.
EMPTY_SHARE = 0.04


def synthesize(index: int, *, size: int = 256, seed: int = 0) -> tuple[Grey8, npt.NDArray[np.bool_]]:
    """One image and its mask: what `synthesize_cells` gives, with the cells united.

    Returns:
        The image `(size, size)` uint8, and the mask `(size, size)` bool.

    Raises:
        ConfigError: an argument is out of range.
    """
    image, labels = synthesize_cells(index, size=size, seed=seed)
    return image, labels != 0


def synthesize_cells(index: int, *, size: int = 256, seed: int = 0) -> tuple[Grey8, npt.NDArray[np.uint16]]:
    """One image and its cells.

    It depends on the arguments alone, to the last bit, whatever was made before and in how many
    threads. Another processor or another version of numpy or OpenCV may round a few pixels otherwise.

    Args:
        index: which image, 0 or more.
        size: side of the image, pixels, 32 to 4096. Cells keep their size.
        seed: which data set, 0 or more.

    Returns:
        The image `(size, size)` uint8, and the labels `(size, size)` uint16: 1, 2, 3, ... on the cells with
        all their processes, 0 elsewhere, on debris too. Where cells overlap, the pixel is the older one's.

    Raises:
        ConfigError: an argument is out of range.
    """
    check_range("index", index, 0)
    check_range("size", size, *SIZES)
    check_range("seed", seed, 0)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index, size])))
    microscope = optics.draw_microscope(rng)
    specimen = empty_specimen(size)
    if rng.random() >= EMPTY_SHARE:
        _grow(specimen, rng)
    _soil(specimen, rng)
    light = optics.form_image(_total_delay(specimen, rng), microscope)
    area = _area(size)
    for _ in range(rng.poisson(2.5 * area)):
        optics.add_defocused_point(light, rng)
    for _ in range(rng.poisson(1.5 * area)):
        optics.add_defocused_object(light, rng)
    light *= optics.illumination(rng, size)
    return optics.expose(light, microscope, rng), specimen.labels


def _area(size: int) -> float:
    """The area of a field in units of 256 x 256 pixels."""
    return (size / 256) ** 2


def _grow(specimen: Specimen, rng: np.random.Generator) -> None:
    """Place cells until the culture is as dense as it is to be; sparse ones are commoner."""
    size = len(specimen.mask)
    wanted = min(rng.gamma(2.2, 0.085), 0.5) * size * size
    builds, rounded = rng.dirichlet([1.0, 1.0, 0.8]).cumsum(), rng.beta(1, 7)
    centres: list[complex] = []
    for _ in range(int(120 * _area(size)) + 20):
        spot = _spot(specimen, rng, centres)
        if spot is None:
            continue
        if rng.random() < rounded:
            placed = add_rounded(specimen, rng, spot, number=len(centres) + 1)
        else:
            build = (SPINDLE, STELLATE, SPREAD)[int(np.count_nonzero(builds[:2] < rng.random()))]
            placed = add_adherent(specimen, rng, spot, build, number=len(centres) + 1)
        if placed:
            centres.append(spot)
            if cv2.countNonZero(specimen.mask) >= wanted:
                return


def _spot(specimen: Specimen, rng: np.random.Generator, centres: list[complex]) -> complex | None:
    """A place for a cell, one time in two beside another, so that many touch; None if it is taken."""
    size = len(specimen.mask)
    x, y = rng.uniform(0, size, 2)
    if centres and rng.random() < 0.5:
        beside = centres[int(rng.integers(len(centres)))]
        offset = rng.uniform(16, 42) * np.exp(1j * rng.uniform(0, 2 * np.pi))
        x, y = beside.real + offset.real, beside.imag + offset.imag
    if not (0 <= x < size and 0 <= y < size):
        return None
    column, row = int(x), int(y)
    if specimen.mask[max(row - 5, 0) : row + 6, max(column - 5, 0) : column + 6].any():
        return None
    return complex(x, y)


def _soil(specimen: Specimen, rng: np.random.Generator) -> None:
    """Strew the glass with specks and crumbs, in focus, that are no cells."""
    size = len(specimen.mask)
    specks = int(rng.poisson(rng.uniform(5, 60) * _area(size)))
    places = rng.uniform(0, size, 2 * specks).view(np.complex128)
    add_grains(specimen, places, rng.exponential(0.35, specks), on_cells=False)
    for _ in range(rng.poisson(5 * _area(size))):
        crumbs = int(rng.integers(4, 22))
        spread = rng.uniform(1, 4) * rng.standard_normal(2 * crumbs).view(np.complex128)
        places = complex(*rng.uniform(0, size, 2)) + spread
        add_grains(specimen, places, rng.normal(0.25, 0.35, crumbs), on_cells=False)


def _total_delay(specimen: Specimen, rng: np.random.Generator) -> Floats:
    """The delay by cells of uneven thickness, and by the grains; `(H, W)` radians."""
    size = len(specimen.mask)
    fine, coarse = optics.cloud(rng, size, 3), optics.cloud(rng, size, 16)
    uneven = 1 + np.float32(rng.uniform(0.03, 0.12)) * fine + np.float32(rng.uniform(0.2, 0.45)) * coarse
    grain = cv2.GaussianBlur(specimen.grain, (0, 0), rng.uniform(0.8, 1.1))
    return np.asarray(specimen.delay * uneven + grain, np.float32)


def write_dataset(
    out: Path, *, count: int = 1088, size: int = 256, seed: int = 0, force: bool = False,
    progress: Progress = silent,
) -> None:  # fmt: skip
    """Write a data set: `images/synth_0000.png`, `labels/` (16 bits), `masks/` (0 and 255), and two tables.

    The tables are `splits.csv` and `manifest.json`.

    The same arguments give the same bytes. The folder appears when all is written.

    Args:
        out: the folder to make.
        count: how many images, 1 to 1,000,000.
        size: side of the images, pixels.
        seed: another seed, other images.
        force: replace an earlier data set of this command.
        progress: is told each image.

    Raises:
        ConfigError: a number is out of range.
        OutputError: the folder exists, or cannot be written; or, with `force`, it holds something else.
    """
    check_range("count", count, 1, MAX_COUNT)
    check_range("size", size, *SIZES)
    check_range("seed", seed, 0)
    if force:
        _refuse_other_data(out)
    digits = max(4, len(str(count - 1)))
    stems = [f"synth_{index:0{digits}d}" for index in range(count)]
    splits = assign_splits({stem: stem for stem in stems}, seed=seed)
    with files.staged_folder(out, marker="manifest.json", force=force) as folder:
        for index, stem in enumerate(stems):
            progress(index, count, "")
            image, labels = synthesize_cells(index, size=size, seed=seed)
            write_png(folder / "images" / f"{stem}.png", image)
            write_png(folder / "labels" / f"{stem}.png", labels)
            write_png(folder / "masks" / f"{stem}.png", (labels != 0).astype(np.uint8) * 255)
        header = ("stem", "split", "source_image")
        files.write_csv(folder / "splits.csv", header, [(stem, splits[stem], stem) for stem in stems])
        files.write_json(folder / "manifest.json", _manifest(count=count, size=size, seed=seed))
        progress(count, count, "")


def _refuse_other_data(out: Path) -> None:
    """Other commands leave a manifest.json too; what they made is not to be replaced by this one."""
    path = out / "manifest.json"
    if not path.is_file():
        return
    if files.read_json(path, kind="a manifest", error=OutputError).get("generator") != GENERATOR:
        raise OutputError(
            f"{out} holds data that this command did not make (see {path}), so --force does not replace it; "
            "choose another folder"
        )


def _manifest(*, count: int, size: int, seed: int) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "generator": GENERATOR,
        "generator_version": GENERATOR_VERSION,
        "seed": seed,
        "count": count,
        "size": size,
        "edgeseg_version": __version__,
        "numpy_version": np.__version__,
        "opencv_version": cv2.__version__,
    }
