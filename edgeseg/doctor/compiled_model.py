"""Whether LiteRT's newer interface, `CompiledModel`, works here: edgeseg does not use it, others' code may.

ai-edge-litert loads a library for GPUs with it, which ends the process on processors without LSE atomics
(Raspberry Pi 3 and 4). So it is tried in a child process: `python -m edgeseg.doctor.compiled_model`.
"""

from __future__ import annotations

from edgeseg.doctor.finding import Finding
from edgeseg.workers.answering import Alive, answer_one
from edgeseg.workers.asking import Bounds, NoAnswer, ask, command
from edgeseg.workers.failure import last_line, signal_name

_LIBRARY = "libLiteRtWebGpuAccelerator.so"

_TOPIC = "CompiledModel (not used here)"


def try_compiled_model(*, timeout_s: float = 60.0) -> Finding:
    """Build one in a child process."""
    answer = ask(
        command("edgeseg.doctor.compiled_model"), None, type(None), bounds=Bounds(silence_seconds=timeout_s)
    )
    if not isinstance(answer, NoAnswer):
        return Finding(topic=_TOPIC, state="ok", detail="works")
    if answer.code is None:
        return Finding(topic=_TOPIC, state="note", detail=f"could not be tried: {answer.failure.reason}")
    return Finding(topic=_TOPIC, state="note", detail=explain(answer.code, answer.stderr))


def explain(code: int, stderr: str) -> str:
    """Why a child that built one ended otherwise than well, and the cure.

    Args:
        code: with which it ended, negative for a signal.
        stderr: what it printed.
    """
    if code >= 0 and "lse" not in stderr.lower():
        return f"does not work: {last_line(stderr)}"
    end = f"ends the process ({signal_name(-code)})" if code < 0 else "ends the process"
    return (
        f"{end}: {_LIBRARY} needs LSE atomics, which a Raspberry Pi 3 or 4 lacks; in code of your own use "
        f"ai_edge_litert.interpreter.Interpreter, as edgeseg does, or delete that file from ai_edge_litert"
    )


def work(_question: None, _alive: Alive) -> None:
    """Build one; what it raises, the end of this process tells."""
    from ai_edge_litert.compiled_model import CompiledModel

    from edgeseg.model.runtimes.registry import PROBE

    CompiledModel.from_buffer(PROBE.read_bytes())


if __name__ == "__main__":
    answer_one(type(None), work)
