"""How to export: one frozen dataclass."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgeseg.calibration import DEFAULT_COUNT
from edgeseg.fine_tuning import FineTuning


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """How to export.

    Attributes:
        calibration_count: images for a calibrated recipe.
        keep_float: regular expression, searched in the names of the layers that stay in float; for
            `int8-mixed`.
        seed: draws the calibration and verification images.
        fine_tuning: settings of the variants that need training of their own.
        force: replace files that are there, and begin fine-tunings again whose settings changed.
    """

    calibration_count: int = DEFAULT_COUNT
    keep_float: str | None = None
    seed: int = 0
    fine_tuning: FineTuning = field(default_factory=FineTuning)
    force: bool = False
