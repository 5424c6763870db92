"""How to export: one frozen dataclass."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgeseg.data.calibration import DEFAULT_COUNT
from edgeseg.model.fine_tuning import FineTuning
from edgeseg.settings import check_range


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """How to export.

    Attributes:
        calibration_count: images for a calibrated recipe.
        keep_float: regular expression, searched in the names of the layers that stay in float; for
            `int8-mixed`.
        seed: draws the calibration and verification images.
        fine_tuning: settings of the variants that need training of their own.
        min_agreement: share of mask pixels, 0 to 1, on which a file has to agree with its Keras model, where
            that is less than its recipe asks; None: as the recipe asks.
        force: replace files that are there, and begin fine-tunings again whose settings changed.
    """

    calibration_count: int = DEFAULT_COUNT
    keep_float: str | None = None
    seed: int = 0
    fine_tuning: FineTuning = field(default_factory=FineTuning)
    min_agreement: float | None = None
    force: bool = False

    def __post_init__(self) -> None:
        if self.min_agreement is not None:
            check_range("min_agreement", self.min_agreement, 0, 1)
