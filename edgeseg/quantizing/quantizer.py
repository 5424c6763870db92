"""One float model in, one quantized model out: the only module that calls ai-edge-quantizer."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from edgeseg.audit.audit import SMALLEST_QUANTIZED_KERNEL
from edgeseg.errors import ArtifactError, CheckError, MissingDependencyError
from edgeseg.model.flatbuffer import Graph
from edgeseg.model.recipe import Recipe
from edgeseg.native_output import captured_stderr
from edgeseg.quantizing.ranges import Range


def quantize(data: bytes, graph: Graph, recipe: Recipe, ranges: Mapping[int, Range] | None = None) -> bytes:
    """Quantize a float model.

    Args:
        data: the .tflite file.
        graph: its first graph.
        recipe: what to make of it; the operators that give its `float_layers` stay as they are.
        ranges: of every activation, by number of the tensor, for a recipe that is calibrated.

    Returns:
        The bytes of the new file; the same for the same model, recipe and ranges.

    Raises:
        MissingDependencyError: ai-edge-quantizer is not installed.
        ArtifactError: two activations have one name.
        CheckError: the quantizer fails.
    """
    require_quantizer()
    from ai_edge_quantizer.quantizer import Quantizer

    statistics = None
    if recipe.calibrated:
        if ranges is None:
            raise ValueError(f"{recipe.variant} needs ranges")
        statistics = _by_name(graph, ranges)
    said: list[str] = []
    try:
        with warnings.catch_warnings(), captured_stderr(said), _depth_to_space_known():
            warnings.simplefilter("ignore")
            quantizer = Quantizer(bytearray(data), _instructions(recipe))
            made = quantizer.quantize(statistics, enable_progress_bar=False, enable_progress_report=False)
            return bytes(made.quantized_model)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CheckError(f"ai-edge-quantizer could not make {recipe.variant}: {reason}") from error


@contextlib.contextmanager
def _depth_to_space_known() -> Iterator[None]:
    """Have the quantizer treat DEPTH_TO_SPACE, which it does not know, as SPACE_TO_DEPTH.

    Both only move values: what goes in and what comes out have one scale, and nothing else is asked of them.
    """
    from ai_edge_quantizer import qtyping
    from ai_edge_quantizer.utils import tfl_flatbuffer_utils as utils

    known = utils.TFL_OP_CODE_TO_NAME
    also = {qtyping.BuiltinOperator.DEPTH_TO_SPACE: qtyping.TFLOperationName.SPACE_TO_DEPTH}
    utils.TFL_OP_CODE_TO_NAME = also | dict(known)
    try:
        yield
    finally:
        utils.TFL_OP_CODE_TO_NAME = known


def require_quantizer() -> None:
    """Raise `MissingDependencyError` where ai-edge-quantizer does not import."""
    said: list[str] = []
    try:
        with warnings.catch_warnings(), captured_stderr(said):
            warnings.simplefilter("ignore")
            import ai_edge_quantizer  # noqa: F401  the sentence comes before the work
    except (ImportError, OSError) as error:
        raise MissingDependencyError(
            f"quantizing a .tflite file needs ai-edge-quantizer: `pip install 'edgeseg[quantize]'` ({error})"
        ) from error


def _by_name(graph: Graph, ranges: Mapping[int, Range]) -> dict[str, dict[str, Any]]:
    """The ranges as the quantizer takes them: it knows tensors by name."""
    found: dict[str, dict[str, Any]] = {}
    for number, seen in ranges.items():
        name = graph.tensors[number].name
        if name in found:
            raise ArtifactError(
                f"two of the activations of this model are called '{name}', and ai-edge-quantizer tells them "
                "apart by name; convert the model again"
            )
        found[name] = {"min": np.array([seen.low], np.float32), "max": np.array([seen.high], np.float32)}
    return found


def _instructions(recipe: Recipe) -> list[dict[str, Any]]:
    """The recipe in the quantizer's terms; of several entries that fit an operator the last one holds."""
    from ai_edge_quantizer.recipe_manager import RecipeManager

    manager, every = RecipeManager(), (".*", "*")
    if recipe.weights == "float16":
        manager.add_weight_only_config(*every, num_bits=16, algorithm_key="float_casting")
    elif recipe.full_integer:
        manager.add_static_config(*every, activation_num_bits=8, weight_num_bits=8)
    else:
        manager.add_dynamic_config(*every, num_bits=8)
    for layer in recipe.float_layers:
        # An operator is found by the names of its outputs, each followed by a semicolon.
        manager.add_quantization_config(f"^{re.escape(layer)};", "*", algorithm_key="no_quantize")
    entries: list[dict[str, Any]] = manager.get_quantization_recipe()
    if not recipe.calibrated and recipe.weights == "int8":
        for entry in entries:
            # Small kernels stay float32, as in the converter's files.
            entry["op_config"]["min_weight_elements"] = SMALLEST_QUANTIZED_KERNEL
    return entries
