"""Whether LiteRT's newer interface, `CompiledModel`, works here: edgeseg does not use it, others' code may.

ai-edge-litert loads a library for GPUs with it, which ends the process on processors without LSE atomics
(Raspberry Pi 3 and 4). So it is tried in a child process: `python -m edgeseg.doctor.compiled_model`.
"""

from __future__ import annotations

import signal
import subprocess
import sys

from edgeseg.doctor.finding import Finding

_LIBRARY = "libLiteRtWebGpuAccelerator.so"

_TOPIC = "CompiledModel (not used here)"


def try_compiled_model(*, timeout_s: float = 60.0) -> Finding:
    """Build one in a child process."""
    command = [sys.executable, "-P", "-m", "edgeseg.doctor.compiled_model"]
    try:
        child = subprocess.run(command, capture_output=True, timeout=timeout_s, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(topic=_TOPIC, state="note", detail=f"could not be tried: {error}")
    if child.returncode == 0:
        return Finding(topic=_TOPIC, state="ok", detail="works")
    detail = explain(child.returncode, child.stderr.decode(errors="replace"))
    return Finding(topic=_TOPIC, state="note", detail=detail)


def explain(code: int, stderr: str) -> str:
    """Why a child that built one ended otherwise than well, and the cure.

    Args:
        code: with which it ended, negative for a signal.
        stderr: what it printed.
    """
    if code >= 0 and "lse" not in stderr.lower():
        last = (stderr.strip().splitlines() or ["it printed nothing"])[-1][:200]
        return f"does not work: {last}"
    end = f"ends the process ({_name(-code)})" if code < 0 else "ends the process"
    return (
        f"{end}: {_LIBRARY} needs LSE atomics, which a Raspberry Pi 3 or 4 lacks; in code of your own use "
        f"ai_edge_litert.interpreter.Interpreter, as edgeseg does, or delete that file from ai_edge_litert"
    )


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def main() -> None:
    """The child."""
    from ai_edge_litert.compiled_model import CompiledModel

    from edgeseg.model.runtimes.registry import PROBE

    CompiledModel.from_buffer(PROBE.read_bytes())


if __name__ == "__main__":
    main()
