"""Makes edgeseg/doctor/smoke.tflite, which `edgeseg doctor` times.

It is the tests' int8 U-Net, 4 times as wide and high.

At 64x64 pixels the time would be that of calling it. Its weights were trained on 64x64 and stay as they are:
a convolution takes any size.

    python benchmarks/smoke_model.py
"""

from __future__ import annotations

from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

ROOT = Path(__file__).parents[1]
FACTOR = 4


def widen(data: bytes) -> bytes:
    """A .tflite file with the height and width of every activation multiplied by `FACTOR`."""
    model = schema.ModelT.InitFromPackedBuf(data)
    (graph,) = model.subgraphs
    for tensor in graph.tensors:
        if model.buffers[tensor.buffer].data is None and len(tensor.shape) == 4:
            tensor.shape = _widened(tensor.shape)
            tensor.shapeSignature = None
    for operator in graph.operators:
        if isinstance(operator.builtinOptions, schema.TransposeConvOptionsT):
            size = model.buffers[graph.tensors[operator.inputs[0]].buffer]
            size.data = _widened(np.frombuffer(bytes(size.data), np.int32)).view(np.uint8)
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _widened(shape: np.ndarray) -> np.ndarray:
    batch, height, width, channels = shape
    return np.array([batch, FACTOR * height, FACTOR * width, channels], np.int32)


if __name__ == "__main__":
    made = widen((ROOT / "tests" / "models" / "blobs_int8.tflite").read_bytes())
    (ROOT / "edgeseg" / "doctor" / "smoke.tflite").write_bytes(made)
    print(f"{len(made):,} bytes")
