"""Typed records, and the JSON data that they are stored as.

A record is a dataclass, mostly a frozen one, of numbers, texts, paths, enumerations, tuples, mappings and
other records:

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Scale:
        scale: float
        zero_point: int = 0

    write_record(path, Scale(scale=0.25), version=1)
    read_record(Scale, path, kind="a scale", versions=(1,), error=ResultError, cure="export again")

    data = to_data(Scale(scale=0.25))
    from_data(Scale, data, where="the worker's answer", error=ResultError)

Reading is strict: "5" is no number, true is no 1, NaN is nothing. A whole number is taken where a number is
asked for, a missing key takes its field's default where there is one, and a key too many is refused or, on
request, passed over. What a value may be beyond its type, a record checks in `__post_init__` with an
`EdgesegError`. Whatever does not fit is one sentence that names the place: `expected a whole number as
runs[0].init_ns in result.json, but got "5"; bench again`.

Where files state a thing otherwise than its record does:

- `field(metadata=stored(key="of"))`: under another key; `stored(omit_default=True)`: not at all where it has
  its default.
- `DERIVED: ClassVar = frozenset({"summary"})` in a record: keys that files repeat for people; reading passes
  over them.
- A record with the methods `to_stored(self) -> Form` and `from_stored(cls, form: Form) -> Self` is stored as
  that `Form`: another record, or any other type named above (`tuple[Image, ...]`).

No library does this: cattrs was tried. Made as strict, and with places in its sentences, it took as many
lines as what follows, and its import alone took longer than reading any sidecar.
"""

from __future__ import annotations

import enum
import functools
import json
import math
import types
import typing
from collections import abc
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from edgeseg import files
from edgeseg.errors import EdgesegError, nearest

T = TypeVar("T")

#: A value of JSON data in, a part of a record out.
Read = Callable[[Any], Any]

_WORDS: Mapping[Any, str] = {
    int: "a whole number", float: "a number", str: "a text", bool: "true or false", Path: "a path",
    types.NoneType: "null",
}  # fmt: skip

_KEY, _OMIT = "stored key", "omit default"


class _UnfitError(Exception):
    """What does not fit, and where; the place grows on the way out.

    Attributes:
        place: of the value, from where reading began, as `.runs[0].init_ns`.
        sentence: given the place and what was read from, what is wrong.
    """

    def __init__(self, sentence: Callable[[str, str], str]) -> None:
        super().__init__()
        self.place, self.sentence = "", sentence

    def within(self, place: str) -> _UnfitError:
        self.place = place + self.place
        return self


def stored(*, key: str | None = None, omit_default: bool = False) -> Mapping[str, Any]:
    """Metadata for a dataclass field that is stored in a way of its own.

    Args:
        key: its name in files, where that is not the field's.
        omit_default: leave it out of files where it has its default.
    """
    return {_KEY: key, _OMIT: omit_default}


def to_data(record: Any) -> Any:
    """A record as JSON-able data: dicts, lists, texts, numbers, booleans and None."""
    match record:
        case enum.Enum():
            data = record.value
        case None | bool() | int() | float() | str():
            data = record
        case Mapping():
            data = {key: to_data(value) for key, value in record.items()}
        case list() | tuple():
            data = [to_data(each) for each in record]
        case Path():
            data = str(record)
        case _ if hasattr(record, "to_stored"):
            data = to_data(record.to_stored())
        case _:
            values = [(field, getattr(record, field.name)) for field in fields(record)]
            data = {_key(field): to_data(value) for field, value in values if not _left_out(field, value)}
    return data


def from_data(
    cls: type[T],
    value: object,
    *,
    where: object,
    error: type[EdgesegError],
    cure: str = "",
    unknown: Literal["refuse", "ignore"] = "refuse",
) -> T:
    """A record from `to_data`'s data, or from data that claims to be that.

    Args:
        cls: the record's class.
        value: the data.
        where: what it was read from, for the sentence: a path, or a phrase (`the worker's answer`).
        error: the class to raise.
        cure: what to do where it does not fit, for the end of the sentence.
        unknown: whether keys that no field has are refused or passed over, in records within it too.

    Raises:
        EdgesegError: as the `error` given: a value is missing, too many, not of its type, or refused by its
            record.
    """
    try:
        kind: Any = cls
        return typing.cast("T", _reader(kind, refuse=unknown == "refuse")(value))
    except _UnfitError as problem:
        tail = f"; {cure}" if cure else ""
        raise error(problem.sentence(problem.place.lstrip("."), str(where)) + tail) from None


def check_version(
    value: object,
    versions: Collection[int],
    *,
    where: object,
    error: type[EdgesegError],
    cure: str,
) -> int:
    """The `schema_version` that data states.

    Args:
        value: the data; what is no object states none.
        versions: that can be read.
        where: as in `from_data`.
        error: the class to raise.
        cure: what to do about another version, for the end of the sentence.

    Raises:
        EdgesegError: as the `error` given: it states none, or one that cannot be read.
    """
    version = value.get("schema_version") if isinstance(value, Mapping) else None
    if type(version) is not int or version not in versions:
        wanted = " or ".join(map(str, versions))
        came = "there is none" if version is None else f"got {_shown(version)}"
        raise error(f"expected schema_version {wanted} in {where}, but {came}; {cure}")
    return version


def read_versioned(
    path: Path, *, kind: str, versions: Collection[int], error: type[EdgesegError], cure: str
) -> dict[str, Any]:
    """Read a JSON object that states a schema version which can be read.

    Args:
        path: the file.
        kind: what it is, for the sentence (`bench results`).
        versions: the schema versions that can be read.
        error: the class to raise.
        cure: what to do about another version.

    Returns:
        The object, `schema_version` included.

    Raises:
        EdgesegError: as the `error` given: the file is missing, unreadable, no JSON object, or of another
            version.
    """
    value = files.read_json(path, kind=kind, error=error)
    check_version(value, versions, where=path, error=error, cure=cure)
    return value


def read_record(
    cls: type[T],
    path: Path,
    *,
    kind: str,
    versions: Collection[int],
    error: type[EdgesegError],
    cure: str,
    unknown: Literal["refuse", "ignore"] = "refuse",
) -> T:
    """Read a record from a file of its own; arguments and errors as `read_versioned` and `from_data`."""
    value = read_versioned(path, kind=kind, versions=versions, error=error, cure=cure)
    del value["schema_version"]
    return from_data(cls, value, where=path, error=error, cure=cure, unknown=unknown)


def write_record(path: Path, record: Any, *, version: int) -> None:
    """Write a record to a file of its own, atomically; errors as `files.write_bytes`."""
    files.write_json(path, {"schema_version": version, **to_data(record)})


# Reading


@functools.cache
def _reader(cls: Any, *, refuse: bool) -> Read:
    """What reads values of a type."""
    origin, kinds = typing.get_origin(cls), typing.get_args(cls)
    inner = functools.partial(_reader, refuse=refuse)
    makers: tuple[tuple[bool, Callable[[], Read]], ...] = (
        (cls in {Any, object}, lambda: _pass),
        (cls in _SCALARS, lambda: _SCALARS[cls]),
        (isinstance(cls, enum.EnumMeta), lambda: _choice({each.value: each for each in cls})),
        (origin is Literal, lambda: _choice({each: each for each in kinds})),
        (origin in {typing.Union, types.UnionType}, lambda: _union(kinds, inner)),
        (origin is tuple and kinds[1:] != (Ellipsis,), lambda: _fixed([inner(each) for each in kinds])),
        (origin in _LISTS, lambda: _items(inner(kinds[0]), _LISTS[origin])),
        (cls in _LISTS, lambda: _items(_pass, _LISTS[cls])),
        (origin in _MAPPINGS, lambda: _entries(inner(kinds[0]), inner(kinds[1]))),
        (cls in _MAPPINGS, lambda: _entries(_pass, _pass)),
        (hasattr(cls, "from_stored"), lambda: _form(cls, inner)),
        (is_dataclass(cls), lambda: _record(cls, inner, refuse=refuse)),
    )
    for fits, make in makers:
        if fits:
            return make()
    raise TypeError(f"records have no values of type {cls}")


def _unfit(expected: str, value: object) -> _UnfitError:
    def sentence(place: str, where: str) -> str:
        return f"expected {expected} {f'as {place} ' if place else ''}in {where}, but got {_shown(value)}"

    return _UnfitError(sentence)


def _pass(value: Any) -> Any:
    return value


def _exactly(kind: type) -> Read:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise _unfit(_WORDS[kind], value)
        return value

    return read


def _read_float(value: Any) -> float:
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) not in {int, float}:
        raise _unfit(_WORDS[float], value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _unfit("a finite number", value)
    return number


def _read_path(value: Any) -> Path:
    if not isinstance(value, str):
        raise _unfit(_WORDS[Path], value)
    return Path(value)


_SCALARS: Mapping[Any, Read] = {
    **{kind: _exactly(kind) for kind in (int, str, bool, types.NoneType)},
    None: _exactly(types.NoneType),
    float: _read_float,
    Path: _read_path,
}

#: Types of lists, and what a list becomes.
_LISTS: Mapping[Any, type] = {list: list, tuple: tuple, abc.Sequence: tuple}

_MAPPINGS = frozenset({dict, abc.Mapping})


def _choice(choices: Mapping[Any, Any]) -> Read:
    names = [str(each) for each in choices]

    def read(value: Any) -> Any:
        for stated, choice in choices.items():
            if type(stated) is type(value) and stated == value:
                return choice
        known = nearest(value, names) if isinstance(value, str) else f"valid: {', '.join(names)}"
        raise _unfit(f"a known name ({known})", value)

    return read


def _union(kinds: Sequence[Any], inner: Callable[[Any], Read]) -> Read:
    """Takes the first kind that fits."""
    others = [kind for kind in kinds if kind is not types.NoneType]
    readers = [inner(kind) for kind in others]
    expected = " or ".join(_WORDS.get(kind, "an object") for kind in others)

    def read(value: Any) -> Any:
        if value is None and len(others) < len(kinds):
            return None
        if len(readers) == 1:
            return readers[0](value)
        for each in readers:
            try:
                return each(value)
            except _UnfitError:
                continue
        raise _unfit(expected, value)

    return read


def _items(read_item: Read, make: type) -> Read:
    def read(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise _unfit("a list", value)
        return make(_each(value, [read_item] * len(value)))

    return read


def _fixed(readers: Sequence[Read]) -> Read:
    def read(value: Any) -> Any:
        if not isinstance(value, list | tuple) or len(value) != len(readers):
            raise _unfit(f"a list of {len(readers)}", value)
        return tuple(_each(value, readers))

    return read


def _each(values: Sequence[Any], readers: Sequence[Read]) -> list[Any]:
    found: list[Any] = []
    try:
        for value, read in zip(values, readers, strict=True):
            found.append(read(value))
    except _UnfitError as problem:
        raise problem.within(f"[{len(found)}]") from None
    return found


def _entries(read_key: Read, read_value: Read) -> Read:
    def read(value: Any) -> dict[Any, Any]:
        if not isinstance(value, Mapping):
            raise _unfit("an object", value)
        found = {}
        for key, each in value.items():
            try:
                found[read_key(key)] = read_value(each)
            except _UnfitError as problem:
                raise problem.within(f".{_printable(key)}") from None
        return found

    return read


def _form(cls: Any, inner: Callable[[Any], Read]) -> Read:
    read_form = inner(typing.get_type_hints(cls.to_stored)["return"])

    def read(value: Any) -> Any:
        return _made(cls.from_stored, read_form(value))

    return read


@dataclass(frozen=True, slots=True)
class _Part:
    """How one field of a record is read."""

    name: str
    key: str
    read: Read
    required: bool


def _record(cls: Any, inner: Callable[[Any], Read], *, refuse: bool) -> Read:
    @functools.cache  # at the first value: a record may hold others of its own kind
    def parts() -> tuple[_Part, ...]:
        hints = typing.get_type_hints(cls)
        return tuple(
            _Part(
                name=each.name,
                key=_key(each),
                read=inner(hints[each.name]),
                required=each.default is MISSING and each.default_factory is MISSING,
            )
            for each in fields(cls)
        )

    passed_over: frozenset[str] = getattr(cls, "DERIVED", frozenset())

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise _unfit("an object", value)
        if refuse:
            # Before what is missing: the one is often the other, misspelt.
            _refuse_unknown(value.keys() - passed_over, [part.key for part in parts()])
        found = {}
        for part in parts():
            try:
                if part.key in value:
                    found[part.name] = part.read(value[part.key])
                elif part.required:
                    _refuse_missing()
            except _UnfitError as problem:
                raise problem.within(f".{part.key}") from None
        return _made(cls, **found)

    return read


def _refuse_unknown(keys: Iterable[Any], known: Sequence[str]) -> None:
    unknown = sorted(str(key) for key in keys if key not in known)
    if unknown:

        def sentence(place: str, where: str) -> str:
            name = f"{place}." if place else ""
            valid = nearest(unknown[0], known)
            return f"{where} has {name}{_printable(unknown[0])}, which is not known; {valid}"

        raise _UnfitError(sentence)


def _refuse_missing() -> None:
    raise _UnfitError(lambda place, where: f"expected {place} in {where}, but it is not there")


def _made(make: Callable[..., Any], *parts: Any, **named: Any) -> Any:
    """What is made of parts that are each of their type, but may not go together."""
    try:
        return make(*parts, **named)
    except KeyError as problem:
        reason = f"expected {problem}, but it is not there"
    except (EdgesegError, ValueError, TypeError) as problem:
        reason = str(problem)
    raise _UnfitError(lambda place, where: f"{where}{', ' if place else ''}{place}: {reason}")


def _key(field: Field[Any]) -> str:
    return field.metadata.get(_KEY) or field.name


def _left_out(field: Field[Any], value: object) -> bool:
    return bool(field.metadata.get(_OMIT)) and value == field.default


def _printable(key: object) -> str:
    text = str(key)
    return text if text and text.isprintable() else json.dumps(text)


def _shown(value: object) -> str:
    match value:
        case Mapping():
            return "an object"
        case list() | tuple():
            return f"a list of {len(value)}"
    try:
        text = json.dumps(value, default=repr)
    except ValueError:  # Python prints no more than 4,300 digits
        text = "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."
