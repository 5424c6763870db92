"""OpenVINO, which reads the same .tflite file and is what people compare with on x86.

Its int8 needs nothing else: the file's own scales. The precision is held at float32: on processors with AMX
it would compute float networks in bfloat16, and a `float32` row would not be what it says.
"""

from __future__ import annotations

import importlib
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeseg.errors import ArtifactError, ConfigError
from edgeseg.model.flatbuffer import list_facts, parse_model
from edgeseg.model.runtimes.protocol import Node

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenVinoRuntime:
    """OpenVINO, imported; see `protocol.Runtime`."""

    kind: str
    name: str
    version: str
    module: Any  # it ships no types

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def build(
        self, data: bytes, *, name: str, threads: int = 1, keep_activations: bool = False
    ) -> OpenVinoInterpreter:
        """See `protocol.Runtime`; it compiles for the CPU, with one inference request."""
        if keep_activations:
            raise ConfigError("openvino keeps no activations; use litert-builtin")
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": "f32",
        }
        core = self.module.Core()
        try:
            # A .tflite file can be read from a path only.
            with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
                file.write(data)
                file.flush()
                compiled = core.compile_model(core.read_model(file.name), "CPU", settings)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise ArtifactError(f"{self} cannot load {name}: {reason}") from error
        return OpenVinoInterpreter(compiled, data, name)


def load(kind: str, version: str) -> OpenVinoRuntime:
    """Import OpenVINO.

    Args:
        kind: `openvino`.
        version: of its distribution.

    Raises:
        ImportError: it is not installed.
    """
    module = importlib.import_module("openvino")
    return OpenVinoRuntime(kind=kind, name="openvino", version=version, module=module)


class OpenVinoInterpreter:
    """A compiled network; see `protocol.Interpreter`.

    Attributes:
        inputs: in order.
        outputs: in order.
    """

    def __init__(self, compiled: Any, data: bytes, name: str) -> None:
        """Take over a compiled network.

        Args:
            compiled: OpenVINO's own.
            data: the .tflite file: OpenVINO does not tell its scales.
            name: what to call the file in an error.

        Raises:
            ArtifactError: the flatbuffer is damaged.
        """
        graph = parse_model(data, name=name)[0]
        self.inputs, self.outputs = list_facts(graph, graph.inputs), list_facts(graph, graph.outputs)
        self._request = compiled.create_infer_request()

    def load(self, value: npt.NDArray[Any]) -> None:
        """See `protocol.Interpreter`, as of all that follow."""
        self._request.get_input_tensor(0).data[:] = value

    def run(self) -> None:
        """Run."""
        self._request.infer()

    def output(self, number: int) -> npt.NDArray[Any]:
        """A copy."""
        value: npt.NDArray[Any] = self._request.get_output_tensor(number).data.copy()
        return value

    def activation(self, number: int) -> npt.NDArray[Any]:
        """It keeps none."""
        raise ConfigError(f"openvino keeps no activations, not tensor {number} either; use litert-builtin")

    def nodes(self) -> tuple[Node, ...]:
        """It fuses operators and tells none."""
        return ()
