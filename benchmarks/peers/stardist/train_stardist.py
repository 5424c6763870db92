"""Trains StarDist on a data set in edgeseg's layout, as its authors' example notebooks do.

    python train_stardist.py DATA --out DIR

Interrupted by Ctrl-C, `kill -9` or a power cut, it goes on with the same command from the last epoch that
was finished (see resuming.py for what is not the same then). With `--minutes` it ends when the time is up,
between two steps; with more minutes or epochs it goes on.

DIR holds the model as StarDist writes it (config.json, weights_best.h5, thresholds.json), the checkpoint, and
training.json: settings, versions, machine, and the history with the seconds of every epoch.

The defaults of StarDist 0.9.2 are kept: 32 rays, a U-Net of depth 3 with 32 filters, Adam with 3e-4, halved
after 40 epochs without progress, 400 epochs of 100 steps of 4 patches of 256x256. From the notebook
examples/2D/2_training.ipynb of its repository are the grid of (2, 2), normalization, augmentation, filled
holes, the look at the field of view, and thresholds optimized on validation.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from peer_data import InputError, PeerSample, digest, machine, read_split, versions, write_json

CHECKPOINT = "checkpoint.npz"

#: Of the best epoch, under the name that StarDist gives them.
WEIGHTS = "weights_best.h5"

#: Percentiles that become 0 and 1.
PERCENTILES = (1, 99.8)


class Augmenter:
    """Flips, turns by right angles, and changes of intensity, as in the notebook."""

    def __init__(self, seed: list[int]) -> None:
        self._random = np.random.default_rng(seed)

    def __call__(
        self, image: npt.NDArray[np.float32], labels: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
        random = self._random
        turns, mirrored = int(random.integers(4)), bool(random.integers(2))
        image, labels = np.rot90(image, turns), np.rot90(labels, turns)
        if mirrored:
            image, labels = image[:, ::-1], labels[:, ::-1]
        image = image * random.uniform(0.6, 2) + random.uniform(-0.2, 0.2)
        noise = 0.02 * random.uniform() * random.standard_normal(image.shape)
        return (image + noise).astype(np.float32), labels


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="a data set with images/, labels/ and splits.csv")
    parser.add_argument("--out", type=Path, required=True, help="where the model goes; it is gone on with")
    parser.add_argument("--epochs", type=int, default=400)
    parser.add_argument("--steps", type=int, default=100, help="steps of 4 patches in an epoch")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument(
        "--minutes", type=float, help="the most that the training may take, all sessions together"
    )
    parser.add_argument("--threads", type=int, default=2, help="cores to train with")
    chosen = parser.parse_args()
    if min(chosen.epochs, chosen.steps, chosen.threads) < 1 or (chosen.minutes or 1) <= 0:
        parser.error("expected at least one epoch, step and thread, and minutes above 0")
    try:
        train(chosen)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from the last epoch that was finished")
        sys.exit(130)


def train(chosen: argparse.Namespace) -> None:
    training, validation = read_split(chosen.data, "train"), read_split(chosen.data, "val")
    settings = {
        "data": chosen.data.resolve().name, "digest": digest([*training, *validation]),
        "steps_per_epoch": chosen.steps, "seed": chosen.seed,
    }  # fmt: skip
    chosen.out.mkdir(parents=True, exist_ok=True)
    with (chosen.out / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"expected to train in {chosen.out} alone, but another process does") from None
        _train(chosen, training, validation, settings)


def _train(
    chosen: argparse.Namespace,
    training: list[PeerSample],
    validation: list[PeerSample],
    settings: dict[str, Any],
) -> None:
    use_cores(chosen.threads)
    import keras
    from stardist import calculate_extents
    from stardist.models import Config2D, StarDist2D

    from resuming import TrainingState

    checkpoint = chosen.out / CHECKPOINT
    state = TrainingState.read(checkpoint) if checkpoint.exists() else TrainingState(settings)
    differing = [name for name, value in settings.items() if state.settings.get(name) != value]
    if differing:
        raise InputError(
            f"expected to go on with the training in {chosen.out}, but it began with another "
            f"{differing[0]} ({state.settings.get(differing[0])}); choose another folder"
        )
    config = Config2D(
        n_rays=32, grid=(2, 2), n_channel_in=1, train_epochs=chosen.epochs,
        train_steps_per_epoch=chosen.steps, train_tensorboard=False,
        # The checkpoint holds the best weights too: a file of its own could be cut off by a kill.
        train_checkpoint=None, train_checkpoint_last=None, train_checkpoint_epoch=None,
    )  # fmt: skip
    pictures, judged = _read(training, config.train_patch_size), _read(validation, config.train_patch_size)
    keras.utils.set_random_seed(chosen.seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="output path for model already exists")
        place = chosen.out.resolve()
        model = StarDist2D(config, name=place.name, basedir=str(place.parent))
    extents = calculate_extents([each for each in pictures.labels if each.any()], np.median)
    field = model._axes_tile_overlap("YX")  # noqa: SLF001 - as the notebook does
    print(
        f"median size of cells {extents[0]:.0f}x{extents[1]:.0f} pixels, field of view {field[0]}x{field[1]} "
        "to each side"
    )
    if any(extents > np.array(field)):
        print("warning: the median cell is larger than the field of view of the network")
    if state.epochs < chosen.epochs and (chosen.minutes is None or state.seconds < chosen.minutes * 60):
        _fit(model, pictures, judged, state, chosen)
    model.keras_model.set_weights(state.best_weights)
    beside = chosen.out / f"{WEIGHTS}.new"
    model.keras_model.save_weights(str(beside))
    beside.replace(chosen.out / WEIGHTS)
    print("optimizing the thresholds on validation")
    begun = time.monotonic()
    thresholds = model.optimize_thresholds(judged.images, judged.labels)
    _report(chosen, state, int(model.keras_model.count_params()), {
        "thresholds": thresholds, "seconds_for_thresholds": time.monotonic() - begun,
        "median_size_of_cells": [float(each) for each in extents],
        "field_of_view": [int(each) for each in field],
        "images": {"train": len(training), "val": len(validation)},
    })  # fmt: skip


@dataclass(frozen=True)
class Pictures:
    """Normalized images and their labels, `(H, W)` each."""

    images: list[npt.NDArray[np.float32]]
    labels: list[npt.NDArray[np.int32]]


def _read(samples: list[PeerSample], patch: tuple[int, int]) -> Pictures:
    from csbdeep.utils import normalize
    from stardist import fill_label_holes

    images = [normalize(each.read_image(), *PERCENTILES, axis=(0, 1)) for each in samples]
    for sample, image in zip(samples, images, strict=True):
        if image.shape[0] < patch[0] or image.shape[1] < patch[1]:
            raise InputError(
                f"expected images of at least {patch[1]}x{patch[0]} to train on, but {sample.image_path} is "
                f"{image.shape[1]}x{image.shape[0]}"
            )
    return Pictures(images, [fill_label_holes(each.read_labels()) for each in samples])


def _fit(model: Any, pictures: Pictures, judged: Pictures, state: Any, chosen: argparse.Namespace) -> None:
    import keras

    from resuming import Checkpoint

    model.prepare_for_training()
    (plateau,) = [each for each in model.callbacks if isinstance(each, keras.callbacks.ReduceLROnPlateau)]
    model.callbacks.append(
        Checkpoint(state, chosen.out / CHECKPOINT, plateau, seed=chosen.seed, minutes=chosen.minutes)
    )
    if state.epochs:
        print(f"going on after {state.epochs} epochs, {state.steps} steps")
    # The seed makes the patches of validation the same in all sessions; Checkpoint sets another behind them.
    model.train(
        pictures.images, pictures.labels, validation_data=(judged.images, judged.labels),
        augmenter=Augmenter([chosen.seed, state.epochs]), seed=chosen.seed,
        epochs=chosen.epochs - state.epochs, steps_per_epoch=chosen.steps,
    )  # fmt: skip


def _report(chosen: argparse.Namespace, state: Any, parameters: int, found: dict[str, Any]) -> None:
    content = {
        "settings": state.settings | {
            "epochs": chosen.epochs, "minutes": chosen.minutes, "threads": chosen.threads,
            "percentiles": PERCENTILES, "config": json.loads((chosen.out / "config.json").read_text()),
        },
        "versions": versions(),
        "machine": machine(),
        "parameters": parameters,
        "float32_bytes": 4 * parameters,
        "weights_file_bytes": (chosen.out / WEIGHTS).stat().st_size,
        "epochs": state.epochs,
        "steps": state.steps,
        "as_advised": state.epochs >= 400 and state.steps >= 40_000,
        "seconds": state.seconds,
        "sessions": state.sessions,
        "best_epoch": state.best_epoch,
        "best_val_loss": state.best,
        "history": state.history,
    } | found  # fmt: skip
    write_json(chosen.out / "training.json", content)
    print(
        f"{state.steps} steps in {state.epochs} epochs and {state.seconds / 60:.1f} minutes; best after "
        f"epoch {state.best_epoch}; {parameters:,} parameters; see {chosen.out / 'training.json'}"
    )


def use_cores(count: int) -> None:
    """Let TensorFlow, OpenMP and numba use so many cores and no GPU; must come before they are loaded."""
    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = str(count)
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(count)
    tf.config.threading.set_inter_op_parallelism_threads(count)


if __name__ == "__main__":
    main()
