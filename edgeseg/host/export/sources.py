"""The networks that files are made of: the trained run itself, and what is fine-tuned from it."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from edgeseg.data.dataset import SegmentationDataset
from edgeseg.host.compression.clustering import cluster
from edgeseg.host.compression.pruning import prune
from edgeseg.host.compression.slim import slim_run
from edgeseg.host.export.convert import convert
from edgeseg.host.export.latency import latency_ratio
from edgeseg.host.training.build import rebuild_for_export
from edgeseg.host.training.model_files import load_best
from edgeseg.host.training.run_folder import RunFolder
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


def make_source(request: Request, methods: Sequence[str]) -> Source:
    """Fine-tune the trained network by these methods, one after the other, where that is not done yet."""
    run = request.run
    for method in methods:
        run = _FINE_TUNERS[method](run, request)
    if methods[-1:] == ("qat",):
        from edgeseg.host.compression import qat

        return Source(run=run, model=qat.exportable(run))
    return Source(run=run, model=rebuild_for_export(load_best(run), run.network))


def _slim(parent: RunFolder, request: Request) -> RunFolder:
    return slim_run(
        parent,
        request.dataset,
        request.fine_tuning.slim,
        latency=partial(latency_ratio, parent.network),
        force=request.force,
        progress=request.progress,
    )


def _prune(parent: RunFolder, request: Request) -> RunFolder:
    options = request.fine_tuning.pruning
    return prune(parent, request.dataset, options, force=request.force, progress=request.progress)


def _cluster(parent: RunFolder, request: Request) -> RunFolder:
    options = request.fine_tuning.clustering
    return cluster(parent, request.dataset, options, force=request.force, progress=request.progress)


def _quantization_aware(parent: RunFolder, request: Request) -> RunFolder:
    from edgeseg.host.compression import qat  # brings tfmot, which the other methods need not wait for

    return qat.fine_tune(
        parent,
        request.dataset,
        request.fine_tuning.qat,
        lambda model: convert(model, INT8_QAT),
        force=request.force,
        progress=request.progress,
    )


#: Makes the run of a method from the run that it starts from, by the method's name.
_FINE_TUNERS: Mapping[str, Callable[[RunFolder, Request], RunFolder]] = types.MappingProxyType(
    {"qat": _quantization_aware, "pruning": _prune, "clustering": _cluster, "slim": _slim}
)
