"""What a result says nothing about: told, so that nobody reads it in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgeseg.bench.bench_options import BenchOptions
from edgeseg.bench.result import BenchResult
from edgeseg.bench.table import failure_lines
from edgeseg.model.runtimes.registry import RUNTIMES
from edgeseg.text import counted

#: Fewer rounds or samples than `edgeseg bench` takes without options are a first look.
_USUAL = BenchOptions()


def unmeasured(result: BenchResult) -> Iterator[str]:
    """A sentence for everything that this result leaves open."""
    if not result.complete:
        yield "The bench was interrupted: what is not in the table was not reached."
    for line in failure_lines(result):
        yield f"Failed: {line}."
    yield from _quality(result)
    yield from _machine(result)
    yield from _depth(result.options)
    missing = [name for name in RUNTIMES if name not in result.runtimes]
    if missing:
        yield f"Runtimes: {', '.join(missing)}."
    if not result.host:
        yield "The Keras model on the host (`edgeseg bench --keras RUN`)."
    yield "Energy, and what a device does beside segmenting."


def _quality(result: BenchResult) -> Iterator[str]:
    used = result.dataset
    if used is None:
        yield "Quality: no data set was given (`edgeseg bench --data DATA`): what the files find is unknown."
        return
    if used.images < used.of:
        yield f"{used.of - used.images} of the {used.of} images of {used.name}'s split {used.split}."
    yield f"Other images than those of {used.name}: how far quality carries over is not known."
    if result.reference is None:
        yield "Agreement of masks: there is no float32 file to compare with."
    sources = {
        image.source
        for model in result.models
        for each in model.measurements
        for image in (each.quality.images if each.quality else ())
    }
    if len(sources) == 1:
        yield "Intervals of quality: all images are tiles of one."


def _machine(result: BenchResult) -> Iterator[str]:
    machine = result.machine
    if machine.emulated_on:
        yield f"A real {machine.architecture} processor: this one was emulated on {machine.emulated_on}."
    elif not machine.architecture.startswith(("aarch64", "arm")):
        yield (
            f"An ARM board, as a Raspberry Pi: on {machine.architecture}, times say little about one, and "
            "another file may be the fastest."
        )
    else:
        yield "Other boards: times are those of this one."
    if result.before.temperature_c is None:
        yield "The processor's temperature, which this machine does not tell."
    throttling = (result.before.throttled, result.before.throttle_count, result.before.cooling_step)
    if throttling == (None, None, None):
        yield "Whether the processor was slowed down to cool it, which this machine does not tell."


def _depth(options: BenchOptions) -> Iterator[str]:
    if options.rounds < _USUAL.rounds or options.samples < _USUAL.samples or options.seconds < _USUAL.seconds:
        yield (
            f"Times as thoroughly as usual: {counted(options.rounds, 'round')} of {options.seconds:g} s and "
            f"{counted(options.samples, 'sample')} at least, instead of {_USUAL.rounds} of "
            f"{_USUAL.seconds:g} s and {_USUAL.samples}."
        )
    if options.rounds == 1:
        yield "Whether differences in time are more than chance: one round does not tell."
    if len(options.threads) == 1:
        yield f"Other numbers of threads than {options.threads[0]}."


def unmeasured_together(results: Sequence[BenchResult]) -> str:
    """What several results, or one, leave open about machines."""
    machines = {(result.machine.board, result.machine.cpu) for result in results}
    if len(machines) == 1:
        return "All was measured on one machine. Ratios and differences are made within one result."
    return f"{len(machines)} machines. Ratios and differences are made within one result, never between two."
