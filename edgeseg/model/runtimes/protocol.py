"""What every runtime is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy.typing as npt

    from edgeseg.model.interface import TensorFacts


@dataclass(frozen=True, slots=True)
class Node:
    """One step of what a runtime does: an operator, or a partition that a delegate took (`DELEGATE`).

    Attributes:
        name: its kind.
        inputs: numbers of tensors.
        outputs: likewise.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class Interpreter(Protocol):
    """One model, loaded, with its tensors allocated."""

    @property
    def inputs(self) -> Sequence[TensorFacts]:
        """Shape, type and scale of the inputs."""

    @property
    def outputs(self) -> Sequence[TensorFacts]:
        """Likewise of the outputs, in order."""

    def load(self, value: npt.NDArray[Any]) -> None:
        """Copy a value of its shape and type into the first input."""

    def run(self) -> None:
        """Run the model on what was loaded last."""

    def output(self, number: int) -> npt.NDArray[Any]:
        """A fresh copy of an output, by its number among `outputs`."""

    def activation(self, number: int) -> npt.NDArray[Any]:
        """A copy of any tensor as the last run left it, by its number in the file's first graph.

        For interpreters that were built to keep activations.
        """

    def nodes(self) -> Sequence[Node]:
        """The operators in the order of the file, then the partitions; none where the runtime is silent."""


class Runtime(Protocol):
    """A runtime that imports here; as text its name and version."""

    @property
    def kind(self) -> str:
        """Which of `registry.RUNTIMES`."""

    @property
    def name(self) -> str:
        """Its distribution, `ai-edge-litert`, `tflite-runtime` or `openvino`."""

    @property
    def version(self) -> str:
        """Of the distribution."""

    def build(
        self, data: bytes, *, name: str, threads: int = 1, keep_activations: bool = False
    ) -> Interpreter:
        """Load a model; arguments and errors as `registry.make_interpreter`."""
