"""Does `edgeseg check` catch what it should, and keep quiet otherwise?

    python benchmarks/gate_proof.py --out benchmarks/results/gate_proof.json

A small U-Net with random weights is exported as int8-ptq, and `edgeseg check --update` records the baseline
with the limits that it proposes by itself. Then the same file is made otherwise, as it happens by mistake,
and each time the check must fail with a sentence about it:

- a layer is twice as wide;
- BatchNorm behind the transposed convolutions, with the stock quantization-aware training of
  tensorflow-model-optimization, which cannot fold it;
- no calibration images, which TensorFlow's converter takes without a word;
- something is left in the file that makes it twice as large, here random bytes as a metadata buffer: still a
  valid model with the same answers (the script compares them).

And 20 times the unchanged model is exported again, each time in a fresh process, and 20 models of the same
architecture with other weights, as after another training: the check must pass.
Exit code 1 if any of this is not so. Needs the extra `train`; takes five to ten minutes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import Builder

from edgeseg import files
from edgeseg._version import __version__
from edgeseg.data.synthetic.synth import synthesize
from edgeseg.host.export.convert import convert
from edgeseg.host.training.build import build_network
from edgeseg.host.training.keras import keras, tf
from edgeseg.model.artifact import Artifact
from edgeseg.model.recipe import DYNAMIC_INT8, INT8_PTQ
from edgeseg.model.runtimes.registry import find_runtime
from edgeseg.model.segmenter import Segmenter
from edgeseg.networks.layers import cuttable
from edgeseg.networks.unet import UNetConfig

SIZE = 64
NETWORK = UNetConfig(base_filters=8, levels=4, input_size=SIZE)
RE_EXPORTS = 20
NAME = "unet_int8-ptq.tflite"


def calibration_images() -> npt.NDArray[np.uint8]:
    """32 synthetic images, two pixels of them black and white, as `edgeseg export` has it."""
    images = np.stack([synthesize(index, size=SIZE)[0] for index in range(32)])
    images[0, 0, :2] = 0, 255
    return images


def build(network: UNetConfig = NETWORK, *, seed: int = 0) -> Any:
    """The network with random weights that depend on the seed alone."""
    keras.utils.set_random_seed(seed)
    return build_network(network, input_size=SIZE, batch_size=1)


def export(weights: Path) -> bytes:
    """The int8-ptq file of the unchanged model."""
    model = build()
    model.load_weights(weights)
    return convert(model, INT8_PTQ, calibration_images())


def widened() -> bytes:
    """The bottom's first convolution twice as wide."""
    widths = [each.channels for each in cuttable(NETWORK.layers)]
    widths[2 * (NETWORK.levels - 1)] *= 2
    wider = replace(NETWORK, base_filters=2 * NETWORK.base_filters, widths=tuple(widths))
    return convert(build(wider), INT8_PTQ, calibration_images())


def with_batch_norm() -> bytes:
    """BatchNorm behind every transposed convolution, five steps of stock quantization-aware training."""
    import tensorflow_model_optimization as tfmot

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = tfmot.quantization.keras.quantize_model(_insert_batch_norm(build()))
        model.compile(optimizer="adam", loss="binary_crossentropy")
        for index in range(5):
            image, mask = synthesize(index, size=SIZE)
            model.train_on_batch(image[None, ..., None] / np.float32(255), mask[None, ..., None])
        # With the ranges that the training has found; no images, as its documentation has it.
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        return bytes(converter.convert())


def _insert_batch_norm(model: Any) -> Any:
    """A copy of the network, without its weights, with BatchNorm behind every transposed convolution."""
    image = keras.Input(model.input_shape[1:], batch_size=1)
    made = {model.input.ref(): image}
    for layer in model.layers[1:]:
        inputs = tf.nest.map_structure(lambda tensor: made[tensor.ref()], layer.input)
        output = type(layer).from_config(layer.get_config())(inputs)
        if isinstance(layer, keras.layers.Conv2DTranspose):
            output = keras.layers.BatchNormalization(name=f"{layer.name}_norm")(output)
        made[layer.output.ref()] = output
    return keras.Model(image, made[model.output.ref()])


def uncalibrated() -> bytes:
    """The converter without images: it quantizes the weights alone."""
    return convert(build(), DYNAMIC_INT8)


def doubled(data: bytes) -> bytes:
    """The same model with as many random bytes as it has, in a metadata buffer that no one reads."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    buffer = schema.BufferT()
    buffer.data = np.random.default_rng(0).integers(0, 256, len(data), dtype=np.uint8)
    note = schema.MetadataT()
    note.name, note.buffer = "training log", len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), note]
    builder = Builder(2 * len(data))
    builder.Finish(model.Pack(builder), b"TFL3")
    larger = bytes(builder.Output())
    if answer(larger) != answer(data):
        raise SystemExit("the larger file gives another answer")
    return larger


def answer(data: bytes) -> bytes:
    """What a file makes of one image."""
    segmenter = Segmenter(Artifact(path=Path(NAME), data=data))
    (found,) = segmenter.invoke(synthesize(99, size=SIZE)[0])
    return found.tobytes()


def check(data: bytes, folder: Path, *options: str) -> dict[str, Any]:
    """What `edgeseg check` says of a file: its exit code and what it broke."""
    (folder / "models").mkdir(exist_ok=True)
    (folder / "models" / NAME).write_bytes(data)
    command = [sys.executable, "-m", "edgeseg", "check", "models", "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)
    report = json.loads(done.stdout)
    violations = report.get("violations", [])
    return {
        "exit_code": done.returncode,
        "sha256": files.sha256_bytes(data),
        "bytes": len(data),
        "metrics": [each["metric"] for each in violations],
        "sentences": [each["sentence"] for each in violations],
    }


def try_changes(data: bytes, folder: Path) -> list[dict[str, Any]]:
    """Each change and what the check says of it; `expected` are metrics that must be broken."""
    cases = {
        "a layer twice as wide": (widened(), ["bytes", "macs"]),
        "BatchNorm behind transposed convolutions": (
            with_batch_norm(),
            ["operator_kinds", "float_operators"],
        ),
        "no calibration": (uncalibrated(), ["float_operators"]),
        "a file of twice the size": (doubled(data), ["bytes", "gzip_bytes"]),
    }  # fmt: skip
    return [
        {"change": change, "expected": expected, **check(changed, folder)}
        for change, (changed, expected) in cases.items()
    ]


def export_again(weights: Path, folder: Path) -> list[dict[str, Any]]:
    """The unchanged model, exported by fresh processes."""
    found = []
    for number in range(RE_EXPORTS):
        path = folder / f"again_{number}.tflite"
        command = [sys.executable, __file__, "--export", str(weights), "--out", str(path)]
        subprocess.run(command, capture_output=True, check=True)
        found.append(check(path.read_bytes(), folder))
    return found


def prove(out: Path) -> int:
    """Run everything, print the table, write the JSON; 1 where the gate does not do what it should."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        weights = folder / "model.weights.h5"
        build().save_weights(weights)
        data = export(weights)
        check(data, folder, "--update")
        changes = try_changes(data, folder)
        again = export_again(weights, folder)
        others = [
            check(convert(build(seed=1 + number), INT8_PTQ, calibration_images()), folder)
            for number in range(RE_EXPORTS)
        ]
        budgets = (folder / "budgets.toml").read_text()
    caught = [each["exit_code"] == 1 and set(each["expected"]) <= set(each["metrics"]) for each in changes]
    for each, fine in zip(changes, caught, strict=True):
        print(f"{'caught' if fine else 'MISSED'}: {each['change']}")
        print("".join(f"    {sentence}\n" for sentence in each["sentences"]), end="")
    kept = {"unchanged": _count(again), "other_weights": _count(others)}
    for what, found in kept.items():
        kinds = f"{found['different_files']} different files"
        print(f"{what}: silent on {found['silent']} of {found['exports']} exports ({kinds})")
    runtime = find_runtime()
    files.write_json(
        out,
        {
            "edgeseg": __version__,
            "tensorflow": tf.__version__,
            "runtime": f"{runtime.name} {runtime.version}",
            "network": NETWORK.to_dict(),
            "budgets": budgets.splitlines(),
            "changes": [each | {"caught": fine} for each, fine in zip(changes, caught, strict=True)],
            **kept,
        },
    )
    return 0 if all(caught) and all(each["silent"] == each["exports"] for each in kept.values()) else 1


def _count(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "exports": len(runs),
        "silent": sum(each["exit_code"] == 0 for each in runs),
        "different_files": len({each["sha256"] for each in runs}),
        "runs": runs,
    }


def main() -> None:
    """Prove the gate, or, as one of its own processes, export the unchanged model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--export", type=Path, metavar="WEIGHTS", help="only export these weights to --out")
    arguments = parser.parse_args()
    if arguments.export:
        files.write_bytes(arguments.out, export(arguments.export))
    else:
        sys.exit(prove(arguments.out))


if __name__ == "__main__":
    main()
