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

cattrs does the work. It is imported when the first record is read or written: the rest starts without it.
"""

from __future__ import annotations

import enum
import functools
import json
import math
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from edgeseg import files
from edgeseg.errors import EdgesegError, nearest

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")

Hook = Callable[[Any, Any], Any]

_WORDS: Mapping[Any, str] = {
    int: "a whole number", float: "a number", str: "a text", bool: "true or false", Path: "a path",
    types.NoneType: "null",
}  # fmt: skip

_KEY, _OMIT = "stored key", "omit default"


class _UnfitError(ValueError):
    """A value that is not of its field's type; the text says what was expected."""

    def __init__(self, expected: str, value: object) -> None:
        super().__init__(expected)
        self.expected, self.value = expected, value


def stored(*, key: str | None = None, omit_default: bool = False) -> Mapping[str, Any]:
    """Metadata for a dataclass field that is stored in a way of its own.

    Args:
        key: its name in files, where that is not the field's.
        omit_default: leave it out of files where it has its default.
    """
    return {_KEY: key, _OMIT: omit_default}


def to_data(record: Any) -> Any:
    """A record as JSON-able data: dicts, lists, texts, numbers, booleans and None."""
    return _converter(refuse_unknown=True).unstructure(record)


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
    from cattrs.errors import BaseValidationError

    try:
        return _converter(refuse_unknown=unknown == "refuse").structure(value, cls)
    except (BaseValidationError, EdgesegError, _UnfitError) as problem:
        tail = f"; {cure}" if cure else ""
        raise error(_sentence(problem, str(where)) + tail) from None


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


# The converter


@functools.cache
def _converter(*, refuse_unknown: bool) -> Converter:
    import cattrs
    from cattrs.cols import is_mapping, is_sequence

    converter = cattrs.Converter(
        forbid_extra_keys=refuse_unknown, unstruct_collection_overrides={tuple: list, frozenset: sorted}
    )
    for kind, read in _SCALARS.items():
        converter.register_structure_hook(kind, read)
    converter.register_unstructure_hook(Path, str)
    for kind in (enum.Enum, str, int):  # a StrEnum is a str to cattrs
        converter.register_unstructure_hook(kind, _plain)
    converter.register_structure_hook_func(_is_choice, _read_choice)
    # Later ones are asked first.
    for fits, factory in (
        (_is_union, _read_union),
        (is_mapping, _read_mapping),
        (is_sequence, _read_items),
        (_is_fixed_tuple, _read_fixed_tuple),
        (_is_record, _read_fields),
        (_has_form, _read_form),
    ):
        converter.register_structure_hook_factory(fits, _with(converter, factory))
    converter.register_unstructure_hook_factory(_is_record, _with(converter, _write_fields))
    converter.register_unstructure_hook_factory(_has_form, _with(converter, _write_form))
    return converter


def _with(converter: Converter, factory: Callable[[Any, Converter], Any]) -> Callable[[Any], Any]:
    return lambda cls: factory(cls, converter)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, enum.Enum) else value


def _exactly(kind: type) -> Hook:
    def read(value: Any, cls: Any) -> Any:
        if isinstance(cls, enum.EnumMeta):
            return _read_member(value, cls)
        if type(value) is not kind:
            raise _UnfitError(_WORDS[kind], value)
        return value

    return read


def _read_member(value: Any, cls: Any) -> Any:
    return cls(_one_of([each.value for each in cls], value))


def _one_of(choices: Sequence[T], value: Any) -> T:
    for choice in choices:
        if (type(choice), choice) == (type(value), value):
            return choice
    names = [str(each) for each in choices]
    known = nearest(value, names) if isinstance(value, str) else f"valid: {', '.join(names)}"
    raise _UnfitError(f"a known name ({known})", value)


def _read_float(value: Any, _cls: Any) -> float:
    if type(value) not in {int, float}:
        raise _UnfitError(_WORDS[float], value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _UnfitError("a finite number", value)
    return number


def _read_path(value: Any, _cls: Any) -> Path:
    if not isinstance(value, str | Path):
        raise _UnfitError(_WORDS[Path], value)
    return Path(value)


_SCALARS: Mapping[Any, Hook] = {
    **{kind: _exactly(kind) for kind in (int, str, bool, types.NoneType)},
    float: _read_float,
    Path: _read_path,
    enum.Enum: _read_member,
}


def _is_choice(cls: Any) -> bool:
    return typing.get_origin(cls) is Literal


def _read_choice(value: Any, cls: Any) -> Any:
    return _one_of(typing.get_args(cls), value)


def _read_mapping(cls: Any, converter: Converter) -> Hook:
    from cattrs.cols import mapping_structure_factory

    return _guarded(Mapping, "an object", mapping_structure_factory(cls, converter))


def _guarded(kind: Any, expected: str, read: Hook) -> Hook:
    """A hook that sees values of one kind only."""

    def hook(value: Any, cls: Any) -> Any:
        if not isinstance(value, kind):
            raise _UnfitError(expected, value)
        return read(value, cls)

    return hook


def _read_items(cls: Any, converter: Converter) -> Hook:
    from cattrs.cols import homogenous_tuple_structure_factory, list_structure_factory

    factory = (
        list_structure_factory
        if cls is list or typing.get_origin(cls) is list
        else homogenous_tuple_structure_factory
    )
    return _guarded((list, tuple), "a list", factory(cls, converter))


def _is_fixed_tuple(cls: Any) -> bool:
    return typing.get_origin(cls) is tuple and typing.get_args(cls)[1:] != (Ellipsis,)


def _read_fixed_tuple(cls: Any, converter: Converter) -> Hook:
    kinds = typing.get_args(cls)

    def read(value: Any, _cls: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple) or len(value) != len(kinds):
            raise _UnfitError(f"a list of {len(kinds)}", value)
        return tuple(converter.structure(each, kind) for each, kind in zip(value, kinds, strict=True))

    return read


def _is_union(cls: Any) -> bool:
    return typing.get_origin(cls) in {typing.Union, types.UnionType}


def _read_union(cls: Any, converter: Converter) -> Hook:
    """A hook that takes the first kind that fits."""
    kinds = typing.get_args(cls)
    others = [kind for kind in kinds if kind is not types.NoneType]

    def read(value: Any, _cls: Any) -> Any:
        from cattrs.errors import BaseValidationError

        if value is None and len(others) < len(kinds):
            return None
        if len(others) == 1:
            return converter.structure(value, others[0])
        for kind in others:
            try:
                return converter.structure(value, kind)
            except (BaseValidationError, EdgesegError, _UnfitError):
                continue
        raise _UnfitError(" or ".join(_WORDS.get(kind, "an object") for kind in others), value)

    return read


def _is_record(cls: Any) -> bool:
    return isinstance(cls, type) and is_dataclass(cls)


def _stored_fields(cls: Any) -> dict[str, Any]:
    """What cattrs is told of the fields that are stored in ways of their own."""
    import cattrs

    return {
        each.name: cattrs.override(rename=each.metadata[_KEY], omit_if_default=each.metadata[_OMIT])
        for each in fields(cls)
        if _KEY in each.metadata
    }


def _read_fields(cls: Any, converter: Converter) -> Hook:
    from cattrs.gen import make_dict_structure_fn

    read = make_dict_structure_fn(cls, converter, **_stored_fields(cls))
    derived: frozenset[str] = getattr(cls, "DERIVED", frozenset())

    def measured(value: Mapping[str, Any], _cls: Any) -> Any:
        return read({key: each for key, each in value.items() if key not in derived}, cls)

    return _guarded(Mapping, "an object", measured if derived else read)


def _write_fields(cls: Any, converter: Converter) -> Callable[[Any], Any]:
    from cattrs.gen import make_dict_unstructure_fn

    return make_dict_unstructure_fn(cls, converter, **_stored_fields(cls))


def _has_form(cls: Any) -> bool:
    return isinstance(cls, type) and hasattr(cls, "to_stored") and hasattr(cls, "from_stored")


def _form(cls: Any) -> Any:
    return typing.get_type_hints(cls.to_stored)["return"]


def _read_form(cls: Any, converter: Converter) -> Hook:
    form = _form(cls)

    def read(value: Any, _cls: Any) -> Any:
        stated = converter.structure(value, form)
        try:
            return cls.from_stored(stated)
        except (TypeError, ValueError, KeyError) as problem:  # parts that do not go together
            raise EdgesegError(str(problem)) from problem

    return read


def _write_form(cls: Any, converter: Converter) -> Callable[[Any], Any]:
    form = _form(cls)
    return lambda record: converter.unstructure(record.to_stored(), form)


# Sentences


def _sentence(problem: Exception, where: str) -> str:
    """What is wrong at the first place where something is."""
    from cattrs.errors import ForbiddenExtraKeysError

    cause, place = _first_cause(problem, "")
    at = f"{place} in {where}" if place else where
    match cause:
        case _UnfitError():
            return f"expected {cause.expected} {'as' if place else 'in'} {at}, but got {_shown(cause.value)}"
        case KeyError():
            return f"expected {at}, but it is not there"
        case ForbiddenExtraKeysError():
            name = min(map(str, cause.extra_fields))
            inside, valid = f"{place}." if place else "", nearest(name, _keys(cause.cl))
            return f"{where} has {inside}{_printable(name)}, which is not known; {valid}"
        case _:
            return f"{where}{', ' if place else ''}{place}: {cause}"


def _keys(cls: Any) -> list[str]:
    return [each.metadata.get(_KEY) or each.name for each in fields(cls)]


def _first_cause(problem: Exception, place: str) -> tuple[Exception, str]:
    """The first error inside an error, and its place (`runs[0].init_ns`)."""
    from cattrs.errors import AttributeValidationNote, BaseValidationError, IterableValidationNote

    if not isinstance(problem, BaseValidationError):
        return problem, place
    # A key that is not known comes before one that is missing: the one is often the other, misspelt.
    first = next(
        (each for each in problem.exceptions if not hasattr(each, "__notes__")), problem.exceptions[0]
    )
    for note in getattr(first, "__notes__", ()):
        match note:
            case AttributeValidationNote():
                return _first_cause(first, f"{place}.{_stored_name(problem.cl, note.name)}".lstrip("."))
            case IterableValidationNote(index=int(index)):
                return _first_cause(first, f"{place}[{index}]")
            case IterableValidationNote():
                return _first_cause(first, f"{place}.{_printable(note.index)}".lstrip("."))
    return _first_cause(first, place)


def _stored_name(cls: Any, name: str) -> str:
    return next((each.metadata.get(_KEY) or name for each in fields(cls) if each.name == name), name)


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
