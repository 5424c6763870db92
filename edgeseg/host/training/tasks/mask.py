"""Foreground or background, for each pixel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from edgeseg.host.training.tasks.task import Task
from edgeseg.model.interface import Decoder, DecoderKind, Interface, MapTensor, foreground_maps

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from edgeseg.data.dataset import SegmentationDataset
    from edgeseg.host.training.losses import Loss
    from edgeseg.host.training.tasks.task import Answers, TruthPixels


def _describe(_dataset: SegmentationDataset) -> tuple[tuple[MapTensor, ...], Decoder]:
    return foreground_maps(), Decoder()


def _target(mask: TruthPixels, _interface: Interface) -> npt.NDArray[np.float32]:
    return mask[..., None].astype("float32")


def _loss(interface: Interface, name: str) -> Loss:
    from edgeseg.host.training.losses import loss_of

    return loss_of(interface.maps, name)


def _judge(answers: Answers, interface: Interface) -> Mapping[str, float]:
    from edgeseg.metrics import pixels
    from edgeseg.model.encoding import MaskDecoder

    decoder = MaskDecoder(interface)
    return pixels.pooled([pixels.count(mask, decoder.mask(maps)) for mask, maps in answers])


MASK = Task(
    name="mask",
    about="which pixels belong to cells",
    decoder=DecoderKind.THRESHOLD,
    truth="masks",
    figures=("dice", "iou", "precision", "recall", "accuracy"),
    describe=_describe,
    target=_target,
    loss=_loss,
    judge=_judge,
)
