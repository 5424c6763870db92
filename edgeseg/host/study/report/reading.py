"""Everything that a report of a study shows, worked out once for all of its formats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgeseg.bench.figure import Column
from edgeseg.host.study.report.best import best_cells
from edgeseg.host.study.report.budgets import broken_budgets
from edgeseg.host.study.report.claims import MARGIN, Claim, judge_claims
from edgeseg.host.study.report.results import StudyResults
from edgeseg.host.study.report.rows import COLUMNS, Cell, make_cells
from edgeseg.model.recipe import recipe

#: How claims are judged, for people.
HOW_JUDGED = (
    "Claims are judged by F1, the mean over the test images, and by 95 % intervals of differences. Between "
    "networks, an interval holds the choice of source images and the spread over seeds, which is measured on "
    "the combinations that have several; between files of one network, the choice of images. 'At least as "
    f"good' may lose {100 * MARGIN:g} points at most, at the worse end of the interval."
)

#: What to know of the paper's values.
PAPER_NOTE = (
    "Polisi, Uka, Avdiu, Karras 2025, doi 10.55214/25768484.v9i3.5668: single runs, values as printed; the "
    "rows of int8-ptq and pruned of dice-focal+adam and jaccard-bce+adam are the same to the last digit, and "
    "F1 and Jaccard of jaccard-bce+rmsprop do not belong together."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What to show.

    Attributes:
        results: as they were measured.
        cells: the rows of the table.
        claims: judged.
        broken: sentences about files that break the study's budgets.
        choices: the best cells, each with what it is best in; of those that break no budget.
    """

    results: StudyResults
    cells: tuple[Cell, ...]
    claims: tuple[Claim, ...]
    broken: tuple[str, ...]
    choices: tuple[tuple[str, Cell], ...]

    @property
    def columns(self) -> list[Column]:
        """Those of the table that say something."""
        return [each for each in COLUMNS if any(each.text(cell) != "-" for cell in self.cells)]

    @property
    def open(self) -> list[str]:
        """What of the study is not here, and why."""
        results = self.results
        sentences = [f"{task} failed: {why}" for task, why in results.failed.items()]
        if results.missing:
            shown = ", ".join(results.missing[:_NAMED])
            more = len(results.missing) - _NAMED
            sentences.append(f"Not done yet: {shown}{f' and {more} more' if more > 0 else ''}.")
        return sentences

    @property
    def method(self) -> list[tuple[str, str]]:
        """How it was measured: terms, each with its facts."""
        return list(_method(self.results))


#: Tasks that are named before the rest is only counted.
_NAMED = 4


def read(results: StudyResults) -> Reading:
    """Work out everything.

    Raises:
        ConfigError: a pattern of the study's budgets fits no file.
    """
    cells = make_cells(results)
    broken = list(broken_budgets(results))
    refused = {id(file) for file, _ in broken}
    kept = [cell for cell in cells if not any(id(file) in refused for file in cell.files)]
    return Reading(
        results=results,
        cells=cells,
        claims=judge_claims(results),
        broken=tuple(f"{file.cell}: {sentence}" for file, sentence in broken),
        choices=tuple(best_cells(kept)) if kept else (),
    )


def _method(results: StudyResults) -> Iterator[tuple[str, str]]:
    plan, bench, file = results.plan, next(iter(results.benches.values())), results.files[0]
    training, network, tuning = plan.preset.training, plan.preset.network, plan.fine_tuning
    yield "study", f"{results.name}, edgeseg {bench.edgeseg}"
    yield "network", f"{network.name}, {network.parameters:,} parameters"
    size = training.crop_size
    epochs = f"{training.epochs} epochs, batch {training.batch_size}"
    yield "training", f"{epochs}, learning rate {training.learning_rate:g}, crops of {size}x{size}"
    methods = {method for variant in plan.variants for method in recipe(variant).methods}
    if "qat" in methods:
        yield "int8-qat", f"{tuning.qat.epochs} epochs, batch {tuning.qat.batch_size}"
    if "pruning" in methods:
        pruning = tuning.pruning
        span = f"{pruning.initial_sparsity:.0%} to {pruning.sparsity:.0%}"
        yield "pruned", f"{pruning.epochs} epochs, {span} of the weights removed"
    split = bench.dataset.split if bench.dataset else "?"
    images = f"{len(file.quality.images)} images of the split {split} of {results.dataset}"
    runtime = file.measurement.runtime
    yield (
        "quality",
        f"{images}, tiles of {results.sources} source images, by the deployed files in {runtime}",
    )
    yield "choices", "epochs were chosen on validation images; test images were read by the benches alone"
    machine, threads = bench.machine, file.measurement.threads
    yield "machine", f"{machine.board or machine.cpu or machine.architecture}, {machine.cores} cores"
    how = f"{bench.runtimes[runtime]}, {threads} thread{'s' * (threads > 1)}, {bench.options.rounds} rounds"
    yield "time and memory", f"{how}; one network's files in turns, networks one after another"
    seeds = {combination.name: plan.seeds_of(combination) for combination in plan.combinations}
    yield "seeds", ", ".join(f"{name}: {len(each)}" for name, each in seeds.items())
