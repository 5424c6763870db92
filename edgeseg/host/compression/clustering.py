"""Few different values in each kernel of a pruned network, so that its int8 file compresses further.

In an int8 file every channel has a scale of its own, its largest weight over 127. So the values are shared
in those units: a kernel's codebook is a handful of whole numbers from 1 to 127, of either sign, the same
for all its channels. Folding BatchNorm into the kernel and quantizing it only change the scale: the file
holds these very numbers. (tfmot clusters the float weights of a kernel instead; each channel then has its
own integers, and a compressor finds nothing in common.)

The kernels are then held still while BatchNorm learns to live with them: nothing has to keep the zeros and
the clusters, since nothing moves them.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.host.compression.derive import Job, fine_tuned
from edgeseg.host.compression.distillation import taught_copy
from edgeseg.host.compression.pruning import convolutions
from edgeseg.host.training.keras import keras
from edgeseg.host.training.pipeline import TrainingImages
from edgeseg.host.training.run_folder import RunFolder
from edgeseg.host.training.trainee import Trainee
from edgeseg.model.fine_tuning import ClusteringOptions

Values = npt.NDArray[np.floating[Any]]

#: The greatest int8 weight; the converter gives it to each channel's largest.
LARGEST_CODE = 127

#: Of Lloyd's algorithm; it stands still much earlier.
ROUNDS = 50


def cluster(job: Job, options: ClusteringOptions) -> RunFolder:
    """Cluster the kernels of a pruned run and fine-tune the rest, or go on with that.

    Args:
        job: from which pruned run, on what.
        options: how many clusters, and how to fine-tune.

    Returns:
        The run `variants/clustered` of the parent.

    Raises:
        TrainingError: as `fine_tuned`.
    """
    return fine_tuned(job, options, partial(_clustered, job.parent, options))


def _clustered(
    parent: RunFolder, options: ClusteringOptions, run: RunFolder, images: TrainingImages, steps: int
) -> Trainee:
    trainee = taught_copy(parent, options.teacher, run, images, steps)
    for layer in convolutions(trainee.model):
        axis = 2 if isinstance(layer, keras.layers.Conv2DTranspose) else 3
        layer.kernel.assign(share_values(layer.kernel.numpy(), channel_axis=axis, clusters=options.clusters))
        layer.trainable = False
    return trainee


def share_values(kernel: Values, *, channel_axis: int, clusters: int) -> npt.NDArray[np.float32]:
    """Give each weight the nearest value of a codebook, in units of its channel's largest; zeros stay.

    Args:
        kernel: with any number of axes.
        channel_axis: of the output channels.
        clusters: values of the codebook, both signs counted, zero not.
    """
    others = tuple(axis for axis in range(kernel.ndim) if axis != channel_axis)
    scale = np.abs(kernel).max(axis=others, keepdims=True)
    units = np.abs(kernel) / np.where(scale > 0, scale, 1)
    present = units[units > 0]
    if not present.size:
        return kernel.astype(np.float32)
    book = codebook(present, clusters // 2)
    nearest = book[np.searchsorted((book[1:] + book[:-1]) / 2, units)]
    return np.asarray(np.where(units > 0, np.sign(kernel) * nearest * scale, 0), np.float32)


def codebook(units: Values, size: int) -> Values:
    """The values that are nearest to all of `units`: k-means in one dimension, the largest one fixed at 1.

    Args:
        units: above 0, up to 1; each channel's largest is 1.
        size: values wanted; fewer come where `units` has fewer.

    Returns:
        Sorted multiples of 1/127.
    """
    centres = np.quantile(units, (np.arange(size) + 0.5) / size)
    centres[-1] = 1
    for _ in range(ROUNDS):
        nearest = np.searchsorted((centres[1:] + centres[:-1]) / 2, units)
        counts = np.bincount(nearest, minlength=size)[:-1]
        sums = np.bincount(nearest, weights=units, minlength=size)[:-1]
        centres[:-1] = np.where(counts > 0, sums / np.maximum(counts, 1), centres[:-1])
    codes = np.maximum(np.round(centres * LARGEST_CODE), 1)
    return np.unique(codes) / LARGEST_CODE
