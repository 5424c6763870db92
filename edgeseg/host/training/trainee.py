"""What is trained, and how it is judged and kept: the part that differs from one way of training to another.

`fit` runs the epochs; a *method* (training from scratch here, others in `edgeseg.host.compression`) makes the
`Trainee` for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgeseg.host.training.batch_norm import StatisticsMeter
from edgeseg.host.training.build import build_network
from edgeseg.host.training.evaluate import judge_of
from edgeseg.host.training.losses import Loss
from edgeseg.host.training.model_files import save_model
from edgeseg.host.training.pipeline import Batch, TrainingImages
from edgeseg.host.training.run_folder import RunFolder
from edgeseg.host.training.tasks.registry import task_of
from edgeseg.model.interface import Interface, Meaning
from edgeseg.networks.layers import LOGITS

Images = Any

#: The height of the centre map that a new network gives on average.
_CENTRE_PRIOR = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Trainee:
    """A model in training.

    Attributes:
        model: a Keras model, not compiled, with the weights to start from.
        loss: of targets and output.
        settle: called before each validation with images of training batches, `(N, H, W, channels)` float32:
            what the model must learn about the data with its weights held still.
        judge: the figures of the run's task on the validation images: what decides which epoch is kept.
        save: keeps the model as it now is at a path, atomically.
        targets: what the loss is given instead of a batch's targets, from that batch; they stay the first
            channels.
        callbacks: of Keras, for the training steps.
        keep_from: steps after which an epoch may be kept as the best: before, the model is not yet of the
            kind that is asked for.
        keep_start: whether the model may also be kept as it is before the first step, as epoch 0.
    """

    model: Any
    loss: Loss
    settle: Callable[[Iterable[Images]], None]
    judge: Callable[[TrainingImages], Mapping[str, float]]
    save: Callable[[Path], None]
    targets: Callable[[Batch], Batch] = field(default=lambda batch: batch)
    callbacks: Sequence[Any] = ()
    keep_from: int = 0
    keep_start: bool = False


#: Makes the trainee of a run, from its training images and the number of steps an epoch.
Method = Callable[[RunFolder, TrainingImages, int], Trainee]


def loss_of_run(run: RunFolder) -> Loss:
    """The loss that a run's network is trained on."""
    return task_of(run.interface).loss(run.interface, run.training.loss)


def expect_rare_centres(model: Any, interface: Interface) -> None:
    """Let a new network say of every pixel that it is most likely far from a centre, as it is.

    Without that, the first steps go into teaching it so, and a small network may unlearn everything else on
    the way. As the prior of RetinaNet (Lin et al. 2017, doi 10.1109/ICCV.2017.324).

    Args:
        model: from `build_network`, with fresh weights.
        interface: of the network.
    """
    layer = model.get_layer(LOGITS)
    kernel, bias = layer.get_weights()
    for number in interface.of(Meaning.CENTRE):
        # Depth to space takes the maps of one pixel after those of another.
        bias[number :: len(interface.maps)] = math.log(_CENTRE_PRIOR / (1 - _CENTRE_PRIOR))
    layer.set_weights([kernel, bias])


def from_scratch(run: RunFolder, _images: TrainingImages, _steps: int) -> Trainee:
    """A network with fresh weights, trained on the run's loss."""
    model = build_network(run.network)
    expect_rare_centres(model, run.interface)
    return Trainee(
        model=model,
        loss=loss_of_run(run),
        settle=StatisticsMeter(model).measure,
        judge=judge_of(model, run.interface, multiple=run.network.multiple),
        save=lambda path: save_model(model, path),
    )
