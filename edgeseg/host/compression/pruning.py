"""Magnitude pruning while training goes on (Zhu and Gupta 2017, arXiv 1710.01878), as in the paper.

The schedule is tfmot's. The masks are not: its `PruneLowMagnitude` wrapper counts every pass with
`training=True` as a step and prunes in it, also those in which BatchNorm statistics are measured; its
masks live in variables of the wrapper, and its assertions keep XLA out. Here the zeros are the mask, so
that a checkpoint of the weights is a checkpoint of the pruning; and which weights go is decided over all
kernels together (`SCORES`).
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.host.compression.derive import Job, fine_tuned
from edgeseg.host.compression.distillation import taught_copy
from edgeseg.host.training.keras import keras, tf
from edgeseg.host.training.pipeline import TrainingImages
from edgeseg.host.training.run_folder import RunFolder
from edgeseg.host.training.trainee import Trainee
from edgeseg.model.fine_tuning import PruningOptions

Values = npt.NDArray[np.floating[Any]]

#: A pruning phase has at least so many prunings: the paper's hundred steps between two are too many for
#: a short run.
LEAST_PRUNINGS = 10


def prune(job: Job, options: PruningOptions) -> RunFolder:
    """Prune a trained run, or go on with that; what is finished is left alone.

    Args:
        job: from which run, on what.
        options: how.

    Returns:
        The run `variants/pruned`; its best epoch has the sparsity asked for.

    Raises:
        TrainingError: as `fine_tuned`.
    """
    return fine_tuned(job, options, partial(_pruned, job.parent, options))


def _pruned(
    parent: RunFolder, options: PruningOptions, run: RunFolder, images: TrainingImages, steps: int
) -> Trainee:
    trainee = taught_copy(parent, options.teacher, run, images, steps)
    schedule = build_schedule(options, steps=steps * options.epochs)
    pruning = MagnitudePruning(kernels(trainee.model), schedule, SCORES[options.allocation])
    return replace(trainee, callbacks=[pruning], keep_from=schedule.end_step)


def build_schedule(options: PruningOptions, *, steps: int) -> Any:
    """The sparsity by step, from the shares of the training that `options` state.

    Args:
        options: sparsities, begin, end and frequency; prunings are more frequent where otherwise there
            would be fewer than `LEAST_PRUNINGS`.
        steps: of the whole training.

    Returns:
        tfmot's `PolynomialDecay` (cubic); its last pruning falls on its end step.
    """
    # Not above: it takes the Keras that `training.keras` has chosen, and only after that.
    import tensorflow_model_optimization as tfmot

    begin = int(options.begin * steps)
    span = max(int(options.end * steps) - begin, 1)
    frequency = min(options.frequency, max(span // LEAST_PRUNINGS, 1))
    return tfmot.sparsity.keras.PolynomialDecay(
        initial_sparsity=options.initial_sparsity,
        final_sparsity=options.sparsity,
        begin_step=begin,
        end_step=begin + span // frequency * frequency,
        frequency=frequency,
    )


def convolutions(model: Any) -> list[Any]:
    """The layers with a kernel, plain and transposed (a Conv2DTranspose is a Conv2D)."""
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


def kernels(model: Any) -> list[Any]:
    """The kernels of all convolutions, as variables."""
    return [layer.kernel for layer in convolutions(model)]


def lamp(values: Values) -> Values:
    """Each weight's share in the energy that would be lost if all smaller ones of its kernel were gone too.

    The layer-adaptive score of Lee et al. 2021 (arXiv 2010.07611): the square over the sum of the squares
    that are not smaller. The largest weight of any kernel scores 1, so that no kernel dies, and the scale of
    a kernel, which BatchNorm undoes, does not count.

    Args:
        values: of one kernel, any shape.

    Returns:
        0 to 1 for each, float64, of the same shape.
    """
    squares = np.square(values.ravel(), dtype=np.float64)
    order = np.argsort(squares)
    scores = np.empty_like(squares)
    rest = np.cumsum(squares[order][::-1])[::-1]
    scores[order] = squares[order] / np.maximum(rest, np.finfo(np.float64).tiny)
    return scores.reshape(values.shape)


def uniform(values: Values) -> Values:
    """The rank by magnitude within its kernel, 0 to 1: every kernel becomes equally sparse."""
    ranks = np.empty(values.size)
    ranks[np.argsort(np.abs(values).ravel())] = (np.arange(values.size) + 0.5) / values.size
    return ranks.reshape(values.shape)


#: By `PruningOptions.allocation`: what weights of different kernels are compared by.
SCORES: Mapping[str, Callable[[Values], Values]] = types.MappingProxyType({"lamp": lamp, "uniform": uniform})


class MagnitudePruning(keras.callbacks.Callback):
    """Sets the weights of the lowest scores to zero, and keeps them there.

    Whenever a pruning is due, weights that were zero compete again with what one step made of them, as
    with tfmot. The masks are found again from the zeros at the beginning of each epoch.
    """

    def __init__(self, kernels: Sequence[Any], schedule: Any, score: Callable[[Values], Values]) -> None:
        """Prune variables of the model that this is a callback of.

        Args:
            kernels: variables.
            schedule: of tfmot: step -> whether a pruning is due, and the sparsity over all kernels.
            score: of `SCORES`.
        """
        super().__init__()
        self._kernels, self._schedule, self._score = kernels, schedule, score
        self._masks: list[Any] = []

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002  Keras' signature
        """Find the masks that the kernels carry."""
        started = int(self.model.optimizer.iterations.numpy()) >= self._schedule.begin_step
        self._masks = [
            tf.not_equal(kernel, 0) if started else tf.ones_like(kernel, tf.bool) for kernel in self._kernels
        ]

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Prune if that is due after so many steps, and set to zero what the optimizer moved."""
        due, sparsity = self._schedule(int(self.model.optimizer.iterations.numpy()))
        if due:
            scores = [self._score(kernel.numpy()) for kernel in self._kernels]
            self._masks = [tf.constant(mask) for mask in highest(scores, 1 - float(sparsity))]
        for kernel, mask in zip(self._kernels, self._masks, strict=True):
            # Not a product: that would leave negative zeros, which are other bytes than zeros.
            kernel.assign(tf.where(mask, kernel, 0.0))


def highest(scores: Sequence[Values], share: float) -> list[npt.NDArray[np.bool_]]:
    """Which scores are the highest of all.

    Args:
        scores: arrays of any shapes.
        share: of their values to take, 0 to 1; the number is rounded down.

    Returns:
        A mask for each array, of its shape; of equal values any may be taken, so that the number is exact.
    """
    every = np.concatenate([each.ravel() for each in scores])
    dropped = every.size - int(every.size * share)
    mask = np.ones(every.size, bool)
    mask[np.argpartition(every, dropped - 1)[:dropped]] = False
    parts = np.split(mask, np.cumsum([each.size for each in scores])[:-1])
    return [part.reshape(each.shape) for part, each in zip(parts, scores, strict=True)]
