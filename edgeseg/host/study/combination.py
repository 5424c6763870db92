"""What the networks of a grid are trained with."""

from __future__ import annotations

from dataclasses import dataclass

from edgeseg.errors import ConfigError
from edgeseg.networks.training import LOSSES, OPTIMIZERS
from edgeseg.settings import check_choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """A loss with an optimizer.

    Attributes:
        loss: one of `networks.training.LOSSES`.
        optimizer: one of `networks.training.OPTIMIZERS`.
    """

    loss: str
    optimizer: str

    def __post_init__(self) -> None:
        check_choice("loss", self.loss, LOSSES)
        check_choice("optimizer", self.optimizer, OPTIMIZERS)

    @property
    def name(self) -> str:
        """As in study files: `jaccard-bce+rmsprop`."""
        return f"{self.loss}+{self.optimizer}"


def parse_combination(text: str) -> Combination:
    """`bce+adam` as a combination.

    Raises:
        ConfigError: no `+`, or no such loss or optimizer.
    """
    loss, plus, optimizer = (part.strip() for part in text.partition("+"))
    if not plus:
        raise ConfigError(f"expected a combination as LOSS+OPTIMIZER (bce+adam), but got '{text}'")
    return Combination(loss=loss, optimizer=optimizer)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridNetwork:
    """One trained network of a grid.

    Attributes:
        combination: what it is trained with.
        seed: of its training.
    """

    combination: Combination
    seed: int

    @property
    def name(self) -> str:
        """As in the names of tasks and folders: `bce+adam_seed0`."""
        return f"{self.combination.name}_seed{self.seed}"
