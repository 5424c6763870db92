"""What a task is: what a network learns, and how it is judged while it learns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Help texts name the tasks: they wait for neither numpy nor TensorFlow.
    import numpy as np
    import numpy.typing as npt

    from edgeseg.data.dataset import SegmentationDataset
    from edgeseg.data.truth import TruthKind
    from edgeseg.host.training.losses import Loss
    from edgeseg.model.encoding import Maps
    from edgeseg.model.interface import Decoder, DecoderKind, Interface, MapTensor

    #: `(H, W)`: a mask as bool, or labels as int32; 0 is background in both.
    TruthPixels = npt.NDArray[Any]

    #: The truth of each image, and what a network answered.
    Answers = Iterable[tuple[TruthPixels, Maps]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task.

    Attributes:
        name: on the command line.
        about: what its networks find, in a line.
        decoder: how its maps become a result. It tells the task of a run, so no two tasks share one.
        truth: what it learns from: `masks`, which every data set gives, or `labels`.
        figures: what judging tells, each from 0 to 1; the first one decides which epoch is kept.
        describe: the maps of a network that is trained on a data set, in order, and their decoder.
        target: from the truth of a crop (a mask or labels, as `truth` says) to what the maps are to be there,
            `(H, W, maps)` float32, 0 to 1.
        loss: given the interface of the network, and one of `networks.training.LOSSES` for its probabilities.
        judge: the figures by name, from answers on the validation images and the interface of the network
            that gave them.
        settle: the interface of the network that is kept, from its own and its figures: where its decoder has
            a setting that judging chose.
    """

    name: str
    about: str
    decoder: DecoderKind
    truth: TruthKind
    figures: tuple[str, ...]
    describe: Callable[[SegmentationDataset], tuple[tuple[MapTensor, ...], Decoder]]
    target: Callable[[TruthPixels, Interface], npt.NDArray[np.float32]]
    loss: Callable[[Interface, str], Loss]
    judge: Callable[[Answers, Interface], Mapping[str, float]]
    settle: Callable[[Interface, Mapping[str, float]], Interface] = lambda interface, _figures: interface
