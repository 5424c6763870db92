"""What the runtime makes of a model: the parts it hands to XNNPACK, and the operators left behind.

Only the runtime knows. Loading somebody's file into native code can end the process (damaged offsets
have done so), so it happens in a process of its own: `python -m edgeseg.audit.delegation` (see `workers`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgeseg.model.audit_record import Delegation
from edgeseg.model.runtimes.protocol import Node
from edgeseg.model.runtimes.registry import find_runtime, make_interpreter
from edgeseg.workers.answering import Alive, answer_one, attachment
from edgeseg.workers.asking import Bounds, NoAnswer, ask, command
from edgeseg.workers.failure import Failure

#: The runtime whose partitions a file is made for and judged by; that of 2023 takes other operators.
PARTITIONING = "ai-edge-litert"

#: The appended node that stands for one partition.
_DELEGATE = "DELEGATE"

#: Loading the paper's 124 MB takes seconds on a Raspberry Pi.
TIMEOUT_S = 120.0

#: Bytes that a child may take whatever the file. A single flipped byte can ask for 23 GB.
_ROOM = 2**30


def measure_delegation(
    data: bytes, *, name: str, needed_bytes: int = 0, timeout_s: float = TIMEOUT_S
) -> Delegation:
    """Load a model in a process of its own and see how it is split.

    Args:
        data: the bytes of a .tflite file.
        name: what to call the file in a sentence.
        needed_bytes: memory of the arena, as far as it is known; the child may take some times of it.
        timeout_s: seconds until the child is ended.

    Returns:
        The split; `runtime_problem` says why there is none, if the runtime refuses the file or dies on it.
    """
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = min(_ROOM + 16 * len(data) + 4 * needed_bytes, 3 * physical // 4)
    answer = ask(
        command("edgeseg.audit.delegation"),
        NamedFile(name=name),
        Delegation,
        bounds=Bounds(silence_seconds=timeout_s, memory_bytes=limit),
        attachment=data,
    )
    if not isinstance(answer, NoAnswer):
        return answer
    return Delegation(runtime_problem=_problem(answer.failure, name, timeout_s))


def _problem(failure: Failure, name: str, timeout_s: float) -> str:
    if failure.kind == "refused":
        return failure.reason
    if failure.kind == "hung":
        return f"the runtime did not finish loading {name} in {timeout_s:g} s"
    return f"the runtime failed while loading {name}: {failure.reason}"


def read_delegation(data: bytes, *, name: str) -> Delegation:
    """Load a model in this process and see how it is split.

    Raises:
        ArtifactError: the runtime refuses the file.
        MissingDependencyError: no runtime here.
    """
    runtime = find_runtime()
    if runtime.name != PARTITIONING:
        return Delegation(runtime=runtime.name, runtime_version=runtime.version)
    nodes = make_interpreter(data, name=name).nodes()
    delegates = [node for node in nodes if node.name == _DELEGATE]
    operators = [node for node in nodes if node.name != _DELEGATE]
    inside = set[int]()
    for node in delegates:
        inside |= _covered(operators, node.inputs, node.outputs)
    return Delegation(
        runtime=runtime.name,
        runtime_version=runtime.version,
        delegate="XNNPACK" if delegates else None,
        partitions=len(delegates),
        undelegated=tuple(number for number in range(len(operators)) if number not in inside),
    )


def _covered(operators: Sequence[Node], inputs: Iterable[int], outputs: Iterable[int]) -> set[int]:
    """The operators of one partition: those between its inputs and its outputs."""
    producer = {tensor: number for number, node in enumerate(operators) for tensor in node.outputs}
    given, found, waiting = set(inputs), set[int](), list(outputs)
    while waiting:
        tensor = waiting.pop()
        number = producer.get(tensor)
        if tensor in given or number is None or number in found:
            continue
        found.add(number)
        waiting.extend(operators[number].inputs)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """What to call the file whose bytes come with this."""

    name: str


def work(file: NamedFile, _alive: Alive) -> Delegation:
    """Load the model that came with the question; errors as in `read_delegation`."""
    return read_delegation(attachment(), name=file.name)


if __name__ == "__main__":
    answer_one(NamedFile, work)
