"""What is done to a trained network on its way into a file: one frozen recipe per variant."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edgeseg.errors import ConfigError, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a variant is made.

    Attributes:
        variant: its name on the command line and in file names.
        weights: type of the stored weights: `float32`, `float16` or `int8`.
        activations: type that the operators compute in: `float32` or `int8`.
        io: type of input and output tensors: `float32` or `int8`.
        calibrated: whether activation ranges come from images (post-training quantization).
        min_agreement: the least share of mask pixels, 0 to 1, on which the file must agree with the Keras
            model that it was made from; below it the export fails.
        summary: the trade-off, in a line.
    """

    variant: str
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


RECIPES: Mapping[str, Recipe] = types.MappingProxyType(
    {
        recipe.variant: recipe
        for recipe in (
            Recipe(
                variant="float32", weights="float32", activations="float32", io="float32", calibrated=False,
                min_agreement=0.9999, summary="the trained network unchanged: the reference",
            ),
            Recipe(
                variant="float16", weights="float16", activations="float32", io="float32", calibrated=False,
                min_agreement=0.999, summary="half the bytes; computes in float32, so no faster",
            ),
            Recipe(
                variant="dynamic-int8", weights="int8", activations="float32", io="float32", calibrated=False,
                min_agreement=0.99, summary="a quarter of the bytes without calibration",
            ),
            Recipe(
                variant="int8-ptq", weights="int8", activations="int8", io="int8", calibrated=True,
                min_agreement=0.99, summary="integers throughout, ranges calibrated on images",
            ),
        )
    }
)  # fmt: skip


def recipe(variant: str) -> Recipe:
    """The recipe of a variant; `ConfigError` names the nearest one where there is none."""
    if variant not in RECIPES:
        raise ConfigError(f"no variant '{variant}'; {nearest(variant, RECIPES)}")
    return RECIPES[variant]
