"""Quantization-aware fine-tuning: a trained network learns to live with the rounding of its int8 file.

BatchNorm is folded first, the ranges of the activations are measured on training images, and then the
rounded network is trained on with a low learning rate. Each epoch is judged by the file that it would
become: converted, run by the runtime, and compared with the rounded Keras model on the way. So is the
network before the first step, which is about what `int8-ptq` holds: where the steps only do harm, it is
the one that is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgeseg.data.calibration import draw_calibration, window
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import TrainingError
from edgeseg.host.compression.derive import Job, fine_tuned
from edgeseg.host.compression.distillation import distilled, with_answers
from edgeseg.host.compression.fake_quantization import (
    Ranges,
    copy_weights,
    fake_quantize,
    freeze,
    measure_ranges,
)
from edgeseg.host.compression.folding import fold_batch_norm
from edgeseg.host.training.evaluate import predictor
from edgeseg.host.training.model_files import load_best, save_model
from edgeseg.host.training.pipeline import TrainingImages
from edgeseg.host.training.run_folder import RunFolder, read_record, update_record
from edgeseg.host.training.tasks.registry import task_of
from edgeseg.host.training.trainee import Trainee, loss_of_run
from edgeseg.model.artifact import Artifact
from edgeseg.model.encoding import MaskDecoder
from edgeseg.model.fine_tuning import QatOptions
from edgeseg.model.interface import Interface
from edgeseg.model.segmenter import Segmenter
from edgeseg.prediction.tiling import segment_maps

#: Makes a file of a model from `freeze`.
Convert = Callable[[Any], bytes]

#: Validation images on which file and Keras model are compared after each epoch, at most.
WATCHED = 40


def fine_tune(job: Job, options: QatOptions, convert: Convert) -> RunFolder:
    """Fine-tune a trained run, or go on with that; what is finished is left alone.

    Args:
        job: from which run, on what; zeros in its weights stay zero, so a pruned one keeps its sparsity.
        options: how.
        convert: makes the file by which an epoch is judged.

    Returns:
        The run `variants/int8-qat`. Its best model is the folded float network of the epoch whose *file* was
        best on validation; `exportable` makes of it what is converted.

    Raises:
        TrainingError: as `fine_tuned`.
    """
    return fine_tuned(
        job,
        options,
        lambda run, _images, steps: _trainee(run, job.parent, job.dataset, options, convert, steps=steps),
        # There is no fake quantization of float16 tensors; XLA was not tried.
        training={"mixed_precision": False, "xla": False},
    )


def exportable(run: RunFolder) -> Any:
    """The best epoch's network, ready to be converted: static shape, kernels and activations rounded.

    Raises:
        TrainingError: the run is no quantization-aware one, or has not begun.
    """
    ranges = read_record(run).ranges
    if ranges is None:
        raise TrainingError(f"{run.path} holds no ranges to round on; fine-tune it again with --force")
    return freeze(load_best(run), run.network, ranges)


def _trainee(
    run: RunFolder,
    parent: RunFolder,
    dataset: SegmentationDataset,
    options: QatOptions,
    convert: Convert,
    *,
    steps: int,
) -> Trainee:
    teacher = load_best(parent)
    folded = fold_batch_norm(teacher, run.network)
    ranges = read_record(run).ranges or _measure(run, folded, dataset)
    model = fake_quantize(folded, run.network, ranges)

    def judge(images: TrainingImages) -> Mapping[str, float]:
        copy_weights(model, folded)
        exported = freeze(folded, run.network, ranges)
        artifact = Artifact(path=Path(run.path.name), data=convert(exported), interface=run.interface)
        segmenter = Segmenter(artifact)
        epoch = int(model.optimizer.iterations.numpy()) // steps
        _note_agreement(run, epoch, _agreement(exported, run.interface, segmenter, images))
        pairs = (images[index] for index in range(len(images)))
        answers = ((truth, segment_maps(image, segmenter)) for image, truth in pairs)
        return task_of(run.interface).judge(answers, segmenter.interface)

    def save(path: Path) -> None:
        copy_weights(model, folded)
        save_model(folded, path)

    return Trainee(
        model=model,
        loss=distilled(loss_of_run(run), options.teacher),
        settle=lambda _images: None,  # no statistics: BatchNorm is folded and the ranges are fixed
        judge=judge,
        save=save,
        targets=with_answers(teacher),
        keep_start=True,
    )


def _measure(run: RunFolder, folded: Any, dataset: SegmentationDataset) -> Ranges:
    """Measure the ranges and keep them in run.json, so that a resumed run has the same."""
    drawn = draw_calibration(
        dataset, run.training.preprocessing, size=run.network.input_size, seed=run.training.seed
    )
    ranges = measure_ranges(folded, run.network, drawn.images)
    update_record(run, ranges=ranges)
    return ranges


def _note_agreement(run: RunFolder, epoch: int, share: float) -> None:
    update_record(run, agreement={**(read_record(run).agreement or {}), str(epoch): share})


def _agreement(exported: Any, interface: Interface, segmenter: Segmenter, images: TrainingImages) -> float:
    """Share of mask pixels on which the file and its Keras model agree, on windows of validation images."""
    predict, decoder = predictor(exported), MaskDecoder(interface)
    shares = []
    for index in range(min(WATCHED, len(images))):
        tile = window(images[index][0], segmenter.shape[0], np.random.default_rng(index))
        shares.append(np.mean(segmenter.mask(tile) == decoder.mask(predict(tile))))
    return float(np.mean(shares))
