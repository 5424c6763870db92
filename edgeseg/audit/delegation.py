"""What the runtime makes of a model: the parts it hands to XNNPACK, and the operators left behind.

Only the runtime knows. Loading somebody's file into native code can end the process (damaged offsets
have done so), so it happens in a child process: `python -m edgeseg.audit.delegation` reads a model
from its standard input and prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from edgeseg.errors import EdgesegError
from edgeseg.model.runtimes.protocol import Node
from edgeseg.model.runtimes.registry import find_runtime, make_interpreter

#: The runtime whose partitions a file is made for and judged by; that of 2023 takes other operators.
PARTITIONING = "ai-edge-litert"

#: The appended node that stands for one partition.
_DELEGATE = "DELEGATE"

#: Loading the study's 124 MB takes seconds on a Raspberry Pi.
TIMEOUT_S = 120.0

#: Bytes that a child may take whatever the file. A single flipped byte can ask for 23 GB.
_ROOM = 2**30


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


def measure_delegation(
    data: bytes, *, name: str, needed_bytes: int = 0, timeout_s: float = TIMEOUT_S
) -> Delegation:
    """Load a model in a child process and see how it is split.

    Args:
        data: the bytes of a .tflite file.
        name: what to call the file in a sentence.
        needed_bytes: memory of the arena, as far as it is known; the child may take some times of it.
        timeout_s: seconds until the child is ended.

    Returns:
        The split; `runtime_problem` says why there is none, if the runtime refuses the file or dies on it.
    """
    # -P: a json.py in the current folder must not become part of this.
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = min(_ROOM + 16 * len(data) + 4 * needed_bytes, 3 * physical // 4)
    command = [sys.executable, "-P", "-m", "edgeseg.audit.delegation", name, str(limit)]
    try:
        child = subprocess.run(command, input=data, capture_output=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        return Delegation(runtime_problem=f"the runtime did not finish loading {name} in {timeout_s:g} s")
    except OSError as error:
        return Delegation(runtime_problem=f"no process for the runtime could be started: {error.strerror}")
    try:
        said = json.loads(child.stdout.decode().splitlines()[-1])
        return Delegation(**{**said, "undelegated": tuple(said["undelegated"])})
    except (ValueError, IndexError, KeyError, TypeError):
        return Delegation(runtime_problem=f"the runtime {_end(child)} while loading {name}")


def _end(child: subprocess.CompletedProcess[bytes]) -> str:
    if child.returncode < 0:
        try:
            return f"crashed ({signal.Signals(-child.returncode).name})"
        except ValueError:
            return f"crashed (signal {-child.returncode})"
    last = child.stderr.decode(errors="replace").strip().splitlines()[-1:]
    return f"failed (exit code {child.returncode}{': ' + last[0] if last else ''})"


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


def main() -> None:
    """The child: a model on standard input, one line of JSON on standard output.

    Its arguments are the name of the model and the bytes of memory that it may take.
    """
    name, limit = sys.argv[1], int(sys.argv[2])
    data = sys.stdin.buffer.read()
    _limit_memory(limit)
    try:
        delegation = read_delegation(data, name=name)
    except EdgesegError as error:
        delegation = Delegation(runtime_problem=str(error))
    except MemoryError:
        delegation = Delegation(
            runtime_problem=f"loading {name} takes more than {limit / 1e9:.1f} GB of memory"
        )
    sys.stdout.write(json.dumps(asdict(delegation)) + "\n")


def _limit_memory(limit: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(
        resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard)
    )
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash is expected here: no core file


if __name__ == "__main__":
    main()
