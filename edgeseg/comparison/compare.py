"""Compare two results model by model, or the models of one result with one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edgeseg.bench.measurement import Measurement
from edgeseg.bench.result import BenchResult, ModelResult
from edgeseg.comparison.alike import Mismatch, refuse, what_differs
from edgeseg.comparison.change import Change
from edgeseg.comparison.changes import Label, file_changes, quality_changes, run_changes
from edgeseg.comparison.pairs import Pair, arrow, match_keys, match_models
from edgeseg.errors import ResultError
from edgeseg.machine.doubts import doubts


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What came out.

    Attributes:
        base: what the base is called: a file of results, or a model.
        new: likewise, what is compared with it.
        changes: what changed most first, what may be chance last.
        mismatches: what was not alike when the two were measured, and was allowed to be.
        alone: sentences about what has no partner.
        notes: sentences about what to doubt.
    """

    base: str
    new: str
    changes: tuple[Change, ...]
    mismatches: tuple[Mismatch, ...] = ()
    alone: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "base": self.base,
            "new": self.new,
            "allowed": [each.to_dict() for each in self.mismatches],
            "alone": list(self.alone),
            "notes": list(self.notes),
            "changes": [change.to_dict() for change in self.changes],
        }


def compare_results(
    base: BenchResult,
    new: BenchResult,
    *,
    allowed: Collection[str] = (),
    names: tuple[str, str] = ("base", "new"),
) -> Comparison:
    """Compare the models of two results that were measured alike.

    Args:
        base: what is compared with.
        new: what is compared.
        allowed: what may differ nevertheless, of `alike.KINDS`.
        names: what to call the two in sentences.

    Raises:
        ResultError: they were not measured alike, or nothing in them belongs together.
    """
    mismatches = what_differs(base, new)
    refuse(mismatches, allowed, *names)
    pairs, only_base, only_new = match_models(base, new)
    if not pairs:
        raise ResultError(
            f"no model of {names[1]} has a partner in {names[0]}: neither names nor variants are the same "
            f"({_names(new.models)}; {_names(base.models)})"
        )
    sides = (_Side(names[0], base), _Side(names[1], new))
    changes, gaps = _all_changes(pairs, *sides)
    alone = [f"{model.name} is in {names[0]} alone" for model in only_base]
    alone += [f"{model.name} is in {names[1]} alone" for model in only_new]
    return Comparison(
        base=names[0],
        new=names[1],
        changes=changes,
        mismatches=tuple(mismatches),
        alone=(*alone, *gaps),
        notes=tuple(_notes(pairs, *sides)),
    )


def compare_models(result: BenchResult, base: ModelResult, *, name: str = "the result") -> Comparison:
    """Compare one model of a result with every other one; `name` is what to call the result.

    Raises:
        ResultError: there is no other one.
    """
    pairs = [Pair(base, model, model.name) for model in result.models if model is not base]
    if not pairs:
        raise ResultError(f"there is no model besides {base.name} in {name}; give two results, or bench more")
    side = _Side(name, result)
    changes, gaps = _all_changes(pairs, side, side)
    notes = (*side.notes(), *_cell_notes(pairs, side, side))
    return Comparison(base=base.name, new=name, changes=changes, alone=gaps, notes=notes)


@dataclass(frozen=True, slots=True)
class _Side:
    """A result, and what to call it."""

    name: str
    result: BenchResult

    @property
    def reference(self) -> str | None:
        """Digest of the file that masks are compared with."""
        models = self.result.models
        return next((model.sha256 for model in models if model.name == self.result.reference), None)

    def notes(self) -> Iterator[str]:
        if not self.result.complete:
            yield f"{self.name} was interrupted: it holds what was measured until then"
        if self.result.options.rounds < 2:
            yield (
                f"{self.name} has one round, which does not tell how processes differ, so that times have no "
                "interval; bench with --rounds 3"
            )
        for doubt in doubts(self.result.conditions):
            yield f"{self.name}: {doubt}"


def _names(models: Sequence[ModelResult]) -> str:
    return ", ".join(model.name for model in models)


def _all_changes(
    pairs: Sequence[Pair], base: _Side, new: _Side
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    changes: list[Change] = []
    gaps: list[str] = []
    runtimes = match_keys([*base.result.runtimes], [*new.result.runtimes])
    threads = match_keys(base.result.options.threads, new.result.options.threads)
    for pair in pairs:
        changes += file_changes(Label(pair.name), pair.base, pair.new)
        for kinds in runtimes:
            changes += _quality(pair, kinds, same_reference=base.reference == new.reference)
            gaps += _quality_gap(pair, kinds, base, new)
            for counts in threads:
                label = Label(pair.name, arrow(*kinds), arrow(*map(str, counts)))
                mine = pair.base.measurement(kinds[0], counts[0])
                other = pair.new.measurement(kinds[1], counts[1])
                gap = _gap(mine, base.name) or _gap(other, new.name)
                if mine and other and not gap:
                    changes += run_changes(label, mine, other)
                else:
                    gaps.append(f"{pair.name} ({label.runtime}, threads {label.threads}): {gap}")
    return tuple(sorted(changes, key=lambda change: change.order)), tuple(gaps)


def _quality(pair: Pair, kinds: tuple[str, str], *, same_reference: bool) -> Iterator[Change]:
    mine, other = pair.base.quality(kinds[0]), pair.new.quality(kinds[1])
    if mine and other:
        label = Label(pair.name, arrow(*kinds))
        yield from quality_changes(label, mine, other, same_reference=same_reference)


def _quality_gap(pair: Pair, kinds: tuple[str, str], base: _Side, new: _Side) -> Iterator[str]:
    """Why there is no quality to compare, where one of the two has it."""
    there = (pair.base.quality(kinds[0]), pair.new.quality(kinds[1]))
    for quality, other, side in zip(there, reversed(there), (base, new), strict=True):
        if other and not quality:
            yield f"{pair.name} ({arrow(*kinds)}): quality was not measured in {side.name}"


def _gap(measurement: Measurement | None, name: str) -> str | None:
    """Why there is no time to compare."""
    if measurement and measurement.failure:
        return f"failed in {name} ({measurement.failure.reason})"
    return None if measurement and measurement.runs else f"was not measured in {name}"


def _notes(pairs: Sequence[Pair], base: _Side, new: _Side) -> Iterator[str]:
    yield from base.notes()
    if new != base:
        yield from new.notes()
    if base.result.edgeseg != new.result.edgeseg:
        yield f"edgeseg {base.result.edgeseg} measured {base.name}, {new.result.edgeseg} {new.name}"
    if base.reference != new.reference:
        yield "agreement is left out: masks were not compared with the same reference file"
    yield from _cell_notes(pairs, base, new)
    if not all(_paired(pair) for pair in pairs):
        yield "the images are not the same in both, so that intervals of quality are wider than they could be"


def _cell_notes(pairs: Sequence[Pair], base: _Side, new: _Side) -> Iterator[str]:
    """Which pairs differ in how their cells were told apart."""
    for pair in pairs:
        if pair.base.tells_apart != pair.new.tells_apart:
            model, side = (pair.base, base) if pair.base.tells_apart else (pair.new, new)
            where = f" in {side.name}" if base != new else ""
            yield (
                f"{model.name}{where} tells touching cells apart, its partner does not: to it, cells are "
                "connected pieces of its mask"
            )


def _paired(pair: Pair) -> bool:
    for each in pair.base.measurements:
        mine, other = each.quality, pair.new.quality(each.runtime)
        if mine and other and not other.has_images_of(mine):
            return False
    return True
