"""How a study was made and measured, for people."""

from __future__ import annotations

from collections.abc import Iterator

from edgeseg.host.study.findings.results import StudyResults
from edgeseg.model.recipe import recipe


def method_facts(results: StudyResults) -> Iterator[tuple[str, str]]:
    """Terms, each with its facts."""
    yield from _training_facts(results)
    yield from _measuring_facts(results)
    seeds = {each.name: len(results.plan.seeds_of(each)) for each in results.plan.combinations}
    yield "seeds", ", ".join(f"{name}: {count}" for name, count in seeds.items())


def _training_facts(results: StudyResults) -> Iterator[tuple[str, str]]:
    plan, bench = results.plan, next(iter(results.benches.values()))
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


def _measuring_facts(results: StudyResults) -> Iterator[tuple[str, str]]:
    bench, file = next(iter(results.benches.values())), results.files[0]
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
