"""How to teach a small network to tell touching cells apart: three forms of the same answer, compared.

    python benchmarks/cell_heads.py DATA/nih3t3_phase DATA/dsb2018_nuclei --out results.json

The forms, each with a foreground map beside it:

  border     one map: pixels of a cell within two pixels of another cell. Seeds are the pieces of foreground
             off these borders, and what is left goes to the nearest seed.
  distance   one map: the distance to the border of the cell, as a share of its greatest. Seeds are the tops
             of the smoothed map, and a watershed on it divides the pieces.
  centres    three maps: a bump at the centre and the offsets to it (`edgeseg.labels.grouping`, the form that
             edgeseg uses).

The same network (the preset `pocket` but for the number of maps), the same crops in the same order, the same
number of steps; the loss of the foreground, and a term for the other maps. Everything is judged on the
validation split, on label truth, at the best of a few thresholds for each form. A form that is finished is in
the results and not trained again, so the command goes on where it was interrupted.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg import files
from edgeseg.data.dataset import SegmentationDataset, open_dataset
from edgeseg.data.truth import Truth
from edgeseg.host.training import losses
from edgeseg.host.training.batch_norm import BATCHES, StatisticsMeter
from edgeseg.host.training.build import build_network
from edgeseg.host.training.keras import keras, tf
from edgeseg.host.training.optimizers import build_optimizer
from edgeseg.host.training.pipeline import TrainingImages, batches, epoch_dataset, steps_per_epoch
from edgeseg.host.training.tasks.cells import CELLS, measure_centres
from edgeseg.labels.grouping import Grouping
from edgeseg.labels.pieces import connected_pieces
from edgeseg.metrics.cells import MIN_AREA, NO_CELLS, CellCounts
from edgeseg.metrics.matching import match_cells
from edgeseg.model.interface import Interface, float_interface
from edgeseg.networks.families import PRESETS

Labels = npt.NDArray[np.int32]
Maps = npt.NDArray[np.float32]

#: Pixels: how near another cell is where a border is.
TOUCHING = 2


@dataclass(frozen=True, kw_only=True)
class Form:
    """One form of the answer.

    Attributes:
        maps: how many, the foreground first.
        target: labels `(H, W)` to `(H, W, maps)`, 0 to 1.
        loss: of targets and output, what is added to the loss of the foreground.
        thresholds: that are tried.
        cells: output `(H, W, maps)` and a threshold to labels.
    """

    maps: int
    target: Callable[[Labels], Maps]
    loss: Callable[[Any, Any], Any]
    thresholds: Sequence[float]
    cells: Callable[[Maps, float], Labels]


class FormTargets:
    """What `TrainingImages` asks of targets."""

    def __init__(self, form: Form) -> None:
        self._form = form

    def keep(self, truth: Truth) -> Labels:
        return truth.labels

    def make(self, labels: Labels) -> Maps:
        return self._form.target(labels)


def forms_of(dataset: SegmentationDataset) -> Mapping[str, Form]:
    """The three forms, with the sizes that the cells of a data set ask for."""
    sizes = measure_centres(dataset)
    maps, decoder = CELLS.describe(dataset)
    interface = float_interface(256, 256, maps=maps, decoder=decoder)
    return {
        "border": Form(
            maps=2, target=border_target, loss=border_loss, thresholds=(0.1, 0.2, 0.3, 0.4, 0.5),
            cells=lambda output, threshold: cells_off_borders(output, threshold, sizes.speck),
        ),
        "distance": Form(
            maps=2, target=distance_target, loss=distance_loss, thresholds=(0.1, 0.2, 0.3, 0.4, 0.5),
            cells=lambda output, threshold: cells_of_distance(output, threshold, sizes.bump, sizes.speck),
        ),
        "centres": Form(
            maps=4, target=lambda labels: CELLS.target(labels, interface), loss=centres_loss(interface),
            thresholds=(0.15, 0.22, 0.3, 0.4, 0.5),
            cells=lambda output, threshold: cells_of_centres(output, threshold, interface),
        ),
    }  # fmt: skip


def border_target(labels: Labels) -> Maps:
    numbers = labels.astype(np.float32)
    around = np.ones((2 * TOUCHING + 1,) * 2, np.uint8)
    high = cv2.dilate(numbers, around)
    low = cv2.erode(np.where(labels == 0, np.float32(np.inf), numbers), around)
    border = (labels != 0) & ((high != numbers) | (low != numbers))
    return np.stack([labels != 0, border], axis=-1).astype(np.float32)


def border_loss(truth: Any, output: Any) -> Any:
    """Cross-entropy in which the few pixels of borders weigh ten times, and their overlap."""
    true, found = truth[..., 1:2], tf.clip_by_value(output[..., 1:2], 1e-6, 1 - 1e-6)
    entropy = -(10 * true * tf.math.log(found) + (1 - true) * tf.math.log(1 - found))
    return tf.reduce_mean(entropy) + losses.dice(true, found)


def cells_off_borders(output: Maps, threshold: float, speck: int) -> Labels:
    mask = output[..., 0] > 0.5
    return grow(connected_pieces(mask & (output[..., 1] < threshold)), mask, speck)


def distance_target(labels: Labels) -> Maps:
    target = np.zeros((*labels.shape, 2), np.float32)
    for number in np.unique(labels[labels != 0]):
        rows, columns = np.nonzero(labels == number)
        box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        cell = np.pad((labels[box] == number).astype(np.uint8), 1)
        distance = cv2.distanceTransform(cell, cv2.DIST_L2, 5)[1:-1, 1:-1]
        target[box][..., 1][labels[box] == number] = (distance / distance.max())[labels[box] == number]
    target[..., 0] = labels != 0
    return target


def distance_loss(truth: Any, output: Any) -> Any:
    inside = truth[..., :1]
    error = inside * tf.abs(truth[..., 1:2] - output[..., 1:2])
    return 10 * tf.math.divide_no_nan(tf.reduce_sum(error), tf.reduce_sum(inside))


def cells_of_distance(output: Maps, threshold: float, bump: float, speck: int) -> Labels:
    mask = output[..., 0] > 0.5
    smooth = cv2.GaussianBlur(np.where(mask, output[..., 1], 0).astype(np.float32), (0, 0), bump / 2)
    side = 2 * round(1.4 * bump) + 1
    tops = (smooth == cv2.dilate(smooth, np.ones((side, side), np.uint8))) & (smooth > threshold) & mask
    markers = connected_pieces(tops)
    background = int(markers.max()) + 1
    markers[~mask] = background  # a basin of its own
    heights = np.clip(np.rint(255 * (1 - smooth)), 0, 255).astype(np.uint8)
    divided = cv2.watershed(cv2.merge([heights] * 3), markers.copy())
    # The lines between basins are -1: growing closes them.
    seeds = np.where(mask & (divided > 0) & (divided != background), divided, 0)
    return grow(seeds.astype(np.int32), mask, speck)


def centres_loss(interface: Interface) -> Callable[[Any, Any], Any]:
    whole = losses.loss_of(interface.maps, "bce")
    return lambda truth, output: whole(truth, output) - losses.bce(truth[..., :1], output[..., :1])


def cells_of_centres(output: Maps, threshold: float, interface: Interface) -> Labels:
    centres = replace(interface.decoder.centres, peak=threshold)  # type: ignore[type-var]
    decoder = replace(interface.decoder, centres=centres)
    return Grouping(replace(interface, decoder=decoder))(tuple(np.moveaxis(output, -1, 0)))


def grow(seeds: Labels, mask: npt.NDArray[np.bool_], speck: int) -> Labels:
    """Pixels go to the seed that reaches them first; pieces without one are cells or specks."""
    grown = seeds.astype(np.float32)
    inside = mask.astype(np.float32)
    while True:
        more = cv2.dilate(grown, np.ones((3, 3), np.uint8)) * inside
        more = np.where(grown > 0, grown, more)
        if np.array_equal(more, grown):
            break
        grown = more
    labels = grown.astype(np.int32)
    pieces = connected_pieces(mask & (labels == 0))
    areas = np.bincount(pieces.ravel())
    cells = (pieces > 0) & (areas[pieces] >= speck)
    labels[cells] = seeds.max(initial=0) + pieces[cells]
    return labels


def train(form: Form, dataset: SegmentationDataset, *, epochs: int, seed: int) -> Callable[[Any], Maps]:
    preset = PRESETS["pocket"]
    config = replace(preset.training, epochs=epochs, seed=seed)
    targets: Any = FormTargets(form)
    images = TrainingImages(dataset.split("train"), config.preprocessing, targets)
    steps = steps_per_epoch(len(images), config)
    keras.utils.set_random_seed(seed)
    model = build_network(replace(preset.network, maps=form.maps))
    optimizer = build_optimizer(config, steps_per_epoch=steps)
    optimizer.build(model.trainable_variables)
    base = losses.LOSSES[config.loss]

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def step(crops: Any, truth: Any) -> Any:
        with tf.GradientTape() as tape:
            output = model(crops, training=True)
            loss = base(truth[..., :1], output[..., :1]) + form.loss(truth, output)
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
        )
        return loss

    for epoch in range(epochs):
        found = [float(step(*each)) for each in epoch_dataset(images, config, epoch)]
        print(f"  epoch {epoch + 1}/{epochs}  loss {np.mean(found):.3f}", end="\r", flush=True)
    again = itertools.islice(batches(images, config, epochs), BATCHES)
    StatisticsMeter(model).measure(crops for crops, _ in again)
    run = tf.function(lambda batch: model(batch, training=False), reduce_retracing=True)
    return lambda batch: np.asarray(run(tf.constant(batch))[0])


def judge(
    form: Form, predict: Callable[[Any], Maps], dataset: SegmentationDataset
) -> Iterator[dict[str, Any]]:
    """The figures at each threshold, on the validation images, whose size the network must take."""
    answers = []
    for sample in dataset.split("val"):
        image, truth = sample.read()
        answers.append((predict(image[None, :, :, None].astype(np.float32) / 255), truth.labels))
    for threshold in form.thresholds:
        counts = [
            match_cells(true, form.cells(output, threshold), min_area=MIN_AREA).counts
            for output, true in answers
        ]
        total = sum(counts, NO_CELLS)
        yield {"threshold": threshold, **figures(total)}


def figures(total: CellCounts) -> dict[str, float]:
    return {
        "f1": total.f1, "ap": total.ap, "panoptic_quality": total.panoptic_quality or 0.0,
        "count_error": total.found / max(total.true, 1) - 1,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, nargs="+", help="data sets with labels, in tiles of one size")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="where the results go, and are gone on with")
    chosen = parser.parse_args()
    results = json.loads(chosen.out.read_text()) if chosen.out.exists() else {}
    for root in chosen.data:
        dataset = open_dataset(root)
        for name, form in forms_of(dataset).items():
            key = f"{dataset.name} {name} {chosen.epochs} epochs seed {chosen.seed}"
            if key not in results:
                start = time.monotonic()
                predict = train(form, dataset, epochs=chosen.epochs, seed=chosen.seed)
                results[key] = {
                    "seconds": time.monotonic() - start, "thresholds": list(judge(form, predict, dataset)),
                }  # fmt: skip
                files.write_json(chosen.out, results)
            best = max(results[key]["thresholds"], key=lambda each: each["f1"])
            print(
                f"{key}: F1 {best['f1']:.3f}  AP {best['ap']:.3f}  PQ {best['panoptic_quality']:.3f}  count "
                f"{best['count_error']:+.1%}  (threshold {best['threshold']:g})"
            )


if __name__ == "__main__":
    main()
