"""What is done to a trained network on its way into a file: one frozen recipe per variant."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from edgeseg.errors import ConfigError, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a variant is made.

    Attributes:
        variant: its name on the command line and in file names.
        source: the network that is converted: `base` is the trained run itself; the others are fine-tuned
            from it first (`export.sources`).
        weights: type of the stored weights: `float32`, `float16` or `int8`.
        activations: type that the operators compute in: `float32` or `int8`.
        io: type of input and output tensors: `float32` or `int8`.
        calibrated: whether activation ranges come from images (post-training quantization).
        min_agreement: the least share of mask pixels, 0 to 1, on which the file must agree with the Keras
            model that it was made from; below it the export fails.
        summary: the trade-off, in a line.
        float_layers: names of the output tensors of the operators that stay in float in an integer file,
            with a conversion before and behind each.
    """

    variant: str
    source: str
    weights: str
    activations: str
    io: str
    calibrated: bool
    min_agreement: float
    summary: str
    float_layers: tuple[str, ...] = ()

    @property
    def full_integer(self) -> bool:
        """Whether the file may hold no float activation at all, but those of `float_layers`."""
        return self.activations == "int8"

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)


FLOAT32 = Recipe(
    variant="float32",
    source="base",
    weights="float32",
    activations="float32",
    io="float32",
    calibrated=False,
    min_agreement=0.9999,
    summary="the trained network unchanged: the reference",
)

FLOAT16 = replace(
    FLOAT32,
    variant="float16",
    weights="float16",
    min_agreement=0.999,
    summary="half the bytes; computes in float32, so no faster",
)

DYNAMIC_INT8 = replace(
    FLOAT32,
    variant="dynamic-int8",
    weights="int8",
    min_agreement=0.99,
    summary="a quarter of the bytes without calibration",
)

INT8_PTQ = Recipe(
    variant="int8-ptq",
    source="base",
    weights="int8",
    activations="int8",
    io="int8",
    calibrated=True,
    min_agreement=0.99,
    summary="integers throughout, ranges calibrated on training images",
)

INT8_QAT = Recipe(
    variant="int8-qat",
    source="qat",
    weights="int8",
    activations="int8",
    io="int8",
    calibrated=False,
    min_agreement=0.999,
    summary="integers throughout, the network fine-tuned to live with the rounding",
)

INT8_MIXED = replace(
    INT8_PTQ,
    variant="int8-mixed",
    summary="integers, but for the layers that were named: they stay in float",
)

SLIM = replace(
    FLOAT32,
    variant="slim",
    source="slim",
    summary="whole channels removed: a fifth of the multiply-accumulates, far fewer bytes",
)

SLIM_INT8_PTQ = replace(
    INT8_PTQ, variant="slim-int8-ptq", source="slim", summary="slimmed, then integers throughout"
)

SLIM_INT8_QAT = replace(
    INT8_QAT,
    variant="slim-int8-qat",
    source="slim-qat",
    summary="slimmed, then fine-tuned to live with the rounding",
)

#: All variants by name, in the order in which they are made and shown.
RECIPES: Mapping[str, Recipe] = types.MappingProxyType(
    {
        each.variant: each
        for each in (
            FLOAT32,
            FLOAT16,
            DYNAMIC_INT8,
            INT8_PTQ,
            INT8_QAT,
            SLIM,
            SLIM_INT8_PTQ,
            SLIM_INT8_QAT,
        )
    }
)

#: The variants that need no training of their own: a minute, and made unless others are named.
QUICK = tuple(each.variant for each in RECIPES.values() if each.source == "base")

#: What `edgeseg quantize` makes of a float file; `int8-mixed` only where layers are named.
FROM_FILE: Mapping[str, Recipe] = types.MappingProxyType(
    {each.variant: each for each in (FLOAT16, DYNAMIC_INT8, INT8_PTQ, INT8_MIXED)}
)


def recipe(variant: str) -> Recipe:
    """The recipe of a variant; `ConfigError` names the nearest one where there is none."""
    if variant not in RECIPES:
        raise ConfigError(f"no variant '{variant}'; {nearest(variant, RECIPES)}")
    return RECIPES[variant]


def promised(stated: Any) -> Recipe | None:
    """What a file whose sidecar states the recipe `stated` (`to_dict`'s data) must keep.

    Its name decides, as this version understands it; only the float layers are the file's own, since
    those are chosen when it is made. None where this version has no such variant.
    """
    known = {**RECIPES, **FROM_FILE}.get(str(stated.get("variant"))) if isinstance(stated, dict) else None
    if known != INT8_MIXED or not isinstance(stated.get("float_layers"), list):
        return known
    return replace(known, float_layers=tuple(map(str, stated["float_layers"])))
