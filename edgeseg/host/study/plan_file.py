"""Reads a STUDY.toml; every unknown key is refused.

name = "mine"
dataset = "data"                        # a folder, from where this file lies, or a list; or "synthetic"
preset = "unet-8"
combinations = ["bce+adam", "jaccard-bce+rmsprop"]   # none: the study's eight
# losses = [...], optimizers = [...]    # or every product of these
variants = ["float32", "int8-ptq", "int8-qat", "pruned"]
seeds = [0]

[extra_seeds]                           # further seeds of some combinations
"bce+adam" = [1, 2]

[training]                              # any setting of `edgeseg train --set`
epochs = 20

[pruning]                               # any setting of `edgeseg export --set pruning.KEY=VALUE`;
epochs = 8                              # [qat], [clustering], [slim] likewise

[also.int8-qat-batch2]                  # a variant made otherwise too, here of one combination (none: all)
variant = "int8-qat"
combinations = ["bce+adam"]
qat.batch_size = 2

[bench]                                 # rounds, seconds, samples, threads, ...
rounds = 1

[export]                                # as `edgeseg export --min-agreement`
min_agreement = 0.9

[budgets."*int8*.tflite"]               # limits as in budgets.toml (docs/budgets.md), told by the report
max_bytes = "600 kB"

[needs.train]                           # threads, and what a task asks of a cluster (docs/study.md);
cpus = 2                                # [needs.fine-tune], [needs.export] likewise
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from edgeseg.bench.options import BenchOptions
from edgeseg.budget.amounts import parse_tables
from edgeseg.budget.limits import Budgets, budgets_of
from edgeseg.errors import ConfigError, nearest
from edgeseg.host.study.combination import PAPER, Combination, parse_combination
from edgeseg.host.study.plan import KINDS, SYNTHETIC, Alternative, Needs, StudyPlan, Synthetic
from edgeseg.model import fine_tuning
from edgeseg.model.fine_tuning import METHODS, FineTuning
from edgeseg.model.recipe import RECIPES, Recipe, recipe, refuse_ignored
from edgeseg.networks.families import preset
from edgeseg.networks.preset import Preset, override
from edgeseg.settings import check_choice, check_range, from_stored, names_of

T = TypeVar("T")

#: The study's four.
VARIANTS = ("float32", "int8-ptq", "int8-qat", "pruned")

#: The studies that come along, beside this module.
BUILT_IN = ("paper", "small", "smoke")

_KEYS = (
    "name", "dataset", "preset", "combinations", "losses", "optimizers", "variants", "seeds",
    "extra_seeds", "training", *METHODS, "also", "bench", "export", "budgets", "synthetic", "needs",
)  # fmt: skip
#: Settings of `[training]` that the grid itself decides.
_DECIDED = {"loss": "combinations", "optimizer": "combinations", "seed": "seeds"}


def read_study(name: str) -> tuple[str, Path]:
    """The text of a study, and the path that stands for it in sentences.

    Args:
        name: of `BUILT_IN`, or a path of a TOML file.

    Raises:
        ConfigError: there is neither.
    """
    path = Path(name)
    if name in BUILT_IN:
        path = Path(__file__).with_name(f"{name}.toml")
    elif path.suffix != ".toml":
        raise ConfigError(f"no study '{name}'; {nearest(name, BUILT_IN)}, or the path of a .toml file")
    try:
        return path.read_text(encoding="utf-8"), path
    except FileNotFoundError:
        raise ConfigError(f"expected a study at {path}, but there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the study {path}: {error}") from error


def parse_plan(text: str, *, path: Path) -> StudyPlan:
    """Parse the text of a STUDY.toml.

    Args:
        text: of the file.
        path: of the file: a relative `dataset` starts from its folder, and sentences name it.

    Raises:
        ConfigError: no TOML, an unknown key or name (the nearest is named), or a value that does not fit.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    try:
        return _plan(content, path)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def _plan(content: Mapping[str, Any], path: Path) -> StudyPlan:
    for key in content:
        check_choice("key", key, _KEYS)
    datasets = _datasets(content)
    if "synthetic" in content and datasets != (SYNTHETIC,):
        raise ConfigError(f'[synthetic] changes nothing while dataset is not "{SYNTHETIC}"')
    variants = _texts(content, "variants", VARIANTS)
    combinations = _combinations(content)
    return StudyPlan(
        name=_text(content, "name", path.stem) or path.stem,
        datasets=tuple(each if each == SYNTHETIC else path.parent / each for each in datasets),
        synthetic=_fields(Synthetic, _table(content, "synthetic")),
        preset=_preset(content),
        combinations=combinations,
        variants=variants,
        seeds=_seeds(content, "seeds", (0,)),
        extra_seeds=_extra_seeds(_table(content, "extra_seeds"), combinations),
        fine_tuning=_fine_tuning(content, [recipe(variant) for variant in variants]),
        alternatives=_alternatives(content, combinations),
        bench=_bench(_table(content, "bench")),
        min_agreement=_min_agreement(_table(content, "export")),
        budgets=_budgets(_table(content, "budgets"), path),
        needs=_needs(_table(content, "needs")),
    )


def _datasets(content: Mapping[str, Any]) -> tuple[str, ...]:
    if isinstance(content.get("dataset"), list):
        named = _texts(content, "dataset", ())
        if SYNTHETIC in named:
            raise ConfigError(f'"{SYNTHETIC}" is no data set of several; run it as a study of its own')
        return named
    one = _text(content, "dataset", None)
    return (one,) if one else ()


def _combinations(content: Mapping[str, Any]) -> tuple[Combination, ...]:
    product = [key for key in ("losses", "optimizers") if key in content]
    if product and "combinations" in content:
        raise ConfigError(f"combinations and {product[0]} exclude each other; leave out one of them")
    if product:
        losses = _texts(content, "losses", ("bce",))
        optimizers = _texts(content, "optimizers", ("adam",))
        return tuple(Combination(loss=each, optimizer=other) for each in losses for other in optimizers)
    named = _texts(content, "combinations", tuple(each.name for each in PAPER))
    return tuple(dict.fromkeys(map(parse_combination, named)))


def _preset(content: Mapping[str, Any]) -> Preset:
    settings = _flat(_table(content, "training"))
    for key, where in _DECIDED.items():
        if key in settings:
            raise ConfigError(f"{key} does not belong into [training]: {where} decides it")
    chosen = preset(_text(content, "preset", "unet-8") or "")
    return override(chosen, [f"{key}={value}" for key, value in settings.items()])


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """`preprocessing.kind` is a table in a table for TOML, and one key for `--set`."""
    result: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            result |= {f"{key}.{inner}": each for inner, each in value.items()}
        else:
            result[key] = value
    return result


def _fine_tuning(content: Mapping[str, Any], recipes: list[Recipe]) -> FineTuning:
    settings = _fine_tuning_settings(content)
    chosen = fine_tuning.override(FineTuning(), settings)
    refuse_ignored(settings, recipes)
    return chosen


def _fine_tuning_settings(content: Mapping[str, Any]) -> list[str]:
    if "teacher_run" in _table(content, "slim"):
        raise ConfigError("slim.teacher_run is not for a study: its networks are taught by their own run")
    return [f"{method}.{key}={value}" for method in METHODS for key, value in _table(content, method).items()]


def _alternatives(
    content: Mapping[str, Any], combinations: tuple[Combination, ...]
) -> tuple[Alternative, ...]:
    also = _table(content, "also")
    return tuple(_alternative(content, name, _table(also, name), combinations) for name in also)


def _alternative(
    content: Mapping[str, Any],
    name: str,
    table: Mapping[str, Any],
    combinations: tuple[Combination, ...],
) -> Alternative:
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,59}", name) or name in (*RECIPES, "train", "bench"):
        raise ConfigError(
            "expected a name of small letters, digits, points and hyphens, up to 60, that no variant and no "
            f"task has, as [also.NAME], but got '{name}'"
        )
    for key in table:
        check_choice("key", key, ("variant", "combinations", *METHODS))
    variant = recipe(_text(table, "variant", None) or "")
    settings = _fine_tuning_settings(table)
    if not settings:
        raise ConfigError(f"[also.{name}] sets nothing, so it would be {variant.variant} once more")
    refuse_ignored(settings, [variant])
    named = _texts(table, "combinations", tuple(each.name for each in combinations))
    for each in named:
        check_choice("combination", each, [known.name for known in combinations])
    of_all = fine_tuning.override(FineTuning(), _fine_tuning_settings(content))
    return Alternative(
        name=name,
        variant=variant.variant,
        combinations=tuple(each for each in combinations if each.name in named),
        fine_tuning=fine_tuning.override(of_all, settings),
    )


def _extra_seeds(
    table: Mapping[str, Any], combinations: tuple[Combination, ...]
) -> dict[str, tuple[int, ...]]:
    names = [each.name for each in combinations]
    for key in table:
        check_choice("combination", key, names)
    return {key: _seeds(table, key, ()) for key in table}


def _bench(table: Mapping[str, Any]) -> BenchOptions:
    lists = {key: tuple(_list(table, key)) for key in ("runtimes", "threads") if key in table}
    return _fields(BenchOptions, {**table, **lists})


def _min_agreement(table: Mapping[str, Any]) -> float | None:
    for key in table:
        check_choice("key", key, ("min_agreement",))
    value = table.get("min_agreement")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"expected a number as min_agreement, but got {value!r}")
    check_range("min_agreement", value, 0, 1)
    return float(value)


def _budgets(table: Mapping[str, Any], path: Path) -> Budgets | None:
    if not table:
        return None
    tables = parse_tables(table, 'budgets."FILE NAME"', path)
    budgets = budgets_of({"models": tables}, path=path)
    for each in budgets.budgets:
        for limit in each.limits:
            if limit.relative:
                raise ConfigError(
                    f'{limit.key} in [budgets."{each.pattern}"] needs a baseline, which a study has '
                    "not; give absolute limits (max_bytes, min_dice, ...)"
                )
    return budgets


def _needs(table: Mapping[str, Any]) -> dict[str, Needs]:
    for kind in table:
        check_choice("kind of task", kind, KINDS)
    return {kind: _fields(Needs, _table(table, kind)) for kind in KINDS}


def _fields(kind: type[T], table: Mapping[str, Any]) -> T:
    """A frozen dataclass from a table; its own checks and `from_stored`'s name what does not fit."""
    for key in table:
        check_choice("key", key, names_of(kind))
    defaults = kind()
    for key, given in table.items():
        usual = getattr(defaults, key)
        if not isinstance(usual, int | float):
            continue
        wanted = int | float if isinstance(usual, float) else int
        if not isinstance(given, wanted) or isinstance(given, bool):
            whole = "" if isinstance(usual, float) else "whole "
            raise ConfigError(f"expected a {whole}number as {key}, but got {given!r}")
    return from_stored(kind, table)


def _table(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = content.get(key, {})
    if not isinstance(value, Mapping):
        raise ConfigError(f"expected a table [{key}], but got {value!r}")
    return value


def _text(content: Mapping[str, Any], key: str, default: str | None) -> str | None:
    value = content.get(key, default)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise ConfigError(f"expected a text as {key}, but got {value!r}")
    return value


def _list(content: Mapping[str, Any], key: str) -> list[Any]:
    value = content[key]
    if not isinstance(value, list) or not value:
        raise ConfigError(f"expected a list as {key}, but got {value!r}")
    return value


def _texts(content: Mapping[str, Any], key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    if key not in content:
        return default
    values = _list(content, key)
    if not all(isinstance(each, str) for each in values):
        raise ConfigError(f"expected a list of texts as {key}, but got {values!r}")
    return tuple(dict.fromkeys(values))


def _seeds(content: Mapping[str, Any], key: str, default: tuple[int, ...]) -> tuple[int, ...]:
    if key not in content:
        return default
    values = _list(content, key)
    for each in values:
        if not isinstance(each, int) or isinstance(each, bool):
            raise ConfigError(f"expected whole numbers as seeds, but got {each!r}")
        check_range("each seed", each, 0, 2**31 - 1)
    return tuple(dict.fromkeys(values))
