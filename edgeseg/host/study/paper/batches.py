"""The batch sizes of quantization-aware training that a study compares: the paper's Table 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgeseg.host.study.combination import Combination
from edgeseg.host.study.findings.results import StudyResults, mean_over

_USUAL = "int8-qat"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchContrast:
    """An alternative that is `int8-qat` with another batch size.

    Attributes:
        alternative: its name.
        combination: of whose networks it was made, the first.
        sizes: `int8-qat` and the alternative -> batch size.
    """

    alternative: str
    combination: Combination
    sizes: Mapping[str, int]


def find_batch_contrast(results: StudyResults) -> BatchContrast | None:
    """The first such alternative of which there are files beside `int8-qat`; None where there is none."""
    usual = results.plan.fine_tuning.qat.batch_size
    for each in results.plan.alternatives:
        size = each.fine_tuning.qat.batch_size
        if each.variant != _USUAL or size == usual:
            continue
        for combination in each.combinations:
            if results.of(combination, each.name) and results.of(combination, _USUAL):
                sizes = {_USUAL: usual, each.name: size}
                return BatchContrast(alternative=each.name, combination=combination, sizes=sizes)
    return None


def batch_table(results: StudyResults) -> tuple[list[str], list[list[str]]] | None:
    """What the batch size costs and gives: titles and rows; None where it was not compared."""
    contrast = find_batch_contrast(results)
    if contrast is None:
        return None
    rows = []
    for step, size in contrast.sizes.items():
        files = results.of(contrast.combination, step)
        trainings = results.histories(contrast.combination, step)
        seconds = [f"{each.seconds:.1f}" for each in trainings]
        total = [f"{sum(epoch['seconds'] for epoch in each.epochs):.0f}" for each in trainings]
        means = [f"{mean_over(files, metric).mean():.4f}" for metric in ("dice", "precision")]
        rows.append([str(size), ", ".join(seconds), ", ".join(total), *means])
    return ["batch", "seconds an epoch", "seconds in all", "F1", "precision"], rows
