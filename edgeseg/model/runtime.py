"""Running a .tflite file: the only module that imports a TFLite runtime.

`RUNTIMES` names what a file can be run by. `ai-edge-litert` is the one for use; `tflite-runtime` (ended
in 2023) serves 32-bit ARM and old systems, the others are there to compare with.
`Interpreter` is used and not `CompiledModel`: that one aborts on processors without LSE atomics
(Raspberry Pi 3 and 4) and crashes on damaged files.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.errors import ArtifactError, ConfigError, EdgesegError, MissingDependencyError, nearest
from edgeseg.model.artifact import Artifact
from edgeseg.model.preprocessing import to_float, to_int8
from edgeseg.model.wheels import advise, this_target
from edgeseg.native_output import captured_stderr

#: What a file can be run by -> the distribution that it comes in.
RUNTIMES = {
    "litert": "ai-edge-litert",  # XNNPACK, and the built-in kernels for what that does not take
    "litert-builtin": "ai-edge-litert",  # the optimized built-in kernels alone
    "litert-reference": "ai-edge-litert",  # the plain loops that define what an operator is
    "tflite-runtime": "tflite-runtime",  # ended in 2023, with its XNNPACK
    "openvino": "openvino",
}

#: What runs a file unless the user says otherwise, in the order of preference.
_DEFAULTS = ("litert", "tflite-runtime")

_MODULES = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
    "openvino": "edgeseg.model.openvino_interpreter",
}

#: Runtime -> the resolver of operators that it asks for; none: the default, with XNNPACK.
_RESOLVERS = {"litert-builtin": "BUILTIN_WITHOUT_DEFAULT_DELEGATES", "litert-reference": "BUILTIN_REF"}

#: One operator (LOGISTIC on four floats): enough to know whether an interpreter can be built and run.
PROBE = Path(__file__).with_name("probe.tflite")

#: XNNPACK's thread pool ends the process where the system gives it no more threads.
_MOST_THREADS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A runtime that imports here.

    Attributes:
        kind: which of `RUNTIMES`.
        name: its distribution, `ai-edge-litert`, `tflite-runtime` or `openvino`.
        version: of the distribution.
        module: the Python module that holds its interpreter.
    """

    kind: str
    name: str
    version: str
    module: Any

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


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
        raise MissingDependencyError(f"{_advice(kind)} ({RUNTIMES[kind]}: {error})") from error


@functools.cache
def _preferred() -> Runtime:
    reasons = []
    for kind in _DEFAULTS:
        try:
            runtime = _load(kind)
            _build(runtime, PROBE.read_bytes(), name="the probe model")
        except (ImportError, OSError, EdgesegError) as error:
            reasons.append(f"{RUNTIMES[kind]}: {error}")
        else:
            return runtime
    target = this_target()
    raise MissingDependencyError(
        f"running a model needs a TFLite runtime for {target}: {advise(target)} ({'; '.join(reasons)})"
    )


def _load(kind: str) -> Runtime:
    """Import a runtime; an `OSError` says that its native library does not load here."""
    name = RUNTIMES[kind]
    module = importlib.import_module(_MODULES[name])
    return Runtime(kind=kind, name=name, version=_version(name), module=module)


def _advice(kind: str) -> str:
    target = this_target()
    if kind == "openvino":
        return f"the runtime openvino is not installed for {target}: `pip install 'edgeseg[openvino]'`"
    if kind == "tflite-runtime":
        return (
            f"the runtime tflite-runtime is not installed for {target}: `pip install "
            "'edgeseg[tflite-runtime]'` with Python up to 3.11"
        )
    return f"the runtime {kind} does not work for {target}: {advise(target)}"


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:  # a nightly build goes by another name
        return "of unknown version"


def make_interpreter(
    data: bytes, *, name: str, threads: int = 1, runtime: str | None = None, keep_activations: bool = False
) -> Any:
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
        ConfigError: `threads` is not from 1 to 256, or there is no such runtime.
    """
    if not 1 <= threads <= _MOST_THREADS:
        raise ConfigError(f"expected from 1 to {_MOST_THREADS} threads, but got {threads:,}")
    return _build(find_runtime(runtime), data, name=name, threads=threads, keep_activations=keep_activations)


def _build(
    runtime: Runtime, data: bytes, *, name: str, threads: int = 1, keep_activations: bool = False
) -> Any:
    if runtime.kind == "openvino":
        return runtime.module.OpenVinoInterpreter(data, name=name, threads=threads)
    options: dict[str, Any] = {"model_content": data, "num_threads": threads}
    if runtime.kind in _RESOLVERS:
        resolver = getattr(runtime.module.OpResolverType, _RESOLVERS[runtime.kind])
        options["experimental_op_resolver_type"] = resolver
    if keep_activations:
        options["experimental_preserve_all_tensors"] = True
    said: list[str] = []
    try:
        with captured_stderr(said), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that keeping all tensors takes memory
            interpreter = runtime.module.Interpreter(**options)
            interpreter.allocate_tensors()
    except SystemError as error:
        # tflite-runtime 2.14 imports with numpy 2 and fails here, without a reason.
        raise MissingDependencyError(
            f"{runtime} does not work with numpy {np.__version__}; "
            "`pip install 'numpy<2'` beside it, or use ai-edge-litert"
        ) from error
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        foreign = re.search(r"unresolved custom op: ([\w-]+)", reason)
        if foreign:
            raise ArtifactError(
                f"{name} was made for another kind of machine: its operator {foreign[1]} is none that "
                f"{runtime} has; use the .tflite file that it was compiled from"
            ) from error
        raise ArtifactError(f"{runtime} cannot load {name}: {reason}") from error
    return interpreter


def list_nodes(interpreter: Any) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """The nodes of an interpreter from `make_interpreter`.

    Returns:
        `(kind, numbers of the input tensors, numbers of the output tensors)` of each: the operators in
        the order of the file, then one `DELEGATE` for each partition that XNNPACK took.
    """
    # There is no public way to see partitions; the interpreter's own list of details decodes every
    # tensor's name on the way and fails on a damaged one.
    inner = interpreter._interpreter  # noqa: SLF001
    return [
        (
            str(inner.NodeName(number)),
            tuple(map(int, inner.NodeInputs(number))),
            tuple(map(int, inner.NodeOutputs(number))),
        )
        for number in range(inner.NumNodes())
    ]


class Segmenter:
    """One model, ready to segment tiles of its own input size.

    Attributes:
        shape: `(height, width)` of the tiles it takes, pixels.
        dtype: of its input and output, `int8` or `float32`.
    """

    def __init__(
        self,
        artifact: Artifact,
        *,
        threads: int = 1,
        runtime: str | None = None,
        keep_activations: bool = False,
    ) -> None:
        """Load the model; errors as in `make_interpreter`, or `ArtifactError` for another interface."""
        self._interpreter = make_interpreter(
            artifact.data,
            name=str(artifact.path),
            threads=threads,
            runtime=runtime,
            keep_activations=keep_activations,
        )
        inputs, outputs = _details(self._interpreter, artifact)
        _check_interface(artifact, inputs, outputs)
        self._input_index, self._output_index = inputs[0]["index"], outputs[0]["index"]
        self.shape: tuple[int, int] = (int(inputs[0]["shape"][1]), int(inputs[0]["shape"][2]))
        self.dtype = np.dtype(inputs[0]["dtype"])
        self._prepare = to_int8 if self.dtype == np.int8 else to_float

    def invoke(self, tile: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        """Run the network on one prepared tile.

        Args:
            tile: `(H, W)` uint8 of this segmenter's `shape`, after `preprocessing.apply`.

        Returns:
            `(H, W)` of this segmenter's `dtype`: int8 `q` for the probability `(q + 128) / 256`, or the
            probability as float32. A fresh array.
        """
        self.load(tile)
        self.run()
        return self.output()

    def load(self, tile: npt.NDArray[np.uint8]) -> None:
        """The first third of `invoke`: convert a prepared tile and hand it to the runtime."""
        self._interpreter.set_tensor(self._input_index, self._prepare(tile)[None, :, :, None])

    def run(self) -> None:
        """The second third of `invoke`: the network alone, on the tile loaded last."""
        self._interpreter.invoke()

    def output(self) -> npt.NDArray[Any]:
        """The last third of `invoke`: a fresh copy of the output, `(H, W)` of this `dtype`."""
        output: npt.NDArray[Any] = self._interpreter.get_tensor(self._output_index)
        return output[0, :, :, 0]

    def activation(self, number: int) -> npt.NDArray[Any]:
        """A copy of a tensor as the last run left it, by its number in the file's first graph.

        With `keep_activations` only. Every runtime keeps them with the built-in kernels;
        ai-edge-litert 2.3.0 with XNNPACK too.
        """
        value: npt.NDArray[Any] = self._interpreter.get_tensor(number)
        return value

    def mask(self, tile: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """The mask of one prepared tile, `(H, W)` bool: probability above 0.5.

        For int8 that is a sign test: the sigmoid's output has scale 1/256 and zero point -128, so a
        probability of 0.5 is exactly 0.
        """
        return binarize(self.invoke(tile))

    def probability(self, tile: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """The foreground probability of one prepared tile, `(H, W)` float32 from 0 to 1."""
        return to_probability(self.invoke(tile))


def binarize(output: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Output of the network, int8 or float32, to a mask: probability above 0.5; same shape."""
    mask: npt.NDArray[np.bool_] = output > (0 if output.dtype == np.int8 else 0.5)
    return mask


def to_probability(output: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Output of the network, int8 or float32, to probabilities from 0 to 1; same shape."""
    if output.dtype == np.int8:
        return (output.astype(np.float32) + 128) * np.float32(1 / 256)
    return output.astype(np.float32, copy=False)


def _details(interpreter: Any, artifact: Artifact) -> tuple[list[Any], list[Any]]:
    try:
        return interpreter.get_input_details(), interpreter.get_output_details()
    except ValueError as error:  # a name that is not UTF-8, for one
        raise ArtifactError(f"{artifact.path} is damaged ({error}); export or copy it again") from error


def _check_interface(artifact: Artifact, inputs: list[Any], outputs: list[Any]) -> None:
    """Refuse a model that is not one grey image in, one probability map of the same size out."""

    def describe(details: list[Any]) -> str:
        return ", ".join(f"{np.dtype(d['dtype']).name} {tuple(map(int, d['shape']))}" for d in details)

    expected = "expected one (1, H, W, 1) input and output, both float32 or both int8"
    if len(inputs) != 1 or len(outputs) != 1:
        raise ArtifactError(f"{expected}, but {artifact.path} has {describe(inputs)} -> {describe(outputs)}")
    shape_in, shape_out = tuple(inputs[0]["shape"]), tuple(outputs[0]["shape"])
    fits = len(shape_in) == 4 and shape_in == shape_out and shape_in[0] == shape_in[3] == 1
    same = inputs[0]["dtype"] == outputs[0]["dtype"] and inputs[0]["dtype"] in (np.int8, np.float32)
    if not (fits and same):
        raise ArtifactError(f"{expected}, but {artifact.path} has {describe(inputs)} -> {describe(outputs)}")
    if inputs[0]["dtype"] == np.int8 and inputs[0]["quantization"] is not None:
        _check_scales(artifact, inputs[0]["quantization"], outputs[0]["quantization"])


def _check_scales(artifact: Artifact, first: tuple[float, int], last: tuple[float, int]) -> None:
    near = np.isclose(first[0], 1 / 255, rtol=0.01) and np.isclose(last[0], 1 / 256, rtol=1e-6)
    if not (near and first[1] == last[1] == -128):
        raise ArtifactError(
            "expected an int8 input with scale 1/255 and an int8 output with scale 1/256, both with zero "
            f"point -128, but {artifact.path} has {first} -> {last}; export it with edgeseg"
        )
