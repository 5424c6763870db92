"""Structured pruning: whole channels go, and the network that remains is a smaller dense one.

It computes less on every machine and with every runtime, where single zeros among the weights do not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from edgeseg.errors import ConfigError, TrainingError
from edgeseg.host.compression.channels import Array, Scores, both_signs, choose_widths, kept_channels
from edgeseg.host.compression.derive import Job, fine_tuned
from edgeseg.host.compression.distillation import taught_by
from edgeseg.host.compression.importance import channel_importance
from edgeseg.host.compression.surgery import carry_over
from edgeseg.host.training.model_files import load_best
from edgeseg.host.training.pipeline import TrainingImages, batches
from edgeseg.host.training.run_folder import RunFolder, open_run
from edgeseg.host.training.targets import Targets
from edgeseg.host.training.trainee import Trainee, from_scratch, loss_of_run
from edgeseg.model.fine_tuning import SlimOptions
from edgeseg.model.interface import Meaning
from edgeseg.networks import costs
from edgeseg.networks.layers import convolutions, cuttable, sources
from edgeseg.networks.network import Network

#: The time of a network's float32 file over that of the network that it is made of.
Latency = Callable[[Network], float]

#: Share of the multiply-accumulates that is kept where no limit is given.
DEFAULT_KEEP = 0.2

#: Training batches that the importance of channels is measured on.
IMPORTANCE_BATCHES = 16


def slim_run(job: Job, options: SlimOptions, *, latency: Latency | None = None) -> RunFolder:
    """Make a narrower network of a trained run and fine-tune it, or go on with that.

    Args:
        job: from which run, on what; its best model is what channels are removed from, and the teacher.
        options: how narrow, and how to fine-tune.
        latency: measures a network; needed where `options` limit it.

    Returns:
        The finished run `variants/slim`, whose network has `widths`.

    Raises:
        ConfigError: no network is as small as the limits ask for.
        TrainingError: the teacher does not fit, or as `fine_tuned`.
    """
    parent, teacher = job.parent, _teacher(job.parent, options)
    images = TrainingImages(
        job.dataset.split("train"), parent.training.preprocessing, Targets(parent.interface)
    )
    return fine_tuned(
        job,
        options,
        partial(slimmed, parent=parent, teacher=teacher, weight=options.teacher),
        network=lambda: slim_network(
            importance(parent, load_best(parent), images), parent.network, options, latency
        ),
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
        "for another kind of image": (teacher.network.channels, parent.network.channels),
        "for other maps": (_meanings(teacher), _meanings(parent)),
        "with another preprocessing": (teacher.training.preprocessing, parent.training.preprocessing),
    }
    for how, (its, ours) in pairs.items():
        if its != ours:
            raise TrainingError(f"the teacher {teacher.path} was trained {how} than {parent.path}")
    crop, multiple = parent.training.crop_size, teacher.network.multiple
    if crop % multiple:
        raise TrainingError(
            f"the teacher {teacher.path} takes images whose sides are divisible by {multiple}, but "
            f"{parent.path} is trained on crops of {crop}; choose another teacher"
        )
    return teacher


def _meanings(run: RunFolder) -> list[Meaning]:
    return [each.meaning for each in run.interface.maps]


def importance(parent: RunFolder, model: Any, images: TrainingImages) -> Scores:
    """How much each channel of a run's best model matters, on the first batches of its training.

    Args:
        parent: the run.
        model: its best model.
        images: of its training split.
    """
    some = islice(batches(images, parent.training, 0), IMPORTANCE_BATCHES)
    matter = channel_importance(model, parent.network, loss_of_run(parent), some)
    return matter | dict(_with_both_signs(model, parent.network, matter))


def _with_both_signs(model: Any, network: Network, matter: Scores) -> Iterator[tuple[str, Array]]:
    """The layers that the logits read, each with the importance of its channels by `both_signs`."""
    read, cut = sources(network.layers, network.channels), cuttable(network.layers)
    for each in (each for each in convolutions(network.layers) if each not in cut):
        weights = model.get_layer(each.kernel_layer).get_weights()[0].sum(axis=(0, 1))
        # A map's logits are those of all pixels that one position becomes; what they have in common counts.
        by_map = weights.reshape(len(weights), -1, network.maps).sum(axis=1)
        offset = 0
        for source in read[each.inputs[0]]:
            if source.layer in matter:
                part = by_map[offset : offset + source.channels]
                yield source.layer, both_signs(matter[source.layer], part)
            offset += source.channels


def slim_network(
    matter: Scores, network: Network, options: SlimOptions, latency: Latency | None = None
) -> Network:
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

    chosen = choose_widths(matter, costs.channel_macs(network.layers, network.image), fits)
    narrow = _narrowed(network, chosen)
    if narrow.layers == network.layers:
        raise ConfigError(
            f"nothing to remove: {network.name} with its {network.macs:,} multiply-accumulates is "
            "within the limits; set a lower slim.keep, or another target"
        )
    return narrow


def _narrowed(network: Network, widths: Mapping[str, int]) -> Network:
    return replace(network, widths=tuple(widths.values()))


def _within(narrow: Network, network: Network, options: SlimOptions) -> bool:
    given = options.keep or options.target_macs or options.target_bytes or options.target_latency
    share = (options.keep or 1) if given else DEFAULT_KEEP
    most_macs = min(share * network.macs, options.target_macs or math.inf)
    return narrow.macs <= most_macs and narrow.file_bytes <= (options.target_bytes or math.inf)


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
    widths = {each.name: each.channels for each in convolutions(run.network.layers)}
    kept = kept_channels(importance(parent, model, images), widths)
    carry_over(model, trainee.model, parent.network, kept)
    return taught_by(load_best(teacher), weight, trainee)
