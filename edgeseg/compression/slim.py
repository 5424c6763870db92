"""Structured pruning: whole channels go, and the network that remains is a smaller dense one.

It computes less on every machine and with every runtime, where single zeros among the weights do not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

from edgeseg.architecture import (
    LOGITS,
    channel_macs,
    convolutions,
    count_macs,
    count_parameters,
    layer_widths,
)
from edgeseg.compression.channels import Scores, both_signs, choose_widths, kept_channels
from edgeseg.compression.derive import fine_tuned
from edgeseg.compression.distillation import distilled, with_answers
from edgeseg.compression.importance import channel_importance
from edgeseg.compression.surgery import carry_over
from edgeseg.config import UNetConfig
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import ConfigError
from edgeseg.fine_tuning import SlimOptions
from edgeseg.progress import Progress, silent
from edgeseg.training.losses import LOSSES
from edgeseg.training.model_files import load_best
from edgeseg.training.pipeline import TrainingImages, batches
from edgeseg.training.run_folder import RunFolder
from edgeseg.training.trainee import Trainee, from_scratch

#: Share of the multiply-accumulates that is kept where no limit is given.
DEFAULT_KEEP = 0.2

#: Training batches that the importance of channels is measured on.
IMPORTANCE_BATCHES = 16

#: A float32 file is at most this much larger than its weights for each convolution: 590 to 720 were measured.
FILE_OVERHEAD_BYTES = 800


def slim_run(
    parent: RunFolder,
    dataset: SegmentationDataset,
    options: SlimOptions,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> RunFolder:
    """Make a narrower network of a trained run and fine-tune it, or go on with that.

    Args:
        parent: the run; its best model is what channels are removed from, and the teacher.
        dataset: that it was trained on.
        options: how narrow, and how to fine-tune.
        force: begin again where the settings changed since.
        progress: told after every step.

    Returns:
        The finished run `variants/slim`, whose network has `widths`.

    Raises:
        ConfigError: no network is as small as the limits ask for.
        TrainingError: the parent has no finished epoch, or as `fine_tuned`.
    """
    images = TrainingImages(dataset.split("train"), parent.training.preprocessing)
    return fine_tuned(
        parent,
        "slim",
        dataset,
        options,
        partial(slimmed, parent, options.teacher),
        network=lambda: slim_network(importance(parent, load_best(parent), images), parent.network, options),
        force=force,
        progress=progress,
    )


def importance(parent: RunFolder, model: Any, images: TrainingImages) -> Scores:
    """How much each channel of a run's best model matters, on the first batches of its training.

    Args:
        parent: the run.
        model: its best model.
        images: of its training split.
    """
    some = islice(batches(images, parent.training, 0), IMPORTANCE_BATCHES)
    matter = channel_importance(model, parent.network, LOSSES[parent.training.loss], some)
    last = next(reversed(matter))
    weights = model.get_layer(LOGITS).get_weights()[0].ravel()
    return {**matter, last: both_signs(matter[last], weights)}


def slim_network(matter: Scores, network: UNetConfig, options: SlimOptions) -> UNetConfig:
    """The widest network that keeps within the limits, made of the channels that matter most.

    Args:
        matter: the importance of each channel.
        network: what to narrow.
        options: the limits.

    Raises:
        ConfigError: no network is as small as that, or the whole network is.
    """
    chosen = choose_widths(
        matter, channel_macs(network), lambda widths: _within(_narrowed(network, widths), network, options)
    )
    narrow = _narrowed(network, chosen)
    if layer_widths(narrow) == layer_widths(network):
        raise ConfigError(
            f"nothing to remove: {network.name} with its {count_macs(network):,} multiply-accumulates is "
            "within the limits; set a lower slim.keep, slim.target_macs or slim.target_bytes"
        )
    return narrow


def _narrowed(network: UNetConfig, widths: Mapping[str, int]) -> UNetConfig:
    return replace(network, widths=tuple(widths.values()))


def _within(narrow: UNetConfig, network: UNetConfig, options: SlimOptions) -> bool:
    given = options.keep or options.target_macs or options.target_bytes
    share = (options.keep or 1) if given else DEFAULT_KEEP
    most_macs = min(share * count_macs(network), options.target_macs or math.inf)
    return count_macs(narrow) <= most_macs and file_bytes(narrow) <= (options.target_bytes or math.inf)


def file_bytes(network: UNetConfig) -> int:
    """How large the float32 file of a network becomes, an estimate that errs upwards by a few kB."""
    overhead = FILE_OVERHEAD_BYTES * len(convolutions(network.levels, network.decoder))
    return 4 * count_parameters(network) + overhead


def slimmed(parent: RunFolder, teacher: float, run: RunFolder, images: TrainingImages, steps: int) -> Trainee:
    """The method: the parent's network with the channels that matter most, taught by the parent.

    Args:
        parent: with a best model.
        teacher: weight of the teacher's answer in the loss, 0 to 1.
        run: whose network says how many channels each layer has.
        images: of training.
        steps: an epoch.
    """
    trainee = from_scratch(run, images, steps)
    model = load_best(parent)
    kept = kept_channels(importance(parent, model, images), layer_widths(run.network))
    carry_over(model, trainee.model, parent.network, kept)
    if not teacher:
        return trainee
    return replace(trainee, loss=distilled(trainee.loss, teacher), targets=with_answers(model))
