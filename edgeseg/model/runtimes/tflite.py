"""The TFLite runtimes: `ai-edge-litert` in three ways, and `tflite-runtime`.

`Interpreter` is used and not `CompiledModel`: that one aborts on processors without LSE atomics
(Raspberry Pi 3 and 4) and crashes on damaged files.
"""

from __future__ import annotations

import importlib
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeseg.errors import ArtifactError, MissingDependencyError
from edgeseg.model.interface import INTEGER_RANGES, Quantization, TensorFacts
from edgeseg.model.runtimes.protocol import Node
from edgeseg.native_output import captured_stderr

if TYPE_CHECKING:
    import numpy.typing as npt

#: Runtime -> the resolver of operators that it asks for; none: the default, with XNNPACK.
_RESOLVERS = {"litert-builtin": "BUILTIN_WITHOUT_DEFAULT_DELEGATES", "litert-reference": "BUILTIN_REF"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TfliteRuntime:
    """One of them, imported; see `protocol.Runtime`."""

    kind: str
    name: str
    version: str
    module: Any  # neither ships types

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def build(
        self, data: bytes, *, name: str, threads: int = 1, keep_activations: bool = False
    ) -> TfliteInterpreter:
        """See `protocol.Runtime`."""
        options: dict[str, Any] = {"model_content": data, "num_threads": threads}
        if self.kind in _RESOLVERS:
            resolver = getattr(self.module.OpResolverType, _RESOLVERS[self.kind])
            options["experimental_op_resolver_type"] = resolver
        if keep_activations:
            options["experimental_preserve_all_tensors"] = True
        said: list[str] = []
        try:
            with captured_stderr(said), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that keeping all tensors takes memory
                interpreter = self.module.Interpreter(**options)
                interpreter.allocate_tensors()
        except SystemError as error:
            import numpy as np

            # tflite-runtime 2.14 imports with numpy 2 and fails here, without a reason.
            raise MissingDependencyError(
                f"{self} does not work with numpy {np.__version__}; "
                "`pip install 'numpy<2'` beside it, or use ai-edge-litert"
            ) from error
        except (ValueError, RuntimeError) as error:
            raise ArtifactError(self._refusal(" ".join(str(error).split()), name)) from error
        return TfliteInterpreter(interpreter, name)

    def _refusal(self, reason: str, name: str) -> str:
        foreign = re.search(r"unresolved custom op: ([\w-]+)", reason)
        if foreign:
            return (
                f"{name} was made for another kind of machine: its operator {foreign[1]} is none that "
                f"{self} has; use the .tflite file that it was compiled from"
            )
        return f"{self} cannot load {name}: {reason}"


def load(kind: str, version: str) -> TfliteRuntime:
    """Import a runtime.

    Args:
        kind: which of `registry.RUNTIMES`.
        version: of its distribution.

    Raises:
        ImportError: it is not installed.
        OSError: its native library does not load here.
    """
    package = "tflite_runtime" if kind == "tflite-runtime" else "ai_edge_litert"
    module = importlib.import_module(f"{package}.interpreter")
    return TfliteRuntime(kind=kind, name=package.replace("_", "-"), version=version, module=module)


class TfliteInterpreter:
    """A model in one of these runtimes; see `protocol.Interpreter`.

    Attributes:
        inputs: in order.
        outputs: in order.
    """

    def __init__(self, interpreter: Any, name: str) -> None:
        """Take over an interpreter whose tensors are allocated.

        Args:
            interpreter: the runtime's own.
            name: what to call the file in an error.

        Raises:
            ArtifactError: a tensor's name is damaged.
        """
        self._interpreter = interpreter
        try:
            inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        except ValueError as error:  # a name that is not UTF-8, for one
            raise ArtifactError(f"{name} is damaged ({error}); export or copy it again") from error
        self.inputs = tuple(map(_facts, inputs))
        self.outputs = tuple(map(_facts, outputs))
        self._input = inputs[0]["index"] if inputs else -1
        self._outputs = [each["index"] for each in outputs]

    def load(self, value: npt.NDArray[Any]) -> None:
        """See `protocol.Interpreter`, as of all that follow."""
        self._interpreter.set_tensor(self._input, value)

    def run(self) -> None:
        """Run."""
        self._interpreter.invoke()

    def output(self, number: int) -> npt.NDArray[Any]:
        """A copy."""
        value: npt.NDArray[Any] = self._interpreter.get_tensor(self._outputs[number])
        return value

    def activation(self, number: int) -> npt.NDArray[Any]:
        """A copy.

        Every runtime keeps activations with the built-in kernels; ai-edge-litert 2.3.0 with XNNPACK too.
        """
        value: npt.NDArray[Any] = self._interpreter.get_tensor(number)
        return value

    def nodes(self) -> tuple[Node, ...]:
        """The operators, then the partitions that XNNPACK took."""
        # There is no public way to see partitions; the interpreter's own list of details decodes every
        # tensor's name on the way and fails on a damaged one.
        inner = self._interpreter._interpreter  # noqa: SLF001
        return tuple(
            Node(
                str(inner.NodeName(number)),
                tuple(map(int, inner.NodeInputs(number))),
                tuple(map(int, inner.NodeOutputs(number))),
            )
            for number in range(inner.NumNodes())
        )


def _facts(details: dict[str, Any]) -> TensorFacts:
    dtype = str(details["dtype"].__name__)
    scale, zero_point = details["quantization"]
    scaled = dtype in INTEGER_RANGES and scale > 0
    return TensorFacts(
        shape=tuple(map(int, details["shape"])),
        dtype=dtype,
        quantization=Quantization(scale=float(scale), zero_point=int(zero_point)) if scaled else None,
    )
