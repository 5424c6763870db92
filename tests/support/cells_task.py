"""A second task, whole, in one module: cells told apart by centres and offsets.

It holds what a task promises: nothing else has to know of it but the registry. (Its grouping is the shortest
that works on small images.)
"""

import cv2
import numpy as np

from edgeseg.host.training.tasks.task import Task
from edgeseg.labels.pieces import connected_pieces
from edgeseg.metrics import pixels
from edgeseg.metrics.cells import MIN_AREA, NO_CELLS
from edgeseg.metrics.matching import match_cells
from edgeseg.model.encoding import MaskDecoder, real_maps
from edgeseg.model.interface import Decoder, DecoderKind, MapTensor, Meaning

#: Pixels: how far an offset reaches, and how wide the bump at a centre is.
REACH, WIDTH = 32, 5

_MEANINGS = (Meaning.FOREGROUND, Meaning.CENTRE, Meaning.OFFSET_Y, Meaning.OFFSET_X)


def _describe(_dataset):
    maps = [MapTensor(name=each.value, meaning=each, channel=number) for number, each in enumerate(_MEANINGS)]
    return tuple(maps), Decoder(kind=DecoderKind.CENTRES)


def _target(labels, _interface):
    rows, columns = np.indices(labels.shape)
    target = np.zeros((*labels.shape, 4), np.float32)
    target[..., 2:] = 0.5
    for number in np.unique(labels[labels != 0]):
        inside = labels == number
        down, across = rows[inside].mean() - rows, columns[inside].mean() - columns
        bump = np.exp(-(down**2 + across**2) / (2 * WIDTH**2))
        target[..., 1] = np.maximum(target[..., 1], np.where(inside, bump, 0))
        for channel, offset in ((2, down), (3, across)):
            target[inside, channel] = np.clip(0.5 + offset[inside] / (2 * REACH), 0, 1)
    target[..., 0] = labels != 0
    return target


def _loss(interface, name):
    from edgeseg.host.training.losses import loss_of

    return loss_of(interface.maps, name)


def group(maps, interface):
    """Labels `(H, W)`: each foreground pixel belongs to the centre that its offset points nearest to."""
    mask, (_, centre, down, across) = MaskDecoder(interface).mask(maps), real_maps(maps, interface)
    centre = cv2.GaussianBlur(centre, (9, 9), 2)  # integers have many tops of one height
    tops = connected_pieces((centre == cv2.dilate(centre, np.ones((7, 7)))) & (centre > 0.3) & mask)
    peaks = np.array([np.argwhere(tops == top).mean(axis=0) for top in range(1, tops.max() + 1)])
    if not len(peaks):
        return np.zeros(mask.shape, np.int32)
    rows, columns = np.nonzero(mask)
    aims = np.stack(
        [rows + (down[mask] - 0.5) * 2 * REACH, columns + (across[mask] - 0.5) * 2 * REACH], axis=1
    )
    labels = np.zeros(mask.shape, np.int32)
    labels[mask] = 1 + np.linalg.norm(aims[:, None] - peaks[None], axis=2).argmin(axis=1)
    return labels


def _judge(answers, interface):
    decoder, cells, counts = MaskDecoder(interface), NO_CELLS, []
    for labels, maps in answers:
        cells += match_cells(labels, group(maps, interface), min_area=MIN_AREA).counts
        counts.append(pixels.count(labels != 0, decoder.mask(maps)))
    return {"f1": cells.f1, "dice": pixels.pooled(counts)["dice"]}


CELLS = Task(
    name="cells",
    about="which pixels belong to which cell",
    decoder=DecoderKind.CENTRES,
    truth="labels",
    figures=("f1", "dice"),
    describe=_describe,
    target=_target,
    loss=_loss,
    judge=_judge,
)
