"""How many bytes a file loses when it is made lean, and that it computes the same.

    python benchmarks/flatbuffer_diet.py

Converts networks with random weights (the bytes of a file do not depend on what was learned) and prints a
table: what the converter wrote, what edgeseg writes, and how much of either is beside the stored values. Each
pair must give the same bytes for random images, by XNNPACK and by the built-in kernels, or the script
ends with an error. Needs the extra `train`.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.host.compression.fake_quantization import freeze, measure_ranges
from edgeseg.host.compression.folding import fold_batch_norm
from edgeseg.host.export.convert import convert
from edgeseg.host.training.build import build_network, rebuild_for_export
from edgeseg.markdown import table
from edgeseg.model.flatbuffer import parse_model
from edgeseg.model.lean import make_lean
from edgeseg.model.recipe import FLOAT32, INT8_PTQ, INT8_QAT, Recipe
from edgeseg.model.runtimes.registry import make_interpreter
from edgeseg.networks.families import preset
from edgeseg.networks.network import Network
from edgeseg.networks.pocket import PocketConfig

POCKET, UNET = preset("pocket").network, preset("unet-16").network
SMALL = PocketConfig(filters=(8, 16, 24), blocks=(1, 1, 1))
FILES = ((POCKET, INT8_PTQ), (POCKET, INT8_QAT), (UNET, INT8_PTQ), (UNET, FLOAT32), (SMALL, INT8_PTQ))

RUNTIMES = ("litert", "litert-builtin")
IMAGES = 3


def fresh(network: Network) -> Any:
    """A Keras model with random weights; no bias is all zeros, which the converter would leave out."""
    model, rng = build_network(network), np.random.default_rng(0)
    weights = model.get_weights()
    model.set_weights([each + rng.uniform(0.01, 0.02, each.shape) * (each.ndim == 1) for each in weights])
    return model


def make_file(network: Network, recipe: Recipe) -> bytes:
    """What the converter writes."""
    model, size = fresh(network), network.input_size
    images = np.random.default_rng(1).integers(0, 256, (4, size, size), np.uint8)
    images[0, 0, :2] = 0, 255
    if recipe is INT8_QAT:
        folded = fold_batch_norm(model, network)
        return convert(freeze(folded, network, measure_ranges(folded, network, images)), recipe)
    return convert(rebuild_for_export(model, network), recipe, images if recipe.calibrated else None)


def outputs(data: bytes, images: npt.NDArray[np.uint8]) -> list[bytes]:
    """All maps of all images by all runtimes."""
    found = []
    for runtime in RUNTIMES:
        interpreter = make_interpreter(data, name="file", runtime=runtime)
        (port,) = interpreter.inputs
        for image in images:
            value = (image ^ 128).view(np.int8) if port.dtype == "int8" else (image / 255).astype(np.float32)
            interpreter.load(value.reshape(port.shape))
            interpreter.run()
            found.append(interpreter.output(0).tobytes())
    return found


def stored_bytes(data: bytes) -> int:
    """Bytes of the values that are stored: kernels, biases, shapes."""
    (graph,) = parse_model(data, name="file")
    return sum(len(tensor.data) for tensor in graph.tensors if tensor.data is not None)


def main() -> None:
    """Convert, compare, print."""
    rows = []
    for network, recipe in FILES:
        data = make_file(network, recipe)
        lean = make_lean(data, name=network.name).data
        size = network.input_size
        images = np.random.default_rng(2).integers(0, 256, (IMAGES, size, size), np.uint8)
        if outputs(data, images) != outputs(lean, images):
            sys.exit(f"{network.name} {recipe.variant}: the lean file computes something else")
        before, after, values = len(data), len(lean), stored_bytes(lean)
        rows.append(
            [
                network.name, recipe.variant, f"{before:,}", f"{after:,}", f"{1 - after / before:.1%}",
                f"{before - values:,}", f"{after - values:,}",
            ]
        )  # fmt: skip
        print(*rows[-1], file=sys.stderr)
    header = ("network", "variant", "converted", "written", "less", "beside values: converted", "written")
    print("\n".join(table(header, rows, text=(0, 1))))


if __name__ == "__main__":
    main()
