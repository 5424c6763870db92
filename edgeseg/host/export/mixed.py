"""The integer file that keeps named layers in float, from a Keras model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.host.export.convert import convert
from edgeseg.model.flatbuffer import parse_model
from edgeseg.model.recipe import FLOAT32, Recipe
from edgeseg.quantizing.layers import keep_layers, make_quantized
from edgeseg.quantizing.ranges import measure_ranges


def convert_mixed(
    model: Any, recipe: Recipe, calibration: npt.NDArray[np.uint8], *, pattern: str | None, name: str
) -> tuple[bytes, Recipe]:
    """Convert to float32, then quantize that: TensorFlow's own quantizer keeps no layer by its name.

    Args:
        model: a Keras model of a static shape.
        recipe: `int8-mixed`.
        calibration: `(N, H, W)` uint8 prepared images.
        pattern: regular expression, searched in the layers' names.
        name: of the file, for errors.

    Returns:
        The bytes of the file, and the recipe with the layers.

    Raises:
        MissingDependencyError: ai-edge-quantizer is not installed.
        ConfigError: the pattern fits no layer.
        CheckError: converter or quantizer fails.
    """
    data = convert(model, FLOAT32)
    graph = parse_model(data, name=name)[0]
    recipe = keep_layers(recipe, graph, pattern, name=name)
    ranges = measure_ranges(data, graph, calibration, name=name)
    return make_quantized(data, graph, recipe, ranges, name=name), recipe
