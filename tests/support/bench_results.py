"""A bench result built by hand, whose every statistic can be worked out by head."""

from edgeseg.audit.delegation import Delegation
from edgeseg.audit.weights import Weight
from edgeseg.bench.bench_options import BenchOptions
from edgeseg.bench.latency import Lap, Laps
from edgeseg.bench.measurement import Measurement, Run
from edgeseg.bench.quality import ImageCounts, QualityResult
from edgeseg.bench.result import BenchResult, DatasetUsed, ModelResult
from edgeseg.bench.size import SizeResult
from edgeseg.machine.description import Machine
from edgeseg.machine.state import MachineState
from edgeseg.metrics.cells import CellCounts
from edgeseg.metrics.pixels import ConfusionCounts
from edgeseg.model.audit_record import Audit
from edgeseg.workers.failure import Failure


def make_run(*milliseconds, load=30, init=5, first=9, baseline=40, peak=60):
    laps = tuple(Lap(1000, round(each * 1e6), 2000) for each in milliseconds)
    return Run(
        load_ns=load * 10**6,
        init_ns=init * 10**6,
        laps=Laps(first=Lap(3000, first * 10**6, 4000), warmup=laps[:1], counted=laps),
        stable=True,
        wall_ns=200 * 10**6,
        baseline_bytes=baseline * 10**6,
        peak_bytes=peak * 10**6,
    )


def make_measurement(*runs, threads=1, runtime="litert", **more):
    return Measurement(runtime=runtime, threads=threads, runs=runs, **more)


def make_quality():
    """Dice 0.8 and 1.0 an image; pooled over both 2*14/(2*14+4) = 0.875; 5 of 6 cells found."""
    return QualityResult(
        (
            ImageCounts("a", "a", ConfusionCounts(8, 2, 2, 88), CellCounts(4, 5, 3)),
            ImageCounts("b [", "b [", ConfusionCounts(6, 0, 0, 94), CellCounts(2, 2, 2)),
        )
    )


def make_audit(*, parameters=3000, dtype="float32", activations=None):
    """Three convolutions in one partition."""
    weights = tuple(
        Weight(
            tensor=f"kernel{number}", operator="CONV_2D", output=f"out{number}", role="kernel", dtype=dtype,
            shape=(1, 1, 1, parameters // 3), scales=0, per_channel=None, size=parameters // 3, zeros=0,
            distinct=None, sparse_encoded=False,
        )
        for number in range(3)
    )  # fmt: skip
    return Audit(
        name="m.tflite", subgraphs=1, operators={"CONV_2D": 3}, inputs=(), outputs=(),
        activations=activations or {"float32": 4}, float_operators=(), quantize_operators=0,
        dequantize_operators=0, weights=weights, macs=10**6, activation_bytes=10**6,
        arena_bytes=2 * 10**6, static_shapes=True, undelegated=(),
        delegation=Delegation(
            runtime="ai-edge-litert", runtime_version="2.3.0", delegate="XNNPACK", partitions=1
        ),
    )  # fmt: skip


def make_model(name, variant, size, *measurements):
    return ModelResult(
        name=name,
        variant=variant,
        sha256="0" * 64,
        size=SizeResult(raw_bytes=size, gzip_bytes=size // 2),
        audit=make_audit(parameters=size // 4),
        measurements=measurements,
    )  # fmt: skip


def make_machine(**changes):
    facts = {
        "architecture": "aarch64", "cpu": "Cortex-A72", "cpu_features": ("fp16",), "cores": 4,
        "memory_bytes": 4 * 2**30, "board": "Raspberry Pi 4 Model B Rev 1.4", "governor": "performance",
        "system": "Debian GNU/Linux 12 (bookworm), kernel 6.6", "libc": "glibc 2.36", "python": "3.11.2",
        "numpy": "2.4.6", "zlib": "1.2.13", "runtime": "ai-edge-litert 2.3.0",
    }  # fmt: skip
    return Machine(**{**facts, **changes})


def make_result():
    """A float32 model on one and two threads, an int8 one on one, and one that crashed."""
    state = MachineState(load_1min=0.1, temperature_c=51.5, throttled="0x0")
    quality = make_quality()
    crashed = make_measurement(failure=Failure(kind="crashed", reason="killed by SIGSEGV"))
    return BenchResult(
        created_at="2026-11-25T00:00:00+00:00",
        edgeseg="0.1.0",
        machine=make_machine(),
        before=state,
        after=state,
        options=BenchOptions(threads=(1, 2)),
        dataset=DatasetUsed(name="blobs", digest="d" * 64, split="test", images=2, of=2),
        runtimes={"litert": "ai-edge-litert 2.3.0"},
        reference="float32.tflite",
        complete=True,
        models=(
            make_model(
                "float32.tflite",
                "float32",
                400_000,
                make_measurement(make_run(10, 20, 30, 40), quality=quality),
                make_measurement(make_run(5, 5), make_run(7, 7, peak=90), threads=2),
            ),
            make_model(
                "int8.tflite", "int8-ptq", 100_000, make_measurement(make_run(10, 10), quality=quality)
            ),
            make_model("bad.tflite", "pruned", 50_000, crashed),
        ),
    )
