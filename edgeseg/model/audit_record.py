"""What an audit finds in a model file, as plain facts: in a sidecar, in a bench result, on a page.

The room `audit` finds them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from edgeseg.errors import ArtifactError
from edgeseg.records import from_data


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """An input or output of the model.

    Attributes:
        name: of the tensor.
        shape: with -1 where a dimension is dynamic.
        dtype: `float32`, `int8`, ...
        scale: of the quantization, or None.
        zero_point: of the quantization, or None.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float | None
    zero_point: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRef:
    """Which operator: its number in its graph (the first graph is the one that runs), kind and output."""

    subgraph: int
    index: int
    name: str
    tensor: str

    def __str__(self) -> str:
        graph = f" of subgraph {self.subgraph}" if self.subgraph else ""
        return f"operator {self.index}{graph} {self.name} (output '{short_name(self.tensor)}')"


def short_name(name: str, most: int = 60) -> str:
    """A tensor's name for a sentence or a table: of a fused one the first part, its end if it is long."""
    first = name.split(";", 1)[0]
    return first if len(first) <= most else f"...{first[3 - most :]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """One stored tensor that was learned.

    Attributes:
        tensor: its name.
        operator: the kind of the operator that uses it (the first one).
        output: the name of that operator's output.
        role: `kernel`, `bias`, or `constant` for the operand of another operator.
        dtype: as stored.
        shape: as the operator sees it.
        scales: how many quantization scales it has; 0 if it is not quantized.
        per_channel: one scale for each channel; None if it is not quantized.
        size: number of elements.
        zeros: how many elements stand for zero, or None for a type that this cannot count.
        distinct: how many different values are stored; None for anything but int8.
        sparse_encoded: only the values that are not zero are stored (the converter's experimental
            sparsity).
    """

    tensor: str
    operator: str
    output: str
    role: str
    dtype: str
    shape: tuple[int, ...]
    scales: int
    per_channel: bool | None
    size: int
    zeros: int | None
    distinct: int | None
    sparse_encoded: bool

    @property
    def sparsity(self) -> float | None:
        """Share of elements that are zero, 0 to 1."""
        return None if self.zeros is None or not self.size else self.zeros / self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """How a runtime split a model.

    Attributes:
        runtime: its distribution, or None if there is none here.
        runtime_version: of the distribution.
        delegate: `XNNPACK`, or None if nothing was delegated.
        partitions: runs of operators that went to the delegate as a whole; None if unknown, or if the
            runtime is not `PARTITIONING`.
        undelegated: numbers of the operators that stayed with the built-in kernels.
        runtime_problem: why the partitions are unknown, as a sentence.
    """

    runtime: str | None = None
    runtime_version: str | None = None
    delegate: str | None = None
    partitions: int | None = None
    undelegated: tuple[int, ...] = ()
    runtime_problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What is in a model file.

    An activation is a tensor that is computed while the model runs; stored values that an operator
    only unpacks (float16 weights through DEQUANTIZE) are none.

    Attributes:
        name: of the file.
        subgraphs: number of graphs.
        operators: kind -> count over all graphs, the most frequent first.
        inputs: of the first graph.
        outputs: of the first graph.
        activations: dtype -> number of activations.
        float_operators: those that read or write a float activation.
        quantize_operators: number of QUANTIZE.
        dequantize_operators: number of DEQUANTIZE, those that unpack weights included.
        weights: every learned tensor.
        macs: multiply-accumulates of one inference; `weights.count_macs` states the formulas.
        activation_bytes: memory that the activations need at the peak, an estimate; or None.
        arena_bytes: memory of the built-in kernels' arena, scratch included, an estimate; or None.
        static_shapes: no dimension is -1 and no SHAPE operator computes one.
        delegation: what the runtime made of it.
        undelegated: the operators of the first graph that stayed with the built-in kernels.
    """

    name: str
    subgraphs: int
    operators: Mapping[str, int]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    activations: Mapping[str, int]
    float_operators: tuple[OperatorRef, ...]
    quantize_operators: int
    dequantize_operators: int
    weights: tuple[Weight, ...]
    macs: int
    activation_bytes: int | None
    arena_bytes: int | None
    static_shapes: bool
    delegation: Delegation
    undelegated: tuple[OperatorRef, ...]

    @property
    def kernels(self) -> tuple[Weight, ...]:
        """The weights without biases and other constants."""
        return tuple(weight for weight in self.weights if weight.role == "kernel")

    @property
    def parameters(self) -> int:
        """Number of learned values that are stored."""
        return sum(weight.size for weight in self.weights)

    @property
    def partitions(self) -> int | None:
        """Runs of operators that the delegate took; None if the runtime could not load the file."""
        return self.delegation.partitions

    @property
    def weight_dtypes(self) -> dict[str, int]:
        """Type -> number of kernels."""
        return count_by_name(weight.dtype for weight in self.kernels)

    @property
    def per_channel_kernels(self) -> int:
        """Quantized kernels with a scale for each channel."""
        return sum(weight.per_channel is True for weight in self.kernels)

    @property
    def per_tensor_kernels(self) -> int:
        """Quantized kernels with one scale for all channels."""
        return sum(weight.per_channel is False for weight in self.kernels)

    @property
    def sparsity(self) -> float | None:
        """Share of zeros over all kernels, 0 to 1."""
        return overall_sparsity(self.weights)

    def to_stored(self) -> Mapping[str, Any]:
        """As JSON-able data, the derived figures included."""
        facts = {field: getattr(self, field) for field in _FACTS}
        listed = {field: [asdict(item) for item in getattr(self, field)] for field in _LISTS}
        delegation = asdict(self.delegation)
        del delegation["undelegated"]
        weights = [asdict(weight) | {"sparsity": weight.sparsity} for weight in self.weights]
        return facts | delegation | listed | {"weights": weights}

    @classmethod
    def from_stored(cls, value: Mapping[str, Any]) -> Self:
        """From `to_stored`'s data; `ArtifactError` where it does not fit."""
        facts = from_data(_Facts, value, where="the audit", error=ArtifactError, unknown="ignore")
        read = {each.name: getattr(facts, each.name) for each in fields(facts)}
        delegation = Delegation(
            undelegated=tuple(each.index for each in facts.undelegated),
            **{name: read.pop(name) for name in _DELEGATION},
        )
        return cls(delegation=delegation, **read)


_FACTS = (
    "name", "subgraphs", "operators", "activations", "quantize_operators", "dequantize_operators",
    "parameters", "macs", "weight_dtypes", "per_channel_kernels", "per_tensor_kernels", "sparsity",
    "activation_bytes", "arena_bytes", "static_shapes",
)  # fmt: skip
_LISTS = ("undelegated", "float_operators", "inputs", "outputs")
_DELEGATION = ("runtime", "runtime_version", "delegate", "partitions", "runtime_problem")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What is read of a stored audit, attributes as there; the derived figures are derived again."""

    name: str
    subgraphs: int
    operators: Mapping[str, int]
    activations: Mapping[str, int]
    quantize_operators: int
    dequantize_operators: int
    macs: int
    activation_bytes: int | None
    arena_bytes: int | None
    static_shapes: bool
    runtime: str | None = None
    runtime_version: str | None = None
    delegate: str | None = None
    partitions: int | None = None
    runtime_problem: str | None = None
    undelegated: tuple[OperatorRef, ...]
    float_operators: tuple[OperatorRef, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    weights: tuple[Weight, ...]


def count_by_name(names: Iterable[str]) -> dict[str, int]:
    """How often each name occurs, the most frequent first."""
    return dict(Counter(names).most_common())


def overall_sparsity(weights: Sequence[Weight]) -> float | None:
    """Share of zeros over all kernels together, 0 to 1; None without a countable kernel."""
    kernels = [weight for weight in weights if weight.role == "kernel" and weight.zeros is not None]
    total = sum(weight.size for weight in kernels)
    return sum(weight.zeros or 0 for weight in kernels) / total if total else None
