"""The facts about a model file: `NAME.json` beside `NAME.tflite`.

What reading and running the file needs is typed through and through; how the network was trained is kept as
the run states it, for people to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from edgeseg import files
from edgeseg.errors import ArtifactError
from edgeseg.model.audit_record import Audit
from edgeseg.model.flatbuffer import TensorNames
from edgeseg.model.interface import Interface
from edgeseg.model.preprocessing import Preprocessing
from edgeseg.model.recipe import StatedRecipe
from edgeseg.records import check_version, from_data, stored, write_record
from edgeseg.text import counted

#: 1: first version. 2: the interface is stated.
SCHEMA_VERSION = 2

_READABLE = (1, 2)

_WHERE_GIVEN = stored(omit_default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageAgreement:
    """One image of a verification.

    Attributes:
        stem: of the image.
        agreement: share of its mask pixels that agree, 0 to 1.
    """

    stem: str
    agreement: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MapError:
    """How far one map is from that of the reference model.

    Attributes:
        name: of the map.
        error: mean distance of its values, which go from 0 to 1, over all images; of an offset, over the
            pixels that the reference takes for foreground, since it has no meaning on others.
    """

    name: str
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CellAgreement:
    """How far the cells that a file finds are those of the reference model.

    Attributes:
        reference: cells of the reference model in all images, those of at least 16 pixels.
        file: cells of the file, likewise.
        f1: of the file's cells against those of the reference, matched at an IoU of 0.5; 0 to 1.
    """

    reference: int
    file: int
    f1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How far a file agrees with the model that it was made from.

    Attributes:
        reference: what that model is.
        split: the images' split.
        images: how many.
        agreement: share of mask pixels that agree, 0 to 1, over all images.
        dice_reference: pooled Dice of the reference model against the truth.
        dice_file: pooled Dice of the file against the truth.
        worst: the images that agree least.
        maps: of a network with several maps, each; of one with a single map the mask tells.
        cells: of a network that tells touching cells apart; None of any other.
    """

    reference: str
    split: str
    images: int
    agreement: float
    dice_reference: float
    dice_file: float
    worst: tuple[ImageAgreement, ...]
    maps: tuple[MapError, ...] = field(default=(), metadata=_WHERE_GIVEN)
    cells: CellAgreement | None = field(default=None, metadata=_WHERE_GIVEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationUsed:
    """The images that activation ranges were measured on.

    Attributes:
        split: they are from.
        seed: that drew them.
        count: how many.
        stems: of the samples, in order.
        preprocessing: that prepared them.
        anchored: how black and white were made to occur.
        sha256: over the prepared pixels in order.
    """

    split: str
    seed: int
    count: int
    stems: tuple[str, ...]
    preprocessing: Preprocessing
    anchored: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Which of two files of the same network to ship: the fine-tuned one, or the one without.

    Attributes:
        ship: the variant to ship.
        tuned: the fine-tuned variant.
        plain: the other one.
        images: of the validation split.
        dice_tuned: pooled Dice of the fine-tuned file, 0 to 1.
        dice_plain: pooled Dice of the other.
        f1_tuned: F1 of the fine-tuned file's cells, where the network tells cells apart; it counts, then, and
            not Dice.
        f1_plain: that of the other's.
        low: lower end of the 95 % interval of the difference (tuned less plain), from a bootstrap over
            the source images, both files on the same ones; None where there is one only.
        high: upper end.
        sources: source images that the images are tiles of, or are themselves; None in files of version 0.1,
            where the interval is over tiles.
        plain_sha256: digest of the other file.
    """

    ship: str
    tuned: str
    plain: str
    images: int
    dice_tuned: float
    dice_plain: float
    low: float | None
    high: float | None
    sources: int | None = None
    plain_sha256: str
    f1_tuned: float | None = None
    f1_plain: float | None = None

    def to_stored(self) -> Mapping[str, Any]:
        """As JSON-able data, the sentence included."""
        facts = asdict(self)
        if self.f1_tuned is None:
            facts = {name: value for name, value in facts.items() if name not in ("f1_tuned", "f1_plain")}
        return facts | {"sentence": self.sentence}

    @classmethod
    def from_stored(cls, value: Mapping[str, Any]) -> Self:
        """From `to_stored`'s data; the sentence is made again."""
        return cls(**{each.name: value[each.name] for each in fields(cls) if each.name in value})

    @property
    def sentence(self) -> str:
        """What to ship, and why."""
        figure, tuned, plain = "Dice", self.dice_tuned, self.dice_plain
        if self.f1_tuned is not None and self.f1_plain is not None:
            figure, tuned, plain = "F1 of cells", self.f1_tuned, self.f1_plain
        if self.ship == self.tuned:
            reason = f"it is better than {self.plain}"
        elif self.low is None or self.high is None:
            reason = f"nothing tells whether {self.tuned} is better, and this one needs no fine-tuning"
        elif self.high < 0:
            reason = f"{self.tuned} is worse"
        else:
            reason = f"{self.tuned} is not measurably better, and this one needs no fine-tuning"
        return (
            f"ship {self.ship}: {reason} (validation {figure} {self.tuned} {tuned:.4f}, {self.plain} "
            f"{plain:.4f}: {100 * (tuned - plain):+.2f} points, {self._certainty})"
        )

    @property
    def _certainty(self) -> str:
        images = f"{self.images} images"
        if self.sources is not None and self.sources < self.images:
            images = f"{self.images} tiles of {counted(self.sources, 'image')}"
        if self.low is None or self.high is None:
            return f"{images}, which do not tell how images differ"
        return f"95 % interval {100 * self.low:+.2f} to {100 * self.high:+.2f}, {images}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizedFrom:
    """The float file that `edgeseg quantize` made a file from.

    Attributes:
        name: of the file.
        variant: of the file.
        bytes: its size.
        sha256: its digest.
    """

    name: str
    variant: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """What a sidecar states.

    Attributes:
        made_from: all that decides the bytes of an export: name of a setting -> value.
        name: of the file.
        sha256: digest of the .tflite content.
        bytes: size of the .tflite content.
        gzip_bytes: size after `gzip -9`.
        packed_bytes: size of the compressed container, where the file is one.
        recipe: what the file is to be.
        interface: what goes in and what comes out; None in sidecars of version 1.
        preprocessing: what is done to an image first.
        calibration: of a file that was quantized after training.
        audit: what is in the file.
        tensor_names: what the tensors of each graph are called, by their numbers; none where the file itself
            has their names, as those of version 0.1.
        verification: how far it agrees with the model that it was made from.
        referee: of a fine-tuned file whose rival was there.
        network: that was trained, its configuration as stored data.
        training: how it was trained, likewise.
        origin: what the run started from, likewise.
        dataset: that it was trained on, likewise.
        quantized_from: of a file that `edgeseg quantize` made.
        quantized_with: the data set that it was calibrated on, likewise.
        environment: in which the file was made, likewise.
    """

    made_from: Mapping[str, Any] | None = field(default=None, metadata=_WHERE_GIVEN)
    name: str = ""
    sha256: str
    bytes: int
    gzip_bytes: int | None = None
    packed_bytes: int | None = None
    recipe: StatedRecipe | None = None
    interface: Interface | None = field(default=None, metadata=_WHERE_GIVEN)
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    calibration: CalibrationUsed | None = None
    audit: Audit | None = None
    tensor_names: TensorNames = field(default=(), metadata=_WHERE_GIVEN)
    verification: Verification | None = None
    referee: Verdict | None = field(default=None, metadata=_WHERE_GIVEN)
    network: Mapping[str, Any] | None = field(default=None, metadata=_WHERE_GIVEN)
    training: Mapping[str, Any] | None = field(default=None, metadata=_WHERE_GIVEN)
    origin: Mapping[str, Any] | None = field(default=None, metadata=_WHERE_GIVEN)
    dataset: Mapping[str, Any] | None = field(default=None, metadata=_WHERE_GIVEN)
    quantized_from: QuantizedFrom | None = field(default=None, metadata=_WHERE_GIVEN)
    quantized_with: Mapping[str, Any] | None = field(default=None, metadata=_WHERE_GIVEN)
    environment: Mapping[str, Any] | None = field(default=None, metadata=_WHERE_GIVEN)


def read_sidecar(path: Path, *, model: str) -> Sidecar:
    """Read the facts about a model file.

    Args:
        path: of the sidecar.
        model: name of the model file, for the sentence.

    Raises:
        ArtifactError: unreadable, not made by edgeseg, of a version that this one does not know, or it does
            not state what it must.
    """
    value = files.read_json(path, kind="model metadata", error=ArtifactError)
    if "schema_version" not in value:
        raise ArtifactError(
            f"expected the facts about {model} in {path}, but it states no schema_version, so edgeseg "
            "did not write it; rename one of the two, or export again"
        )
    cure = "export again, or use the edgeseg version that made it"
    check_version(value, _READABLE, where=path, error=ArtifactError, cure=cure)
    # More facts do no harm (`threshold` of version 1); more settings of a part would change what it means.
    known = {each.name for each in fields(Sidecar)}
    stated = {key: each for key, each in value.items() if key in known}
    return from_data(Sidecar, stated, where=path, error=ArtifactError, cure="export again")


def write_sidecar(path: Path, sidecar: Sidecar) -> None:
    """Write the facts about a model file; `OutputError` as `files.write_bytes`."""
    write_record(path, sidecar, version=SCHEMA_VERSION)
