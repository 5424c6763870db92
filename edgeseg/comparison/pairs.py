"""Which model of the one result is compared with which of the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from edgeseg.bench.result import BenchResult, ModelResult
from edgeseg.errors import ConfigError, nearest
from edgeseg.model import xz

Key = TypeVar("Key", str, int)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models that belong together, and what to call them."""

    base: ModelResult
    new: ModelResult
    name: str


def arrow(base: str, new: str) -> str:
    """One word where both are alike, else `BASE -> NEW`."""
    return base if base == new else f"{base} -> {new}"


def match_models(
    base: BenchResult, new: BenchResult
) -> tuple[list[Pair], list[ModelResult], list[ModelResult]]:
    """The pairs, and what has no partner in the base and in the other.

    Models belong together by their name; of the others, those whose variant only one in each result has.
    """
    others = {model.name: model for model in new.models}
    pairs = [_pair(model, others[model.name]) for model in base.models if model.name in others]
    named = {pair.base.name for pair in pairs}
    mine = [model for model in base.models if model.name not in named]
    theirs = [model for model in new.models if model.name not in named]
    single = _single_variants(base) & _single_variants(new)
    variants = {model.variant: model for model in theirs if model.variant in single}
    pairs += [_pair(model, variants[model.variant]) for model in mine if model.variant in variants]
    paired = {id(model) for pair in pairs for model in (pair.base, pair.new)}
    return (
        pairs,
        [model for model in mine if id(model) not in paired],
        [model for model in theirs if id(model) not in paired],
    )


def _pair(base: ModelResult, new: ModelResult) -> Pair:
    return Pair(base, new, arrow(base.name, new.name))


def _single_variants(result: BenchResult) -> set[str]:
    times = Counter(model.variant for model in result.models)
    return {variant for variant, count in times.items() if count == 1 and variant != "unknown"}


def match_keys(base: Sequence[Key], new: Sequence[Key]) -> list[tuple[Key, Key]]:
    """Runtimes, or numbers of threads: those that both have, or, where each has just one, these."""
    if len(base) == len(new) == 1:
        return [(base[0], new[0])]
    return [(each, each) for each in base if each in new]


def find_model(result: BenchResult, name: str) -> ModelResult:
    """The model that is called `name`, with or without its ending, or that alone is of this variant.

    Raises:
        ConfigError: there is none, or more than one.
    """
    found = [model for model in result.models if name in (model.name, _stem(model.name))]
    found = found or [model for model in result.models if model.variant == name]
    if len(found) != 1:
        names = [model.name for model in found or result.models]
        problem = "no model is" if not found else "more than one model is"
        raise ConfigError(f"{problem} called '{name}'; {nearest(name, names)}")
    return found[0]


def _stem(name: str) -> str:
    return name.removesuffix(xz.SUFFIX).removesuffix(".tflite")
