"""Everything that is tried."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from edgeseg.doctor.board import board_findings
from edgeseg.doctor.compiled_model import try_compiled_model
from edgeseg.doctor.finding import Finding, State
from edgeseg.doctor.speed import try_speed
from edgeseg.errors import EdgesegError
from edgeseg.machine.description import Machine, read_machine
from edgeseg.machine.state import read_state
from edgeseg.model.runtimes.registry import PROBE, RUNTIMES, find_runtime, make_interpreter
from edgeseg.model.runtimes.wheels import this_target

_OLD = "tflite-runtime"

_OPTIONAL = (
    ("train and export", "tensorflow", "train"),
    ("Keras 2", "tf-keras", "train"),
    ("prune, quantization-aware training", "tensorflow-model-optimization", "train"),
    ("quantize a .tflite file", "ai-edge-quantizer", "quantize"),
    ("import COCO annotations", "pycocotools", "coco"),
    ("report as a page", "altair", "report"),
    ("live page", "uvicorn", "serve"),
    *(
        (f"bench with {kind}", each.distribution, each.extra)
        for kind, each in RUNTIMES.items()
        if each.extra and kind != _OLD
    ),
)


def examine(root: Path = Path("/")) -> list[Finding]:
    """Try everything; never raises.

    Args:
        root: where `proc` and `sys` are.
    """
    machine = read_machine(runtime="", root=root)
    runs = _try("run models", "broken", _run_probe)
    findings = [
        Finding(topic="machine", state="ok", detail=_machine(machine.board, machine.cores)),
        runs,
        _try("read images", "broken", _opencv),
    ]
    if runs.state == "ok":
        findings += _more_of_running(root, machine)
    findings += board_findings(machine, read_state(root=root))
    return findings + [_package(*optional) for optional in _OPTIONAL]


def _more_of_running(root: Path, machine: Machine) -> list[Finding]:
    """What is worth knowing where models can be run; speed last: what is read next is of a busy machine."""
    findings = []
    preferred = find_runtime().name
    if preferred == "ai-edge-litert" and machine.architecture == "aarch64":
        findings.append(try_compiled_model())
    if preferred != _OLD and importlib.util.find_spec("tflite_runtime"):
        findings.append(_try("bench with tflite-runtime", "note", partial(_run_probe, _OLD)))
    if (root / "proc/device-tree/model").exists():
        findings.append(_speed(machine.emulated_on))
    return findings


def _machine(board: str | None, cores: int) -> str:
    return ", ".join(filter(None, (board, f"{cores} cores", str(this_target()))))


def _try(topic: str, failed: State, probe: Callable[[], str]) -> Finding:
    try:
        return Finding(topic=topic, state="ok", detail=probe())
    except EdgesegError as error:
        return Finding(topic=topic, state=failed, detail=str(error))
    except (ImportError, OSError) as error:
        return Finding(topic=topic, state=failed, detail=f"{error}; reinstall with `pip install edgeseg`")


def _run_probe(kind: str | None = None) -> str:
    interpreter = make_interpreter(PROBE.read_bytes(), name="the probe model", runtime=kind)
    interpreter.load(np.zeros((1, 4), np.float32))
    interpreter.run()
    value = float(interpreter.output(0)[0, 0])
    runtime = find_runtime(kind)
    if not np.isclose(value, 0.5):
        raise EdgesegError(f"{runtime} computes sigmoid(0) = {value}; install another")
    return f"{runtime} with numpy {np.__version__}"


def _opencv() -> str:
    return f"OpenCV {importlib.import_module('cv2').__version__}"


def _speed(emulated_on: str | None) -> Finding:
    found = try_speed()
    if emulated_on is None:
        return found
    detail = f"{found.detail}; emulated on {emulated_on}: this says nothing about a board"
    return Finding(topic=found.topic, state="note", detail=detail)


def _package(topic: str, distribution: str, extra: str) -> Finding:
    """Whether a distribution is installed; importing TensorFlow to see would take seconds."""
    try:
        version = importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return Finding(topic=topic, state="missing", detail=f"pip install 'edgeseg[{extra}]'")
    return Finding(topic=topic, state="ok", detail=f"{distribution} {version}")
