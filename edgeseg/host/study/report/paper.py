"""Table 3 of the study that edgeseg starts from, as printed.

Polisi, Uka, Avdiu, Karras 2025, doi 10.55214/25768484.v9i3.5668 (CC BY 4.0). To be read with care: single
runs; the rows of int8-ptq and pruned of Dice-Focal and of Jaccard-BCE, both with Adam, are the same to the
last digit; F1 and Jaccard of Jaccard-BCE with RMSprop do not belong together.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from edgeseg.host.study.combination import Combination

#: Its names of the metrics -> those of `metrics.NAMES`.
METRICS = {
    "accuracy": "accuracy",
    "f1": "dice",
    "jaccard": "iou",
    "recall": "recall",
    "precision": "precision",
}

#: Its names of the variants -> ours.
_VARIANTS = {"base": "float32"}


@cache
def paper_table() -> Mapping[tuple[Combination, str], Mapping[str, float]]:
    """Combination and variant -> metric (of `metrics.NAMES`) -> value from 0 to 1."""
    path = Path(__file__).with_name("paper_table3.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (
                Combination(loss=row["loss"], optimizer=row["optimizer"]),
                _VARIANTS.get(row["variant"], row["variant"]),
            ): {ours: float(row[theirs]) for theirs, ours in METRICS.items()}
            for row in csv.DictReader(file)
        }
