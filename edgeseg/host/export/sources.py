"""The networks that files are made of: the trained run itself, and what is fine-tuned from it."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from edgeseg.host.compression.clustering import cluster
from edgeseg.host.compression.derive import Job
from edgeseg.host.compression.pruning import prune
from edgeseg.host.compression.slim import slim_run
from edgeseg.host.export.convert import convert
from edgeseg.host.export.latency import latency_ratio
from edgeseg.host.training.build import rebuild_for_export
from edgeseg.host.training.model_files import load_best
from edgeseg.host.training.run_folder import RunFolder
from edgeseg.model.fine_tuning import FineTuning
from edgeseg.model.recipe import INT8_QAT


def fine_tune(job: Job, method: str, settings: FineTuning) -> RunFolder:
    """Fine-tune a run by a method, where that is not done yet.

    Args:
        job: from which run, on what.
        method: its name in `FineTuning`.
        settings: of every method.
    """
    return _FINE_TUNERS[method](job, settings)


def exportable(run: RunFolder) -> Any:
    """The network of a run's best epoch, ready to be converted.

    Returns:
        A Keras model of a static shape, `(1, size, size, channels)` -> `(1, size, size, maps)`.
    """
    if run.origin.quantization_aware:
        from edgeseg.host.compression import qat

        return qat.exportable(run)
    return rebuild_for_export(load_best(run), run.network)


def _slim(job: Job, settings: FineTuning) -> RunFolder:
    return slim_run(job, settings.slim, latency=partial(latency_ratio, job.parent.network))


def _prune(job: Job, settings: FineTuning) -> RunFolder:
    return prune(job, settings.pruning)


def _cluster(job: Job, settings: FineTuning) -> RunFolder:
    return cluster(job, settings.clustering)


def _quantization_aware(job: Job, settings: FineTuning) -> RunFolder:
    from edgeseg.host.compression import qat  # brings tfmot, which the other methods need not wait for

    return qat.fine_tune(job, settings.qat, lambda model: convert(model, INT8_QAT))


#: By the name of the method.
_FINE_TUNERS: Mapping[str, Callable[[Job, FineTuning], RunFolder]] = types.MappingProxyType(
    {"qat": _quantization_aware, "pruning": _prune, "clustering": _cluster, "slim": _slim}
)
