"""Reads a STUDY.toml; every unknown key is refused.

name = "mine"
dataset = "data"                        # a folder, from where this file lies, or a list; or "synthetic"
preset = "unet-8"
combinations = ["bce+adam", "jaccard-bce+rmsprop"]   # none: the paper's eight
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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from edgeseg.bench.bench_options import BenchOptions
from edgeseg.budget.amounts import parse_tables
from edgeseg.budget.limits import Budgets, budgets_of
from edgeseg.errors import ConfigError, nearest
from edgeseg.host.study.combination import Combination, parse_combination
from edgeseg.host.study.plan import KINDS, SYNTHETIC, Alternative, Needs, StudyPlan, Synthetic
from edgeseg.model.fine_tuning import METHODS, FineTuning
from edgeseg.model.recipe import RECIPES, recipe, refuse_ignored
from edgeseg.networks.families import preset
from edgeseg.networks.preset import Preset, network_settings, training_settings
from edgeseg.records import from_data, to_data
from edgeseg.settings import check_choice, check_range

T = TypeVar("T")

#: The grid of a study that states none: the paper's.
COMBINATIONS = (
    "bce+adam",
    "bce+nadam",
    "bce+rmsprop",
    "bce+adagrad",
    "dice-bce+adam",
    "dice-focal+adam",
    "jaccard-bce+adam",
    "jaccard-bce+rmsprop",
)
VARIANTS = ("float32", "int8-ptq", "int8-qat", "pruned")

#: The studies that come along, beside this module.
BUILT_IN = ("paper", "small", "smoke")

_KEYS = (
    "name", "dataset", "preset", "combinations", "losses", "optimizers", "variants", "seeds",
    "extra_seeds", "training", *METHODS, "also", "bench", "export", "budgets", "synthetic", "needs",
)  # fmt: skip
#: Settings of `[training]` that the grid itself decides.
_DECIDED = {"loss": "combinations", "optimizer": "combinations", "seed": "seeds"}

#: A table of TOML.
Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StudyFile:
    """A STUDY.toml.

    Attributes:
        path: of the file: a relative `dataset` starts from its folder, and sentences name it.
        text: of it.
    """

    path: Path
    text: str

    def plan(self) -> StudyPlan:
        """What it says.

        Raises:
            ConfigError: no TOML, an unknown key or name (the nearest is named), or a value that does not fit.
        """
        try:
            content = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{self.path} is not valid TOML: {error}") from None
        try:
            return _plan(content, self.path)
        except ConfigError as error:
            raise ConfigError(f"{self.path}: {error}") from None


def find_study_file(name: str) -> StudyFile:
    """A study by its name.

    Args:
        name: of `BUILT_IN`, or a path of a TOML file.

    Raises:
        ConfigError: there is neither.
    """
    if name in BUILT_IN:
        return open_study_file(Path(__file__).with_name(f"{name}.toml"))
    if not name.endswith(".toml"):
        raise ConfigError(f"no study '{name}'; {nearest(name, BUILT_IN)}, or the path of a .toml file")
    return open_study_file(Path(name))


def open_study_file(path: Path) -> StudyFile:
    """A STUDY.toml; `ConfigError` where it cannot be read."""
    try:
        return StudyFile(path, path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"expected a study at {path}, but there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the study {path}: {error}") from error


def _plan(content: Table, path: Path) -> StudyPlan:
    for key in content:
        check_choice("key", key, _KEYS)
    datasets = _datasets(content)
    if "synthetic" in content and datasets != (SYNTHETIC,):
        raise ConfigError(f'[synthetic] changes nothing while dataset is not "{SYNTHETIC}"')
    variants = _texts(content, "variants", VARIANTS)
    recipes = [recipe(variant) for variant in variants]
    combinations = _combinations(content)
    refuse_ignored(_method_settings(content), recipes)
    fine_tuning = _fine_tuned(FineTuning(), content)
    return StudyPlan(
        name=_text(content, "name", path.stem),
        datasets=tuple(each if each == SYNTHETIC else path.parent / each for each in datasets),
        synthetic=_changed(Synthetic(), _table(content, "synthetic"), "[synthetic]"),
        preset=_preset(content),
        combinations=combinations,
        variants=variants,
        seeds=_seeds(content, "seeds", (0,)),
        extra_seeds=_extra_seeds(_table(content, "extra_seeds"), combinations),
        fine_tuning=fine_tuning,
        alternatives=_alternatives(_table(content, "also"), combinations, fine_tuning),
        bench=_changed(BenchOptions(), _table(content, "bench"), "[bench]"),
        min_agreement=_min_agreement(_table(content, "export")),
        budgets=_budgets(_table(content, "budgets"), path),
        needs=_needs(_table(content, "needs")),
    )


def _datasets(content: Table) -> tuple[str, ...]:
    if isinstance(content.get("dataset"), list):
        named = _texts(content, "dataset", ())
        if SYNTHETIC in named:
            raise ConfigError(f'"{SYNTHETIC}" is no data set of several; run it as a study of its own')
        return named
    return (_text(content, "dataset", ""),) if "dataset" in content else ()


def _combinations(content: Table) -> tuple[Combination, ...]:
    product = [key for key in ("losses", "optimizers") if key in content]
    if product and "combinations" in content:
        raise ConfigError(f"combinations and {product[0]} exclude each other; leave out one of them")
    if product:
        losses = _texts(content, "losses", ("bce",))
        optimizers = _texts(content, "optimizers", ("adam",))
        return tuple(Combination(loss=each, optimizer=other) for each in losses for other in optimizers)
    named = _texts(content, "combinations", COMBINATIONS)
    return tuple(dict.fromkeys(map(parse_combination, named)))


def _preset(content: Table) -> Preset:
    table = _table(content, "training")
    for key, where in _DECIDED.items():
        if key in table:
            raise ConfigError(f"{key} does not belong into [training]: {where} decides it")
    chosen = preset(_text(content, "preset", "unet-8"))
    own = network_settings(type(chosen.network))
    for key in table:
        check_choice("setting", key, [*own, *(name.partition(".")[0] for name in training_settings())])
    network = {key: value for key, value in table.items() if key in own}
    training = {key: value for key, value in table.items() if key not in own}
    return Preset(
        network=_changed(chosen.network, network, "[training]"),
        training=_changed(chosen.training, training, "[training]"),
    )


def _method_settings(content: Table) -> list[str]:
    """What is stated about methods of fine-tuning: `qat.epochs`."""
    if "teacher_run" in _table(content, "slim"):
        raise ConfigError("slim.teacher_run is not for a study: its networks are taught by their own run")
    return [f"{method}.{key}" for method in METHODS for key in _table(content, method)]


def _fine_tuned(base: FineTuning, content: Table) -> FineTuning:
    stated = {method: _table(content, method) for method in METHODS if method in content}
    return _changed(base, stated, "the study")


def _alternatives(
    also: Table, combinations: tuple[Combination, ...], of_all: FineTuning
) -> tuple[Alternative, ...]:
    return tuple(_alternative(name, _table(also, name), combinations, of_all) for name in also)


def _alternative(
    name: str, table: Table, combinations: tuple[Combination, ...], of_all: FineTuning
) -> Alternative:
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,59}", name) or name in (*RECIPES, "train", "bench"):
        raise ConfigError(
            "expected a name of small letters, digits, points and hyphens, up to 60, that no variant and no "
            f"task has, as [also.NAME], but got '{name}'"
        )
    for key in table:
        check_choice("key", key, ("variant", "combinations", *METHODS))
    chosen = recipe(_text(table, "variant", ""))
    settings = _method_settings(table)
    if not settings:
        raise ConfigError(f"[also.{name}] sets nothing, so it would be {chosen.variant} once more")
    refuse_ignored(settings, [chosen])
    named = _texts(table, "combinations", tuple(each.name for each in combinations))
    for each in named:
        check_choice("combination", each, [known.name for known in combinations])
    return Alternative(
        name=name,
        variant=chosen.variant,
        combinations=tuple(each for each in combinations if each.name in named),
        fine_tuning=_fine_tuned(of_all, table),
    )


def _extra_seeds(table: Table, combinations: Iterable[Combination]) -> dict[str, tuple[int, ...]]:
    names = [each.name for each in combinations]
    for key in table:
        check_choice("combination", key, names)
    return {key: _seeds(table, key, ()) for key in table}


def _min_agreement(table: Table) -> float | None:
    return _changed(_Export(), table, "[export]").min_agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class _Export:
    """The table `[export]`."""

    min_agreement: float | None = None

    def __post_init__(self) -> None:
        if self.min_agreement is not None:
            check_range("min_agreement", self.min_agreement, 0, 1)


def _budgets(table: Table, path: Path) -> Budgets | None:
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


def _needs(table: Table) -> dict[str, Needs]:
    for kind in table:
        check_choice("kind of task", kind, KINDS)
    return {kind: _changed(Needs(), _table(table, kind), f"[needs.{kind}]") for kind in KINDS}


def _changed(settings: T, table: Table, where: str) -> T:
    """Settings with the values of a table instead of their own."""
    return from_data(type(settings), _merged(to_data(settings), table), where=where, error=ConfigError)


def _merged(values: Table, table: Table) -> Table:
    """A table in a table changes what it states, and leaves the rest."""
    inner = {
        key: _merged(values[key], value)
        for key, value in table.items()
        if isinstance(value, Mapping) and isinstance(values.get(key), Mapping)
    }
    return {**values, **table, **inner}


def _table(content: Table, key: str) -> Table:
    value = content.get(key, {})
    if not isinstance(value, Mapping):
        raise ConfigError(f"expected a table [{key}], but got {value!r}")
    return value


def _text(content: Table, key: str, default: str) -> str:
    value = content.get(key, default)
    if key in content and (not isinstance(value, str) or not value.strip()):
        raise ConfigError(f"expected a text as {key}, but got {value!r}")
    return str(value)


def _texts(content: Table, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    if key not in content:
        return default
    values = _list(content, key)
    if not all(isinstance(each, str) for each in values):
        raise ConfigError(f"expected a list of texts as {key}, but got {values!r}")
    return tuple(dict.fromkeys(values))


def _seeds(content: Table, key: str, default: tuple[int, ...]) -> tuple[int, ...]:
    if key not in content:
        return default
    values = _list(content, key)
    for each in values:
        if not isinstance(each, int) or isinstance(each, bool):
            raise ConfigError(f"expected whole numbers as seeds, but got {each!r}")
        check_range("each seed", each, 0, 2**31 - 1)
    return tuple(dict.fromkeys(values))


def _list(content: Table, key: str) -> list[Any]:
    value = content[key]
    if not isinstance(value, list) or not value:
        raise ConfigError(f"expected a list as {key}, but got {value!r}")
    return value
