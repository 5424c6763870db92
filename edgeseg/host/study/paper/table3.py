"""Table 3 of the paper as printed, and whether a study has its grid.

Polisi, Uka, Avdiu, Karras 2025, doi 10.55214/25768484.v9i3.5668 (CC BY 4.0). To be read with care: single
runs; the rows of int8-ptq and pruned of Dice-Focal and of Jaccard-BCE, both with Adam, are the same to the
last digit; F1 and Jaccard of Jaccard-BCE with RMSprop do not belong together.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from edgeseg.host.study.combination import Combination
from edgeseg.host.study.plan import StudyPlan

#: What to know of its values.
NOTE = (
    "Polisi, Uka, Avdiu, Karras 2025, doi 10.55214/25768484.v9i3.5668: single runs, values as printed; the "
    "rows of int8-ptq and pruned of dice-focal+adam and jaccard-bce+adam are the same to the last digit, and "
    "F1 and Jaccard of jaccard-bce+rmsprop do not belong together."
)

#: Its names of the metrics -> those of `metrics.pixels.NAMES`.
_METRICS = {
    "accuracy": "accuracy",
    "f1": "dice",
    "jaccard": "iou",
    "recall": "recall",
    "precision": "precision",
}

#: Its names of the variants -> ours.
_VARIANTS = {"base": "float32"}


@cache
def table3() -> Mapping[tuple[Combination, str], Mapping[str, float]]:
    """Combination and variant -> metric (of `metrics.pixels.NAMES`) -> value from 0 to 1."""
    path = Path(__file__).with_name("table3.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (
                Combination(loss=row["loss"], optimizer=row["optimizer"]),
                _VARIANTS.get(row["variant"], row["variant"]),
            ): {ours: float(row[theirs]) for theirs, ours in _METRICS.items()}
            for row in csv.DictReader(file)
        }


def has_papers_grid(plan: StudyPlan) -> bool:
    """Whether a study is one of the paper's losses, optimizers and variants: all of them, and no others.

    Data, network, settings, seeds and alternatives may be its own.
    """
    cells = set(itertools.product(plan.combinations, plan.variants))
    return cells == set(table3())
