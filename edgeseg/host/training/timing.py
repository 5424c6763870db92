"""Times the Keras model of a run, in a process of its own: `python -m edgeseg.host.training.timing`.

TensorFlow is loaded there alone (see `workers`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edgeseg.bench.bench_options import BenchOptions
from edgeseg.bench.host import HostOptions, HostRun
from edgeseg.bench.latency import Lap, repeat, timing_tile, warm_up
from edgeseg.errors import TrainingError
from edgeseg.model.encoding import float_image
from edgeseg.progress import Progress, silent
from edgeseg.workers.answering import Alive, answer_one
from edgeseg.workers.asking import Bounds, NoAnswer, ask, command


@dataclass(frozen=True, slots=True, kw_only=True)
class KerasTiming:
    """What to time.

    Attributes:
        run: the folder of a training run.
        batch: images of one step.
        precision: one of `bench.host.PRECISIONS`.
        xla: let XLA compile the step.
        seconds: to measure, at least.
        samples: steps to measure, at least.
        warmup_seconds: not counted, before.
    """

    run: Path
    batch: int
    precision: str
    xla: bool
    seconds: float
    samples: int
    warmup_seconds: float


def measure_host(
    run: Path, *, host: HostOptions, options: BenchOptions, progress: Progress = silent
) -> tuple[HostRun, ...]:
    """Time the Keras model of a training run on this machine's GPU or CPU, each batch size in a process.

    Args:
        run: the folder of a run that has finished an epoch.
        host: what to measure.
        options: for how long; rounds, threads and limits of memory are not used.
        progress: told (batch sizes done, in all, what is being done).
    """
    found = []
    for number, batch in enumerate(host.batches):
        timing = KerasTiming(
            run=run,
            batch=batch,
            precision=host.precision,
            xla=host.xla,
            seconds=options.seconds,
            samples=options.samples_each,
            warmup_seconds=options.warmup_seconds,
        )
        answer = ask(
            command("edgeseg.host.training.timing"),
            timing,
            HostRun,
            bounds=Bounds(silence_seconds=options.timeout_seconds),
            heard=partial(progress, number, len(host.batches)),
        )
        if isinstance(answer, NoAnswer):
            answer = replace(_unmeasured(timing), failure=answer.failure)
        found.append(answer)
    progress(len(host.batches), len(host.batches), "")
    return tuple(found)


def _unmeasured(timing: KerasTiming) -> HostRun:
    return HostRun(
        name=timing.run.resolve().name,
        framework="",
        device="",
        batch=timing.batch,
        precision=timing.precision,
        xla=timing.xla,
    )


def work(timing: KerasTiming, alive: Alive) -> HostRun:
    """Measure.

    Raises:
        TrainingError: the run cannot be used, or a batch does not fit into the device's memory.
    """
    alive("loading TensorFlow")
    from edgeseg.host.training.keras import tf

    try:
        step, shape = _step(timing.run, precision=timing.precision, xla=timing.xla)
        batch = tf.constant(np.repeat(float_image(timing_tile(shape)), timing.batch, 0))
        alive("first step")
        first = _lap(step, batch)
        warmup = partial(alive, "warming up")
        warm_up(partial(_lap, step, batch), seconds=timing.warmup_seconds, alive=warmup)
        laps = repeat(
            partial(_lap, step, batch),
            seconds=timing.seconds,
            count=timing.samples,
            alive=partial(alive, "timing"),
        )
    except tf.errors.ResourceExhaustedError as error:
        raise TrainingError(f"a batch of {timing.batch} does not fit into the device's memory") from error
    return replace(
        _unmeasured(timing),
        framework=f"tensorflow {tf.__version__}",
        device=_device(),
        first_ns=first.invoke_ns,
        steps_ns=tuple(lap.invoke_ns for lap in laps),
    )


def _step(path: Path, *, precision: str, xla: bool) -> tuple[Callable[[Any], Any], tuple[int, int, int]]:
    """The compiled network of a run, and height, width and channels of its input."""
    from edgeseg.host.training.build import build_network
    from edgeseg.host.training.keras import keras, tf
    from edgeseg.host.training.model_files import load_best
    from edgeseg.host.training.run_folder import open_run

    run = open_run(path)
    model = load_best(run)
    if precision != "float32":
        keras.mixed_precision.set_global_policy(precision)
        mixed = build_network(run.network, folded=run.origin.quantization_aware)
        mixed.set_weights(model.get_weights())
        model = mixed
    step = tf.function(lambda batch: model(batch, training=False), jit_compile=xla)
    return step, (*run.interface.size, run.interface.channels)


def _lap(step: Callable[[Any], Any], batch: Any) -> Lap:
    start = time.perf_counter_ns()
    step(batch).numpy()  # fetching waits for a GPU to be done
    return Lap(prepare_ns=0, invoke_ns=time.perf_counter_ns() - start, output_ns=0)


def _device() -> str:
    from edgeseg.host.training.keras import tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return "CPU"
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU"))


if __name__ == "__main__":
    answer_one(KerasTiming, work)
