"""Which layers of a quantized file stay in float: those that were named, and no other."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace

from edgeseg.audit.activations import float_operators
from edgeseg.diagnosis.matching import CONVERSIONS, layer_name
from edgeseg.errors import CheckError, ConfigError
from edgeseg.model.flatbuffer import Graph, parse_model
from edgeseg.model.recipe import INT8_MIXED, Recipe
from edgeseg.quantizing.quantizer import quantize
from edgeseg.quantizing.ranges import Range, share_ranges


def keep_layers(recipe: Recipe, graph: Graph, pattern: str | None, *, name: str) -> Recipe:
    """The recipe with the layers that stay in float, where it is one that keeps some.

    Args:
        recipe: `int8-mixed`; any other is given back as it is.
        graph: of the float model.
        pattern: regular expression, searched in the layers' names.
        name: of the model, for errors.

    Raises:
        ConfigError: no pattern, one that is no regular expression, or one that fits no layer.
    """
    if recipe.variant != INT8_MIXED.variant:
        return recipe
    if pattern is None:
        raise ConfigError("int8-mixed needs --keep-float with the names of the layers that stay in float")
    try:
        wanted = re.compile(pattern)
    except re.error as error:
        raise ConfigError(
            f"expected a regular expression for --keep-float, but '{pattern}' is none: {error}"
        ) from error
    names = [graph.tensors[operator.outputs[0]].name for operator in graph.operators if operator.outputs]
    kept = tuple(each for each in names if wanted.search(layer_name(each)))
    if not kept:
        raise ConfigError(
            f"no layer of {name} has a name that fits --keep-float '{pattern}'; there are "
            f"{', '.join(layer_name(each) for each in names)}"
        )
    return replace(recipe, float_layers=kept)


def make_quantized(
    data: bytes, graph: Graph, recipe: Recipe, ranges: Mapping[int, Range], *, name: str
) -> bytes:
    """Quantize a float model; in an integer file nothing but the layers that were named stays in float.

    Args:
        data: the float .tflite file.
        graph: its first graph.
        recipe: from `keep_layers`.
        ranges: from `measure_ranges`, for a recipe that is calibrated.
        name: of the new file, for errors.

    Raises:
        CheckError: the quantizer fails, or has no integer form of an operator.
    """
    if not recipe.calibrated:
        return quantize(data, graph, recipe)
    outputs = [graph.tensors[each.outputs[0]].name for each in graph.operators]
    apart = {index for index, each in enumerate(outputs) if each in recipe.float_layers}
    made = quantize(data, graph, recipe, share_ranges(graph, ranges, apart=apart))
    if recipe.full_integer:
        _refuse_islands(made, recipe, name)
    return made


def _refuse_islands(data: bytes, recipe: Recipe, name: str) -> None:
    """Say what to do about operators that the quantizer left in float, since it has no integer form."""
    left = {
        layer_name(each.tensor): each.name
        for each in float_operators(parse_model(data, name=name))
        if each.name not in CONVERSIONS and each.tensor not in recipe.float_layers
    }
    if left:
        kinds, wanted = ", ".join(dict.fromkeys(left.values())), [*recipe.float_layers, *left]
        pattern = "|".join(re.escape(layer_name(each)).replace("\\-", "-") for each in wanted)
        raise CheckError(
            f"ai-edge-quantizer has no integer form of {kinds}, so {name} was not written; to leave "
            f"them in float on purpose, as int8-mixed: --keep-float {shlex.quote(f'^({pattern})$')}"
        )
