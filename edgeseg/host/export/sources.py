"""The networks that files are made of: the trained run itself, and what is fine-tuned from it."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from edgeseg.data.dataset import SegmentationDataset
from edgeseg.host.compression.clustering import cluster
from edgeseg.host.compression.pruning import prune
from edgeseg.host.compression.slim import slim_run
from edgeseg.host.export.convert import convert
from edgeseg.host.export.latency import latency_ratio
from edgeseg.host.training.model_files import load_best
from edgeseg.host.training.run_folder import RunFolder
from edgeseg.host.training.unet import rebuild_for_export
from edgeseg.model.fine_tuning import FineTuning
from edgeseg.model.recipe import INT8_QAT
from edgeseg.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A network that is ready to be converted.

    Attributes:
        run: the run that it comes from.
        model: a Keras model of the static shape `(1, size, size, 1)`.
    """

    run: RunFolder
    model: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a source is made from.

    Attributes:
        run: the trained run.
        dataset: that it was trained on.
        fine_tuning: settings of the methods.
        force: begin a fine-tuning again where its settings changed.
        progress: told the steps of a fine-tuning.
    """

    run: RunFolder
    dataset: SegmentationDataset
    fine_tuning: FineTuning
    force: bool
    progress: Progress


def base(request: Request) -> Source:
    """The trained network itself: its best epoch."""
    run = request.run
    return Source(run=run, model=rebuild_for_export(load_best(run), run.network))


def slim(request: Request) -> Source:
    """The network with fewer channels, fine-tuned where that is not done yet."""
    return base(replace(request, run=_slim_run(request)))


def slim_quantization_aware(request: Request) -> Source:
    """`quantization_aware`, from the network with fewer channels."""
    return quantization_aware(replace(request, run=_slim_run(request)))


def _slim_run(request: Request) -> RunFolder:
    return slim_run(
        request.run,
        request.dataset,
        request.fine_tuning.slim,
        latency=partial(latency_ratio, request.run.network),
        force=request.force,
        progress=request.progress,
    )


def pruned(request: Request) -> Source:
    """The network with most weights zero, pruned where that is not done yet."""
    return base(replace(request, run=_pruned_run(request)))


def pruned_quantization_aware(request: Request) -> Source:
    """`quantization_aware`, from the pruned network; it keeps the zeros."""
    return quantization_aware(replace(request, run=_pruned_run(request)))


def pruned_clustered(request: Request) -> Source:
    """The pruned network with few different values in each kernel, clustered where needed only now."""
    run = cluster(
        _pruned_run(request),
        request.dataset,
        request.fine_tuning.clustering,
        force=request.force,
        progress=request.progress,
    )
    return base(replace(request, run=run))


def _pruned_run(request: Request) -> RunFolder:
    return prune(
        request.run,
        request.dataset,
        request.fine_tuning.pruning,
        force=request.force,
        progress=request.progress,
    )


def quantization_aware(request: Request) -> Source:
    """The network that was fine-tuned with the rounding of its int8 file, where needed only now."""
    from edgeseg.host.compression import qat  # brings tfmot, which the other sources need not wait for

    run = qat.fine_tune(
        request.run,
        request.dataset,
        request.fine_tuning.qat,
        lambda model: convert(model, INT8_QAT),
        force=request.force,
        progress=request.progress,
    )
    return Source(run=run, model=qat.exportable(run))


#: Makes the source of a recipe, by `Recipe.source`; fine-tunes first where that is not done yet.
SOURCES: Mapping[str, Callable[[Request], Source]] = types.MappingProxyType(
    {
        "base": base,
        "qat": quantization_aware,
        "pruned": pruned,
        "pruned-qat": pruned_quantization_aware,
        "pruned-clustered": pruned_clustered,
        "slim": slim,
        "slim-qat": slim_quantization_aware,
    }
)
