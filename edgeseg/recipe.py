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
    """

    variant: str
    source: str
    weights: str
    activations: str
    io: str
    calibrated: bool
    min_agreement: float
    summary: str

    @property
    def full_integer(self) -> bool:
        """Whether the file may hold no float activation at all."""
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

#: All variants by name, in the order in which they are made and shown.
RECIPES: Mapping[str, Recipe] = types.MappingProxyType(
    {each.variant: each for each in (FLOAT32, FLOAT16, DYNAMIC_INT8, INT8_PTQ)}
)


def recipe(variant: str) -> Recipe:
    """The recipe of a variant; `ConfigError` names the nearest one where there is none."""
    if variant not in RECIPES:
        raise ConfigError(f"no variant '{variant}'; {nearest(variant, RECIPES)}")
    return RECIPES[variant]
