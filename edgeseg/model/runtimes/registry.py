"""Finding a runtime and building an interpreter: the one way in.

`ai-edge-litert` is the runtime for use; `tflite-runtime` (ended in 2023) serves 32-bit ARM and old systems,
the others are there to compare with.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgeseg.errors import ConfigError, EdgesegError, MissingDependencyError, nearest
from edgeseg.model.runtimes.protocol import Interpreter, Runtime
from edgeseg.model.runtimes.wheels import advise, this_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A runtime that a file can be run by, whether or not it is installed.

    Attributes:
        distribution: that it comes in.
        load: imports it, given its kind and version; an `OSError` says that its native library does not load.
        missing: what to say where it does not work, given the target and what to do for LiteRT there.
        extra: of edgeseg, that brings it; none: it comes with edgeseg.
        kernels: what it computes with, as a reason for its times; empty where a file's partitions say it.
    """

    distribution: str
    extra: str | None = None
    kernels: str = ""
    load: Callable[[str, str], Runtime]
    missing: str


def _load_tflite(kind: str, version: str) -> Runtime:
    from edgeseg.model.runtimes import tflite

    return tflite.load(kind, version)


def _load_openvino(kind: str, version: str) -> Runtime:
    from edgeseg.model.runtimes import openvino

    return openvino.load(kind, version)


_LITERT = Registered(
    distribution="ai-edge-litert",
    load=_load_tflite,
    missing="the runtime {kind} does not work for {target}: {advice}",
)

#: What a file can be run by.
RUNTIMES: Mapping[str, Registered] = {
    "litert": _LITERT,  # XNNPACK, and the built-in kernels for what that does not take
    "litert-builtin": replace(_LITERT, kernels="built-in kernels, without XNNPACK"),
    "litert-reference": replace(_LITERT, kernels="reference kernels: plain loops, slow on purpose"),
    "tflite-runtime": Registered(  # ended in 2023, with its XNNPACK
        distribution="tflite-runtime",
        extra="tflite-runtime",
        kernels="kernels of 2023; the partitions listed are those of ai-edge-litert",
        load=_load_tflite,
        missing="the runtime {kind} is not installed for {target}: `pip install 'edgeseg[tflite-runtime]'` "
        "with Python up to 3.11",
    ),
    "openvino": Registered(
        distribution="openvino",
        extra="openvino",
        kernels="OpenVINO's kernels, floats held at float32; partitions are XNNPACK's and do not count",
        load=_load_openvino,
        missing="the runtime {kind} is not installed for {target}: `pip install 'edgeseg[openvino]'`",
    ),
}

#: What runs a file unless the user says otherwise, in the order of preference.
_DEFAULTS = ("litert", "tflite-runtime")

#: One operator (LOGISTIC on four floats): enough to know whether an interpreter can be built and run.
PROBE = Path(__file__).with_name("probe.tflite")

#: XNNPACK's thread pool ends the process where the system gives it no more threads.
_MOST_THREADS = 256


def find_runtime(kind: str | None = None) -> Runtime:
    """A runtime that imports; without `kind`, the first of the defaults that builds an interpreter.

    Args:
        kind: which of `RUNTIMES`; `None`: `litert`, or else `tflite-runtime`.

    Raises:
        ConfigError: there is no such runtime.
        MissingDependencyError: it does not work; the sentence says what to install here.
    """
    if kind is None:
        return _preferred()
    if kind not in RUNTIMES:
        raise ConfigError(f"no runtime '{kind}'; {nearest(kind, RUNTIMES)}")
    try:
        return _load(kind)
    except (ImportError, OSError) as error:
        registered, target = RUNTIMES[kind], this_target()
        sentence = registered.missing.format(kind=kind, target=target, advice=advise(target))
        raise MissingDependencyError(f"{sentence} ({registered.distribution}: {error})") from error


@functools.cache
def _preferred() -> Runtime:
    reasons = []
    for kind in _DEFAULTS:
        try:
            runtime = _load(kind)
            runtime.build(PROBE.read_bytes(), name="the probe model")
        except (ImportError, OSError, EdgesegError) as error:
            reasons.append(f"{RUNTIMES[kind].distribution}: {error}")
        else:
            return runtime
    target = this_target()
    raise MissingDependencyError(
        f"running a model needs a TFLite runtime for {target}: {advise(target)} ({'; '.join(reasons)})"
    )


def _load(kind: str) -> Runtime:
    return RUNTIMES[kind].load(kind, _version(RUNTIMES[kind].distribution))


def _version(distribution: str) -> str:
    import importlib.metadata  # brings the email package, which naming a runtime need not wait for

    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:  # a nightly build goes by another name
        return "of unknown version"


def make_interpreter(
    data: bytes, *, name: str, threads: int = 1, runtime: str | None = None, keep_activations: bool = False
) -> Interpreter:
    """Build an interpreter with its tensors allocated.

    Args:
        data: the bytes of a .tflite file; the interpreter keeps a reference.
        name: what to call the file in an error.
        threads: of the operators; XNNPACK takes the number at construction only.
        runtime: which of `RUNTIMES`; `None`: the default here.
        keep_activations: keep every tensor's value until the next run, in memory of its own; not with
            `openvino`.

    Raises:
        ArtifactError: the runtime refuses the file.
        MissingDependencyError: no runtime here, or one that does not work with this numpy.
        ConfigError: `threads` is not from 1 to 256, there is no such runtime, or it keeps no activations.
    """
    if not 1 <= threads <= _MOST_THREADS:
        raise ConfigError(f"expected from 1 to {_MOST_THREADS} threads, but got {threads:,}")
    found = find_runtime(runtime)
    return found.build(data, name=name, threads=threads, keep_activations=keep_activations)
