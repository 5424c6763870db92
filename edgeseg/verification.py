"""Proving a new file: its name against its content; its maps and cells against others."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeseg import files
from edgeseg.audit.audit import audit_model, judge
from edgeseg.data.calibration import Calibration, Size, window
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import CheckError
from edgeseg.labels.decoding import CellDecoder
from edgeseg.labels.label_rows import Labels
from edgeseg.metrics import pixels
from edgeseg.metrics.cells import MIN_AREA, NO_CELLS
from edgeseg.metrics.matching import match_cells
from edgeseg.model import artifact, preprocessing
from edgeseg.model.artifact import Artifact
from edgeseg.model.audit_record import Audit
from edgeseg.model.encoding import Image, Maps, Mask, MaskDecoder, real_maps
from edgeseg.model.interface import INT8_MAP, Interface, Meaning
from edgeseg.model.lean import LeanFile
from edgeseg.model.preprocessing import Preprocessing
from edgeseg.model.recipe import Recipe, StatedRecipe
from edgeseg.model.segmenter import Segmenter
from edgeseg.model.sidecar import CellAgreement, ImageAgreement, MapError, Sidecar, Verification

#: Validation images that a file is verified on, at most.
COUNT = 100

#: How many of the least agreeing images are named.
WORST = 5

#: A map of an int8 file may be this far from its reference however well it was made.
_INT8_STEP = INT8_MAP.scale

#: So many per cent of the cells may be others where one per cent of the mask pixels may: a few pixels decide
#: whether two cells are one. An int8 file of a trained network agreed on 99.72 % of the pixels, and its cells
#: with an F1 of 0.974.
_CELLS_A_PIXEL = 10

#: So many cells, of both models together, may find no match however few there are: one that was split, or
#: one that moved.
_FEW_CELLS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What the model that a file is made from makes of some images of one split.

    Attributes:
        model: what it is, for sentences: `its Keras model`.
        split: of the data set.
        stems: of the images.
        images: `(H, W)` or `(H, W, C)` uint8, prepared, each of the model's input size.
        truths: `(H, W)` bool.
        predictions: `(H, W)` bool, the reference model's.
        maps: `(M, H, W)` float16 each, the reference model's maps as values from 0 to 1; empty where there is
            one map alone, which `predictions` tells.
        cells: `(H, W)` labels each, the reference model's; empty where it does not tell touching cells apart.
        interface: of the reference model.
    """

    model: str
    split: str
    stems: tuple[str, ...]
    images: Sequence[Image]
    truths: Sequence[Mask]
    predictions: Sequence[Mask]
    maps: Sequence[npt.NDArray[np.float16]]
    cells: Sequence[Labels]
    interface: Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What was found of a new file that keeps its promises.

    Attributes:
        audit: what is in it.
        verification: how far it agrees with its reference.
        interface: with its own types and scales.
    """

    audit: Audit
    verification: Verification
    interface: Interface


def draw_reference(
    dataset: SegmentationDataset,
    prepare: Preprocessing,
    predict: Callable[[Image], Maps],
    *,
    interface: Interface,
    model: str,
    size: Size,
    count: int = COUNT,
    seed: int = 0,
) -> Reference:
    """Predict a sample of the validation images, by seed.

    Args:
        dataset: to draw from.
        prepare: the preprocessing that the model was trained with.
        predict: the reference model: a prepared tile `(H, W)` uint8 to its maps.
        interface: of the reference model.
        model: what it is, for sentences.
        size: of the model's input.
        count: images, at most.
        seed: of the choice and of the windows of larger images.

    Raises:
        DatasetError: the validation split is empty, or an image cannot be read.
    """
    samples = dataset.split("val")
    rng = np.random.default_rng(seed)
    chosen = [samples[i] for i in sorted(rng.permutation(len(samples))[:count].tolist())]
    images, truths = [], []
    for sample in chosen:
        image, truth = sample.read()
        image = preprocessing.apply(image, prepare)
        # One window for both: the mask travels as a second grey image.
        state = int(rng.integers(2**31))
        tile, truth_tile = (
            window(each, size, np.random.default_rng(state)) for each in (image, truth.mask.astype(np.uint8))
        )
        images.append(tile)
        truths.append(truth_tile != 0)
    stems = tuple(sample.stem for sample in chosen)
    return refer(predict, images, truths, interface=interface, model=model, split="val", stems=stems)


def refer(
    predict: Callable[[Image], Maps],
    images: Sequence[Image],
    truths: Sequence[Mask],
    *,
    interface: Interface,
    model: str,
    split: str,
    stems: Sequence[str],
) -> Reference:
    """What a model makes of images.

    Args:
        predict: the model: a prepared tile to its maps.
        images: `(H, W)` or `(H, W, C)` uint8, prepared, each of the model's input size.
        truths: `(H, W)` bool, of each.
        interface: of the model.
        model: what it is, for sentences.
        split: of the images.
        stems: of the images.
    """
    decoder, find_cells, several = MaskDecoder(interface), CellDecoder(interface), len(interface.maps) > 1
    predictions, maps, cells = [], [], []
    for tile in images:
        made = predict(tile)
        predictions.append(decoder.mask(made))
        if several:
            maps.append(real_maps(made, interface).astype(np.float16))
        if find_cells.tells_apart:
            cells.append(find_cells(made))
    return Reference(
        model=model, split=split, stems=tuple(stems), images=images, truths=truths, predictions=predictions,
        maps=maps, cells=cells, interface=interface,
    )  # fmt: skip


def verify(data: bytes, reference: Reference, *, name: str) -> Verification:
    """Run a file over the reference images and compare masks; all maps where there are several; and cells.

    Args:
        data: the .tflite file.
        reference: from the model that it was made from.
        name: of the file, for errors.
    """
    segmenter = Segmenter(Artifact(path=Path(name), data=data, interface=reference.interface))
    find_cells, errors, cells = CellDecoder(segmenter.interface), _Errors(segmenter.interface), NO_CELLS
    masks = []
    for number, image in enumerate(reference.images):
        made = segmenter.invoke(image)
        masks.append(segmenter.decode(made))
        if reference.maps:
            errors.add(made, reference.maps[number], reference.predictions[number])
        if reference.cells:
            cells += match_cells(reference.cells[number], find_cells(made), min_area=MIN_AREA).counts
    shares = [float(np.mean(a == b)) for a, b in zip(masks, reference.predictions, strict=True)]
    order = np.argsort(shares)[:WORST]
    return Verification(
        reference=reference.model,
        split=reference.split,
        images=len(masks),
        agreement=float(np.mean(shares)),
        dice_reference=_dice(reference.truths, reference.predictions),
        dice_file=_dice(reference.truths, masks),
        worst=tuple(ImageAgreement(stem=reference.stems[i], agreement=shares[i]) for i in order),
        maps=errors.found() if reference.maps else (),
        cells=CellAgreement(reference=cells.true, file=cells.found, f1=cells.f1) if reference.cells else None,
    )


class _Errors:
    """Adds up how far maps are from those of a reference, over the pixels where they have a meaning."""

    def __init__(self, interface: Interface) -> None:
        self._interface = interface
        offsets = (*interface.of(Meaning.OFFSET_Y), *interface.of(Meaning.OFFSET_X))
        self._inside = np.array([number in offsets for number in range(len(interface.maps))])
        self._sums, self._pixels = np.zeros(len(interface.maps)), np.zeros(len(interface.maps), np.int64)

    def add(self, maps: Maps, reference: npt.NDArray[np.float16], foreground: Mask) -> None:
        """Take an image: its maps, the reference's `(M, H, W)`, and the reference's foreground `(H, W)`."""
        distance = np.abs(real_maps(maps, self._interface) - reference)
        inside = np.where(self._inside[:, None, None], foreground, True)
        self._sums += distance.sum(axis=(1, 2), where=inside, dtype=np.float64)
        self._pixels += inside.sum(axis=(1, 2))

    def found(self) -> tuple[MapError, ...]:
        """The mean of each map; 0 where it has a meaning nowhere."""
        means = (self._sums / np.maximum(self._pixels, 1)).tolist()
        pairs = zip(self._interface.maps, means, strict=True)
        return tuple(MapError(name=each.name, error=error) for each, error in pairs)


def _dice(truths: Sequence[Mask], predictions: Sequence[Mask]) -> float:
    pairs = zip(truths, predictions, strict=True)
    return pixels.pooled([pixels.count(truth, predicted) for truth, predicted in pairs])["dice"]


def accept(made: LeanFile, recipe: Recipe, reference: Reference, *, name: str) -> Accepted:
    """Audit and verify a new file.

    Args:
        made: the file.
        recipe: that it was made by.
        reference: from the model that it was made from.
        name: of the file, for errors.

    Raises:
        CheckError: it is not what its recipe promises, or disagrees with its reference.
    """
    audit = audit_model(made.data, name=name, names=made.names)
    findings = judge(audit, recipe)
    if findings:
        raise CheckError(f"{name} is not what its name says, so it was not written: {'; '.join(findings)}")
    verification = verify(made.data, reference, name=name)
    if verification.agreement < recipe.min_agreement:
        worst = verification.worst[0]
        raise CheckError(
            f"{name} agrees with {reference.model} on {verification.agreement:.2%} of mask pixels, expected "
            f"at least {recipe.min_agreement:.2%}, so it was not written; worst image {worst.stem} "
            f"({worst.agreement:.2%}); train longer, calibrate with more images "
            "(--calibration-count), or take it as it is (--min-agreement)"
        )
    allowed = 1 - recipe.min_agreement + _INT8_STEP
    apart = [each for each in verification.maps if each.error > allowed]
    if apart:
        raise CheckError(
            f"the map '{apart[0].name}' of {name} is {apart[0].error:.4f} from that of {reference.model} on "
            f"average, expected at most {allowed:.4f}, so it was not written; train longer, calibrate with "
            "more images (--calibration-count), or take it as it is (--min-agreement)"
        )
    if verification.cells:
        _refuse_other_cells(verification.cells, recipe, reference.model, name)
    file = Artifact(path=Path(name), data=made.data, interface=reference.interface)
    return Accepted(audit=audit, verification=verification, interface=file.find_interface())


def _refuse_other_cells(cells: CellAgreement, recipe: Recipe, model: str, name: str) -> None:
    least = max(0.0, 1 - _CELLS_A_PIXEL * (1 - recipe.min_agreement))
    unmatched = round((1 - cells.f1) * (cells.reference + cells.file))
    if cells.f1 < least and unmatched > _FEW_CELLS:
        raise CheckError(
            f"{name} finds other cells than {model}: {cells.file} instead of {cells.reference}, which match "
            f"with an F1 of {cells.f1:.3f}, expected at least {least:.3f}, so it was not written; train "
            "longer, calibrate with more images (--calibration-count), or take it as it is (--min-agreement)"
        )


def describe(
    path: Path,
    made: LeanFile,
    recipe: Recipe,
    accepted: Accepted,
    *,
    calibration: Calibration | None,
    preprocessing: Preprocessing,
) -> Sidecar:
    """What the sidecar of every file states, whoever made it.

    Args:
        path: of the file.
        made: its .tflite content.
        recipe: that it was made by.
        accepted: what was found of it.
        calibration: of a file that was calibrated.
        preprocessing: what is done to an image first.
    """
    return Sidecar(
        name=artifact.model_name(path),
        # Size and digest are the content's, whether or not the file is compressed.
        sha256=files.sha256_bytes(made.data),
        bytes=len(made.data),
        gzip_bytes=len(gzip.compress(made.data, compresslevel=9, mtime=0)),
        recipe=StatedRecipe.of(recipe),
        interface=accepted.interface,
        preprocessing=preprocessing,
        calibration=calibration.manifest() if calibration else None,
        audit=accepted.audit,
        tensor_names=made.names,
        verification=accepted.verification,
    )
