"""Which pixels belong to which cell: a foreground, and of each pixel of a cell where its centre is.

Four maps: foreground, centre (a bump at one point inside each cell), and the offset to that point, in y and
x. `labels.grouping` makes cells of them. The form is that of Panoptic-DeepLab (Cheng et al. 2020, arXiv
1911.10194); sizes in pixels follow from the cells of the training images.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from edgeseg.host.training.tasks.task import Task
from edgeseg.model.interface import Centres, Decoder, DecoderKind, Interface, MapTensor, Meaning

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from edgeseg.data.dataset import SegmentationDataset
    from edgeseg.host.training.losses import Loss
    from edgeseg.host.training.tasks.task import Answers, TruthPixels

_MEANINGS = (Meaning.FOREGROUND, Meaning.CENTRE, Meaning.OFFSET_Y, Meaning.OFFSET_X)

#: The bump's standard deviation as a share of the median diameter of the training cells (of the disc of their
#: area).
BUMP_SHARE = 0.15

#: A piece of foreground without a centre is a cell from this share of the median cell's area on.
SPECK_SHARE = 0.5

#: Least heights of a centre that are tried on the validation images; of equally good ones the first is taken.
#: How high a network's bumps are depends on how sure it is where centres are, and so on the cells.
PEAKS = (0.22, 0.15, 0.3, 0.1, 0.4)

#: Offsets reach as far as this share of the training pixels needs; the others are cut to it.
REACH_SHARE = 0.995

#: As many training images as the sizes are measured on, at most.
_MEASURED = 500


def _describe(dataset: SegmentationDataset) -> tuple[tuple[MapTensor, ...], Decoder]:
    maps = [MapTensor(name=each.value, meaning=each, channel=number) for number, each in enumerate(_MEANINGS)]
    return tuple(maps), Decoder(kind=DecoderKind.CENTRES, centres=measure_centres(dataset))


def measure_centres(dataset: SegmentationDataset) -> Centres:
    """The sizes of bump and offsets that the cells of the training images ask for.

    Args:
        dataset: with label images.

    Raises:
        DatasetError: an image cannot be read, or there is no cell in any of them.
    """
    import numpy as np

    from edgeseg.errors import DatasetError

    samples = dataset.split("train")
    diameters, offsets = [np.zeros(0)], [np.zeros(0)]
    for sample in samples[:: math.ceil(len(samples) / _MEASURED)]:
        labels = sample.read()[1].labels
        _, numbers, away = offsets_to_centres(labels)
        diameters.append(np.sqrt(np.bincount(numbers)[1:] * (4 / math.pi)))
        offsets.append(np.abs(away).max(axis=0, initial=0))
    cells = np.concatenate(diameters)
    if not len(cells):
        raise DatasetError(
            f"expected cells in the training images of {dataset.root}, but all their labels are empty"
        )
    diameter = float(np.median(cells))
    return Centres(
        bump=round(max(BUMP_SHARE * diameter, 0.5), 2),
        reach=max(math.ceil(np.quantile(np.concatenate(offsets), REACH_SHARE)), 1),
        speck=round(SPECK_SHARE * diameter**2 * math.pi / 4),
    )


def offsets_to_centres(
    labels: TruthPixels,
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Where the centre of its cell is, from each pixel of a cell.

    The centre is the pixel of the cell that lies nearest to the mean of them all, and where several are
    equally near, their mean: so it turns as the image turns.

    Args:
        labels: `(H, W)` whole numbers, 0 is background.

    Returns:
        The places of the pixels of cells in the flattened image; their cells, numbered 1, 2, 3, ...; and
        `(2, pixels)` the offsets in y and x, pixels.
    """
    import numpy as np

    places = np.flatnonzero(labels)
    _, numbers = np.unique(labels.ravel()[places], return_inverse=True)
    at = np.stack(np.divmod(places, labels.shape[1])).astype(np.float64)
    count = np.bincount(numbers)

    def means(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.stack([np.bincount(numbers, each * weights) for each in at]) / np.bincount(numbers, weights)

    if not len(places):
        return places, numbers, at
    # In whole numbers (area times the distance), so that what is equally near is found to be.
    sums = np.stack([np.bincount(numbers, each) for each in at])
    apart = np.square(count[numbers] * at - sums[:, numbers]).sum(axis=0)
    nearest = np.full(len(count), np.inf)
    np.minimum.at(nearest, numbers, apart)
    centres = means((apart == nearest[numbers]).astype(np.float64))
    return places, numbers + 1, centres[:, numbers] - at


def _target(labels: TruthPixels, interface: Interface) -> npt.NDArray[np.float32]:
    import numpy as np

    centres = _centres_of(interface)
    places, _, away = offsets_to_centres(labels)
    target = np.zeros((labels.size, len(_MEANINGS)), np.float32)
    target[:, 2:] = 0.5
    target[places, 0] = 1
    target[places, 1] = np.exp(-np.square(away).sum(axis=0) / (2 * centres.bump**2))
    target[places, 2:] = np.clip(0.5 + away / (2 * centres.reach), 0, 1).T
    return target.reshape(*labels.shape, len(_MEANINGS))


def _centres_of(interface: Interface) -> Centres:
    from edgeseg.errors import ConfigError

    centres = interface.decoder.centres
    if centres is None:
        raise ConfigError(
            "expected a network with centre and offset maps, but its interface states no scale of them"
        )
    return centres


def _loss(interface: Interface, name: str) -> Loss:
    from edgeseg.host.training.losses import loss_of

    return loss_of(interface.maps, name)


def _judge(answers: Answers, interface: Interface) -> Mapping[str, float]:
    from edgeseg.labels.decoding import CellDecoder
    from edgeseg.metrics import pixels
    from edgeseg.metrics.cells import MIN_AREA, NO_CELLS
    from edgeseg.metrics.matching import match_cells
    from edgeseg.model.encoding import MaskDecoder

    mask = MaskDecoder(interface)
    decoders = {peak: CellDecoder(_with_peak(interface, peak)) for peak in PEAKS}
    cells, counts = dict.fromkeys(PEAKS, NO_CELLS), []
    for labels, maps in answers:
        counts.append(pixels.count(labels != 0, mask.mask(maps)))
        for peak, find_cells in decoders.items():
            cells[peak] += match_cells(labels, find_cells(maps), min_area=MIN_AREA).counts
    best = max(PEAKS, key=lambda peak: cells[peak].f1)
    return {"f1": cells[best].f1, "dice": pixels.pooled(counts)["dice"], "peak": best}


def _settle(interface: Interface, figures: Mapping[str, float]) -> Interface:
    return _with_peak(interface, figures["peak"])


def _with_peak(interface: Interface, peak: float) -> Interface:
    centres = replace(_centres_of(interface), peak=peak)
    return replace(interface, decoder=replace(interface.decoder, centres=centres))


CELLS = Task(
    name="cells",
    about="which pixels belong to which cell",
    decoder=DecoderKind.CENTRES,
    truth="labels",
    figures=("f1", "dice", "peak"),
    describe=_describe,
    target=_target,
    loss=_loss,
    judge=_judge,
    settle=_settle,
)
