"""What a convolution costs by the number of its channels: kernels compute many channels at once.

    python benchmarks/channel_cost.py --out benchmarks/results/channel_cost.json

Times one 3x3 convolution of a 256x256 image, float32 and int8, one thread, for channel counts that a
slimmed network has. Where the time does not fall with the channels, removing them buys no milliseconds
on this machine and with this runtime. Needs the extra `train` (it makes the files).
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np

from edgeseg import files
from edgeseg.host.training.keras import keras, tf
from edgeseg.machine.description import read_machine
from edgeseg.model.recipe import FLOAT32, INT8_PTQ
from edgeseg.model.runtimes.registry import find_runtime, make_interpreter
from edgeseg.records import to_data

SIZE = 256
WIDTHS = (8, 16, 32, 64, 128)
LAPS = 40


def make_file(channels: int, variant: str) -> bytes:
    """A .tflite file with one convolution from `channels` to `channels` channels."""
    image = keras.Input((SIZE, SIZE, channels), batch_size=1)
    layer = keras.layers.Conv2D(channels, 3, padding="same", activation="relu")
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(image, layer(image)))
    if variant == INT8_PTQ.variant:
        rng = np.random.default_rng(0)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            [rng.random((1, SIZE, SIZE, channels), np.float32)] for _ in range(2)
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def time_file(data: bytes) -> list[int]:
    """Nanoseconds of single inferences after a warm-up, one thread."""
    interpreter = make_interpreter(data, name="convolution")
    (port,) = interpreter.inputs
    interpreter.load(np.zeros(port.shape, port.dtype))
    laps = []
    for _ in range(LAPS + 5):
        start = time.perf_counter_ns()
        interpreter.run()
        laps.append(time.perf_counter_ns() - start)
    return laps[5:]


def main() -> None:
    """Measure, print the table, and keep the samples."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    rows = []
    print("channels  variant   median ms")
    for channels in WIDTHS:
        for variant in (FLOAT32.variant, INT8_PTQ.variant):
            laps = time_file(make_file(channels, variant))
            rows.append({"channels": channels, "variant": variant, "samples_ns": laps})
            print(f"{channels:8}  {variant:8}  {statistics.median(laps) / 1e6:9.2f}")
    runtime = find_runtime()
    machine = read_machine(runtime=f"{runtime.name} {runtime.version}")
    files.write_json(out, {"image": [SIZE, SIZE], "machine": to_data(machine), "rows": rows})


if __name__ == "__main__":
    main()
