"""All tasks; which one to train for; and which one a run is of. Needs neither numpy nor TensorFlow."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from edgeseg.errors import ConfigError
from edgeseg.host.training.tasks.cells import CELLS
from edgeseg.host.training.tasks.mask import MASK
from edgeseg.host.training.tasks.task import Task
from edgeseg.model.interface import Interface, float_interface
from edgeseg.settings import check_choice

if TYPE_CHECKING:
    from edgeseg.data.dataset import SegmentationDataset
    from edgeseg.networks.network import Network

_ALL = (CELLS, MASK)

#: By name, those that ask more of a data set before those that ask less.
TASKS: Mapping[str, Task] = types.MappingProxyType({each.name: each for each in _ALL})


def choose_task(name: str | None, dataset: SegmentationDataset) -> Task:
    """The task of this name, or else the first one that the data set can serve.

    Raises:
        ConfigError: there is no such task, or the data set lacks what it learns from.
    """
    if name is None:
        return next(each for each in TASKS.values() if _serves(dataset, each))
    check_choice("task", name, TASKS)
    task = TASKS[name]
    if not _serves(dataset, task):
        fitting = ", ".join(each.name for each in TASKS.values() if _serves(dataset, each))
        raise ConfigError(
            f"expected label images in {dataset.root / 'labels'} for the task {name}, but there are masks "
            f"alone, in which cells that touch are one; add labels, or train for another task ({fitting})"
        )
    return task


def _serves(dataset: SegmentationDataset, task: Task) -> bool:
    return task.truth in ("masks", dataset.kind)


def task_of(interface: Interface) -> Task:
    """The task that a network is trained for, told by its decoder; `ConfigError` where there is none."""
    kind = interface.decoder.kind
    found = next((each for each in TASKS.values() if each.decoder is kind), None)
    if found is None:
        known = ", ".join(f"{each.decoder} ({each.name})" for each in TASKS.values())
        raise ConfigError(
            f"expected a network with a decoder that this version of edgeseg can train for, {known}, but its "
            f"interface states {kind}"
        )
    return found


def fit_network(network: Network, task: Task, dataset: SegmentationDataset) -> tuple[Network, Interface]:
    """A network with the maps that a task asks for, and its interface.

    Args:
        network: that is to be trained.
        task: for what.
        dataset: on what.
    """
    maps, decoder = task.describe(dataset)
    fitted = replace(network, maps=len(maps))
    size = fitted.input_size
    return fitted, float_interface(size, size, channels=fitted.channels, maps=maps, decoder=decoder)
