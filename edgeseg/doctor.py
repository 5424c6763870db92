"""What works on this machine, found by trying it, and what to install for the rest."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgeseg.errors import EdgesegError
from edgeseg.runtime import find_runtime, make_interpreter

#: One operator (LOGISTIC on four floats): enough to know whether an interpreter can be built and run.
_PROBE = Path(__file__).with_name("probe.tflite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was tried.

    Attributes:
        topic: what it is for.
        state: `ok`, `missing` (an optional part) or `broken` (a part that the edge side needs).
        detail: what was found, or what to do.
    """

    topic: str
    state: str
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)


def examine() -> list[Finding]:
    """Try everything; never raises."""
    return [
        Finding(topic="machine", state="ok", detail=_machine()),
        _try("run models", "broken", _run_probe),
        _try("read images", "broken", _opencv),
        _package("train and export", "tensorflow", "train"),
        _package("Keras 2", "tf-keras", "train"),
        _package("prune, quantization-aware training", "tensorflow-model-optimization", "train"),
        _package("quantize a .tflite file", "ai-edge-quantizer", "quantize"),
        _package("import COCO annotations", "pycocotools", "coco"),
        _package("report as a page", "altair", "report"),
        _package("live page", "uvicorn", "serve"),
    ]


def _machine() -> str:
    board = Path("/proc/device-tree/model")
    name = board.read_text(errors="replace").strip("\0\n ") if board.exists() else platform.system()
    libc = " ".join(platform.libc_ver()) or "unknown libc"
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    return f"{name}, {platform.machine()}, {len(os.sched_getaffinity(0))} cores, {libc}, {python}"


def _try(topic: str, failed: str, probe: Callable[[], str]) -> Finding:
    try:
        return Finding(topic=topic, state="ok", detail=probe())
    except EdgesegError as error:
        return Finding(topic=topic, state=failed, detail=str(error))
    except ImportError as error:
        return Finding(topic=topic, state=failed, detail=f"{error}; reinstall with `pip install edgeseg`")


def _run_probe() -> str:
    interpreter = make_interpreter(_PROBE.read_bytes(), name="the probe model")
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.zeros((1, 4), np.float32))
    interpreter.invoke()
    value = float(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0, 0])
    runtime = find_runtime()
    if not np.isclose(value, 0.5):
        raise EdgesegError(f"{runtime.name} {runtime.version} computes sigmoid(0) = {value}; install another")
    return f"{runtime.name} {runtime.version} with numpy {np.__version__}"


def _opencv() -> str:
    return f"OpenCV {importlib.import_module('cv2').__version__}"


def _package(topic: str, distribution: str, extra: str) -> Finding:
    """Whether a distribution is installed; importing TensorFlow to see would take seconds."""
    try:
        version = importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return Finding(topic=topic, state="missing", detail=f"pip install 'edgeseg[{extra}]'")
    return Finding(topic=topic, state="ok", detail=f"{distribution} {version}")
