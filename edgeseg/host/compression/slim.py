"""Structured pruning: whole channels go, and the network that remains is a smaller dense one.

It computes less on every machine and with every runtime, where single zeros among the weights do not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import ConfigError, TrainingError
from edgeseg.host.compression.channels import Scores, both_signs, choose_widths, kept_channels
from edgeseg.host.compression.derive import fine_tuned
from edgeseg.host.compression.distillation import taught_by
from edgeseg.host.compression.importance import channel_importance
from edgeseg.host.compression.surgery import carry_over
from edgeseg.host.training.losses import LOSSES
from edgeseg.host.training.model_files import load_best
from edgeseg.host.training.pipeline import TrainingImages, batches
from edgeseg.host.training.run_folder import RunFolder, open_run
from edgeseg.host.training.trainee import Trainee, from_scratch
from edgeseg.model.fine_tuning import SlimOptions
from edgeseg.networks.architecture import (
    LOGITS,
    channel_macs,
    convolutions,
    count_macs,
    count_parameters,
    layer_widths,
)
from edgeseg.networks.unet import UNetConfig
from edgeseg.progress import Progress, silent

#: The time of a network's float32 file over that of the network that it is made of.
Latency = Callable[[UNetConfig], float]

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
    latency: Latency | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> RunFolder:
    """Make a narrower network of a trained run and fine-tune it, or go on with that.

    Args:
        parent: the run; its best model is what channels are removed from, and the teacher.
        dataset: that it was trained on.
        options: how narrow, and how to fine-tune.
        latency: measures a network; needed where `options` limit it.
        force: begin again where the settings changed since.
        progress: told after every step.

    Returns:
        The finished run `variants/slim`, whose network has `widths`.

    Raises:
        ConfigError: no network is as small as the limits ask for.
        TrainingError: the parent has no finished epoch, the teacher does not fit, or as `fine_tuned`.
    """
    teacher = _teacher(parent, options)
    images = TrainingImages(dataset.split("train"), parent.training.preprocessing)
    return fine_tuned(
        parent,
        dataset,
        options,
        partial(slimmed, parent=parent, teacher=teacher, weight=options.teacher),
        network=lambda: slim_network(
            importance(parent, load_best(parent), images), parent.network, options, latency
        ),
        force=force,
        progress=progress,
    )


def _teacher(parent: RunFolder, options: SlimOptions) -> RunFolder:
    """The run that teaches: it must have seen the same images, prepared in the same way."""
    if not options.teacher_run:
        return parent
    teacher = open_run(Path(options.teacher_run))
    if not teacher.best_model.exists():
        raise TrainingError(f"the teacher {teacher.path} holds no finished epoch yet; train it first")
    pairs = {
        "on other images": (teacher.dataset.digest, parent.dataset.digest),
        "with another preprocessing": (teacher.training.preprocessing, parent.training.preprocessing),
    }
    for how, (its, ours) in pairs.items():
        if its != ours:
            raise TrainingError(f"the teacher {teacher.path} was trained {how} than {parent.path}")
    return teacher


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


def slim_network(
    matter: Scores, network: UNetConfig, options: SlimOptions, latency: Latency | None = None
) -> UNetConfig:
    """The widest network that keeps within the limits, made of the channels that matter most.

    Args:
        matter: the importance of each channel.
        network: what to narrow.
        options: the limits.
        latency: measures a network; needed where they limit it.

    Raises:
        ConfigError: no network is as small as that, or the whole network is.
    """

    def fits(widths: Mapping[str, int]) -> bool:
        narrow = _narrowed(network, widths)
        if not _within(narrow, network, options):
            return False
        return latency is None or not options.target_latency or latency(narrow) <= options.target_latency

    chosen = choose_widths(matter, channel_macs(network), fits)
    narrow = _narrowed(network, chosen)
    if layer_widths(narrow) == layer_widths(network):
        raise ConfigError(
            f"nothing to remove: {network.name} with its {count_macs(network):,} multiply-accumulates is "
            "within the limits; set a lower slim.keep, or another target"
        )
    return narrow


def _narrowed(network: UNetConfig, widths: Mapping[str, int]) -> UNetConfig:
    return replace(network, widths=tuple(widths.values()))


def _within(narrow: UNetConfig, network: UNetConfig, options: SlimOptions) -> bool:
    given = options.keep or options.target_macs or options.target_bytes or options.target_latency
    share = (options.keep or 1) if given else DEFAULT_KEEP
    most_macs = min(share * count_macs(network), options.target_macs or math.inf)
    return count_macs(narrow) <= most_macs and file_bytes(narrow) <= (options.target_bytes or math.inf)


def file_bytes(network: UNetConfig) -> int:
    """How large the float32 file of a network becomes, an estimate that errs upwards by a few kB."""
    overhead = FILE_OVERHEAD_BYTES * len(convolutions(network.levels, network.decoder))
    return 4 * count_parameters(network) + overhead


def slimmed(
    run: RunFolder,
    images: TrainingImages,
    steps: int,
    *,
    parent: RunFolder,
    teacher: RunFolder,
    weight: float,
) -> Trainee:
    """The method: the parent's network with the channels that matter most, taught by the float run.

    Args:
        run: whose network says how many channels each layer has.
        images: of training.
        steps: an epoch.
        parent: with a best model.
        teacher: with a best model; the parent, or another.
        weight: of the teacher's answer in the loss, 0 to 1.
    """
    trainee = from_scratch(run, images, steps)
    model = load_best(parent)
    kept = kept_channels(importance(parent, model, images), layer_widths(run.network))
    carry_over(model, trainee.model, parent.network, kept)
    return taught_by(load_best(teacher), weight, trainee)
