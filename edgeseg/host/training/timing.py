"""`python -m edgeseg.host.training.timing`: times the Keras model of a run, in a process of its own.

The bench asks for it by this name and never imports it (see `bench.host`, `workers.answering`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edgeseg.bench.host import HostRun
from edgeseg.bench.latency import Lap, repeat, timing_tile, warm_up
from edgeseg.errors import EdgesegError, TrainingError
from edgeseg.model.encoding import float_image
from edgeseg.workers.answering import Alive, answer_one
from edgeseg.workers.failure import Failure


def work(question: Mapping[str, Any], alive: Alive) -> dict[str, Any]:
    """Measure; what a user can mend comes back as a failure."""
    run = HostRun(
        name=Path(question["run"]).resolve().name,
        framework="",
        device="",
        batch=question["batch"],
        precision=question["precision"],
        xla=question["xla"],
    )
    try:
        return _measure(run, question, alive)
    except EdgesegError as error:
        return replace(run, failure=Failure(kind="refused", reason=str(error))).to_dict()


def _measure(run: HostRun, question: Mapping[str, Any], alive: Alive) -> dict[str, Any]:
    alive("loading TensorFlow")
    from edgeseg.host.training.keras import tf

    try:
        step, size = _step(Path(question["run"]), precision=run.precision, xla=run.xla)
        batch = tf.constant(np.repeat(float_image(timing_tile((size, size))), run.batch, 0))
        alive("first step")
        first = _lap(step, batch)
        warmup = partial(alive, "warming up")
        warm_up(partial(_lap, step, batch), seconds=question["warmup_seconds"], alive=warmup)
        laps = repeat(
            partial(_lap, step, batch),
            seconds=question["seconds"],
            count=question["samples"],
            alive=partial(alive, "timing"),
        )
    except tf.errors.ResourceExhaustedError as error:
        raise TrainingError(f"a batch of {run.batch} does not fit into the device's memory") from error
    return replace(
        run,
        framework=f"tensorflow {tf.__version__}",
        device=_device(),
        first_ns=first.invoke_ns,
        steps_ns=tuple(lap.invoke_ns for lap in laps),
    ).to_dict()


def _step(path: Path, *, precision: str, xla: bool) -> tuple[Callable[[Any], Any], int]:
    """The compiled network of a run, and the size of its input."""
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
    return step, run.network.input_size


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
    answer_one(work)
