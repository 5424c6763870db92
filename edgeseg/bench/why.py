"""The reasons behind a row's time, from facts: the file, the runtime, the processor, the threads."""

from __future__ import annotations

from collections.abc import Iterator

from edgeseg.bench.figures import P50
from edgeseg.bench.measurement import Measurement
from edgeseg.bench.result import BenchResult, ModelResult
from edgeseg.model.runtimes.registry import RUNTIMES

#: Features that multiply and add int8 values in one instruction, the fastest first.
_DOT_PRODUCTS = ("amx_int8", "avx512_vnni", "avx_vnni", "i8mm", "dotprod")

#: Above this ratio to float32, int8 is called no faster.
_NO_FASTER = 0.9

_INTEGERS = frozenset({"int8", "uint8", "int16"})


def why(result: BenchResult, model: ModelResult, measurement: Measurement) -> tuple[str, ...]:
    """What explains the time of one row; empty where it failed."""
    if not measurement.runs:
        return ()
    return (
        *_kernels(model, measurement),
        *_integers(result, model, measurement),
        *model.notes,
        *_threads(result, measurement),
    )


def _kernels(model: ModelResult, measurement: Measurement) -> Iterator[str]:
    audit = model.audit
    if measurement.runtime == "litert" and audit and audit.partitions == 1 and not audit.undelegated:
        yield f"all {sum(audit.operators.values())} operators in one XNNPACK partition"
    known = RUNTIMES.get(measurement.runtime)  # a result may be of another version
    if known and known.kernels:
        yield known.kernels


def _integers(result: BenchResult, model: ModelResult, measurement: Measurement) -> Iterator[str]:
    if model.audit is None or _INTEGERS.isdisjoint(model.audit.activations):
        return
    present = [feature for feature in _DOT_PRODUCTS if feature in result.machine.cpu_features]
    ratio = ratio_to_float32(result, measurement)
    slow = ratio is not None and ratio > _NO_FASTER
    if not present:
        start = "int8 is not faster here" if slow else "int8 gains little here"
        yield f"{start}: this processor has no int8 dot-product instruction"
    elif slow:
        cause = (
            "small layers are limited by memory and by the packing of values"
            if measurement.runtime == "litert"
            else "the runtime's int8 kernels gain nothing from it"
        )
        yield f"int8 is not faster here although the processor has {present[0]}: {cause}"
    else:
        yield f"the processor has int8 dot products ({present[0]})"


def ratio_to_float32(result: BenchResult, measurement: Measurement) -> float | None:
    """The median time over that of the first float32 file in the same runtime with as many threads."""
    for model in result.models:
        base = model.measurement(measurement.runtime, measurement.threads) if model.is_float32 else None
        if base and not base.failure and base.runs and measurement.runs:
            return (P50.number(measurement) or 0) / (P50.number(base) or 1)
    return None


def _threads(result: BenchResult, measurement: Measurement) -> Iterator[str]:
    if measurement.threads > result.machine.cores:
        yield f"{measurement.threads} threads share {result.machine.cores} cores"
