"""Learning from a teacher as well as from the truth.

The teacher, the larger float network, answers for the very crops that the student sees, augmentation
included, and the student's loss adds the cross-entropy with those answers. Sources: Hinton et al. 2015,
"Distilling the knowledge in a neural network", arXiv 1503.02531; Beyer et al. 2022, "Knowledge
distillation: a good teacher is patient and consistent", arXiv 2106.05237.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from edgeseg.host.training.keras import tf
from edgeseg.host.training.losses import Loss, bce
from edgeseg.host.training.model_files import load_best
from edgeseg.host.training.pipeline import Batch, TrainingImages
from edgeseg.host.training.run_folder import RunFolder
from edgeseg.host.training.trainee import Trainee, from_scratch


def with_answers(teacher: Any) -> Callable[[Batch], Batch]:
    """Adds the teacher's answer to a batch's targets.

    Args:
        teacher: a Keras model, `(N, H, W, channels)` -> `(N, H, W, maps)`, 0 to 1.

    Returns:
        A function of images and targets `(N, H, W, maps)` that gives the images and `(N, H, W, 2 * maps)`:
        the targets, and the teacher's maps.
    """
    run = tf.function(lambda images: teacher(images, training=False), reduce_retracing=True)

    def add(batch: Batch) -> Batch:
        images, targets = batch
        return images, np.concatenate([targets, run(tf.constant(images)).numpy()], axis=-1)

    return add


def distilled(loss: Loss, weight: float) -> Loss:
    """A loss on targets from `with_answers`.

    Args:
        loss: of targets and output.
        weight: of the cross-entropy with the teacher's answer, 0 to 1; the rest is `loss`'s.
    """

    def both(targets: Any, output: Any) -> Any:
        maps = output.shape[-1]
        truth, answer = targets[..., :maps], targets[..., maps:]
        return (1 - weight) * loss(truth, output) + weight * bce(answer, output)

    return both


def taught_by(teacher: Any, weight: float, trainee: Trainee) -> Trainee:
    """A trainee that learns from `teacher` too, by `weight` of its loss; with a weight of 0 as it was."""
    if not weight:
        return trainee
    return replace(trainee, loss=distilled(trainee.loss, weight), targets=with_answers(teacher))


def taught_copy(
    parent: RunFolder, weight: float, run: RunFolder, images: TrainingImages, steps: int
) -> Trainee:
    """The network of a trained run, trained on and taught by what it was.

    Args:
        parent: the trained run.
        weight: as for `taught_by`.
        run: that is trained.
        images: of its training.
        steps: an epoch.
    """
    trainee, teacher = from_scratch(run, images, steps), load_best(parent)
    trainee.model.set_weights(teacher.get_weights())
    return taught_by(teacher, weight, trainee)
