"""OpenVINO behind the interface of a TFLite interpreter, as far as `runtime` uses it.

It reads the same .tflite file and is what people compare with on x86. Its int8 needs nothing else: the
file's own scales. The precision is held at float32: on processors with AMX it would compute float
networks in bfloat16, and a `float32` row would not be what it says.
"""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino

from edgeseg.errors import ArtifactError

#: The tensors' numbers here: there is one input and one output that matter.
_INPUT, _OUTPUT = 0, 1


class OpenVinoInterpreter:
    """A compiled network with one inference request."""

    def __init__(self, data: bytes, *, name: str, threads: int) -> None:
        """Compile for the CPU.

        Args:
            data: the bytes of a .tflite file.
            name: what to call the file in an error.
            threads: of the operators.

        Raises:
            ArtifactError: OpenVINO refuses the file.
        """
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": "f32",
        }
        core = openvino.Core()
        try:
            # A .tflite file can be read from a path only.
            with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
                file.write(data)
                file.flush()
                compiled = core.compile_model(core.read_model(file.name), "CPU", settings)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise ArtifactError(f"openvino {openvino.__version__} cannot load {name}: {reason}") from error
        self._inputs, self._outputs = compiled.inputs, compiled.outputs
        self._request = compiled.create_infer_request()

    def get_input_details(self) -> list[dict[str, Any]]:
        """Shape and type of the inputs; OpenVINO does not tell scales."""
        return [_details(port, _INPUT) for port in self._inputs]

    def get_output_details(self) -> list[dict[str, Any]]:
        """Likewise of the outputs."""
        return [_details(port, _OUTPUT) for port in self._outputs]

    def set_tensor(self, _index: int, value: npt.NDArray[Any]) -> None:
        """Copy a value into the input."""
        self._request.get_input_tensor(0).data[:] = value

    def invoke(self) -> None:
        """Run the network."""
        self._request.infer()

    def get_tensor(self, _index: int) -> npt.NDArray[Any]:
        """A copy of the output."""
        return np.array(self._request.get_output_tensor(0).data)


def _details(port: Any, index: int) -> dict[str, Any]:
    return {
        "index": index,
        "shape": np.array(list(port.shape)),
        "dtype": port.element_type.to_dtype().type,
        "quantization": None,
    }
