"""A loss with an optimizer, and the eight of the study."""

from __future__ import annotations

from dataclasses import dataclass

from edgeseg.errors import ConfigError
from edgeseg.networks.training import LOSSES, OPTIMIZERS
from edgeseg.settings import check_choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """What a network is trained with.

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


#: BCE with each optimizer, Adam with each other loss, and one more: the eight of the study.
PAPER = tuple(
    map(
        parse_combination,
        (
            "bce+adam",
            "bce+nadam",
            "bce+rmsprop",
            "bce+adagrad",
            "dice-bce+adam",
            "dice-focal+adam",
            "jaccard-bce+adam",
            "jaccard-bce+rmsprop",
        ),
    )
)
