"""Whether two results were measured alike: where they were not, differences say nothing about the files."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from edgeseg.bench.result import BenchResult
from edgeseg.errors import ConfigError, ResultError, nearest

#: What may differ if the user says so.
KINDS = ("machine", "runtime", "data", "threads")

#: Of the machine. Its memory is not among them, since each kernel counts a little less or more as its own;
#: nor are Python and numpy, which neither the network's time nor the masks depend on.
_MACHINE = (
    "architecture", "cpu", "cpu_features", "cores", "physical_cores", "cpu_quota", "max_mhz", "board",
    "governor", "surroundings", "emulated_on", "system", "libc", "zlib",
)  # fmt: skip

#: Of the data set. Its name is only that of a folder.
_DATA = ("digest", "split", "images", "truth")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One field that is not the same in both.

    Attributes:
        kind: one of `KINDS`.
        field: as in the JSON, with a point between the levels.
        base: its value in the base, JSON-able.
        new: its value in the other.
    """

    kind: str
    field: str
    base: Any
    new: Any

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)

    def sentence(self, base: str, new: str) -> str:
        """With both values; `base` and `new` name the results."""
        return f"{self.field} is {_text(self.base)} in {base} and {_text(self.new)} in {new}"


def _text(value: Any) -> str:
    if value is None:
        return "nothing"
    return ", ".join(map(str, value)) or "nothing" if isinstance(value, list) else str(value)


def parse_allowed(text: str | None) -> frozenset[str]:
    """`machine,data` as names of `KINDS`.

    Raises:
        ConfigError: a name is none of them.
    """
    names = text.split(",") if text is not None else []
    for name in names:
        if name not in KINDS:
            raise ConfigError(f"nothing to allow is called '{name}'; {nearest(name, KINDS)}")
    return frozenset(names)


def what_differs(base: BenchResult, new: BenchResult) -> list[Mismatch]:
    """Everything in which the conditions of the two differ."""
    pairs = ((kind, *each) for kind, fields in _FIELDS.items() for each in fields(base, new))
    return [Mismatch(kind=kind, field=field, base=a, new=b) for kind, field, a, b in pairs if a != b]


_Fields = Iterator[tuple[str, Any, Any]]


def _machine(base: BenchResult, new: BenchResult) -> _Fields:
    for name in _MACHINE:
        mine, other = (getattr(each.machine, name) for each in (base, new))
        yield f"machine.{name}", _list(mine), _list(other)


def _runtime(base: BenchResult, new: BenchResult) -> _Fields:
    for name in sorted({*base.runtimes, *new.runtimes}):
        yield f"runtimes.{name}", base.runtimes.get(name), new.runtimes.get(name)


def _data(base: BenchResult, new: BenchResult) -> _Fields:
    if base.dataset is None or new.dataset is None:
        mine, other = (each.dataset.name if each.dataset else None for each in (base, new))
        yield "dataset", mine, other
        return
    for name in _DATA:
        yield f"dataset.{name}", getattr(base.dataset, name), getattr(new.dataset, name)


def _threads(base: BenchResult, new: BenchResult) -> _Fields:
    yield "options.threads", sorted(base.options.threads), sorted(new.options.threads)


_FIELDS = {"machine": _machine, "runtime": _runtime, "data": _data, "threads": _threads}


def _list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def refuse(differences: Collection[Mismatch], allowed: Collection[str], base: str, new: str) -> None:
    """Refuse what differs and is not allowed to.

    Raises:
        ResultError: with every such field, both values, and the option that allows it.
    """
    refused = [each for each in differences if each.kind not in allowed]
    if not refused:
        return
    fields = "; ".join(each.sentence(base, new) for each in refused)
    needed = ",".join(sorted({*allowed, *(each.kind for each in refused)}, key=KINDS.index))
    raise ResultError(
        f"{base} and {new} were not measured alike: {fields}. Bench both in the same way, or pass "
        f"--allow {needed}"
    )
