"""Records read back as what they were; whatever else is in their place is one sentence that names it."""

import copy
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.errors import ArtifactError, ConfigError, EdgesegError, ResultError
from edgeseg.records import (
    check_version,
    from_data,
    read_record,
    read_versioned,
    stored,
    to_data,
    write_record,
)
from edgeseg.settings import check_range


class Meaning(StrEnum):
    FOREGROUND = "foreground"
    CENTRE = "centre"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    scale: float
    zero_point: int = 0

    def __post_init__(self) -> None:
        check_range("zero point", self.zero_point, -128, 127)


@dataclass(frozen=True, slots=True)
class Laps:
    """Stored as columns."""

    laps: tuple[tuple[int, int], ...]

    def to_stored(self) -> dict[str, list[int]]:
        return {"first": [each[0] for each in self.laps], "second": [each[1] for each in self.laps]}

    @classmethod
    def from_stored(cls, form: dict[str, list[int]]) -> Self:
        return cls(tuple(zip(form["first"], form["second"], strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    name: str
    meaning: Meaning
    layout: Literal["NHWC", "NCHW"]
    scales: tuple[Scale, ...]
    pair: tuple[int, str]
    quantization: Scale | None
    size: float | None
    versions: Mapping[str, str]
    more: Mapping[str, Any]
    path: Path
    laps: Laps
    stable: bool
    either: int | str | None = None
    images: int = field(metadata=stored(key="of"))
    notes: tuple[str, ...] = field(default=(), metadata=stored(omit_default=True))


integers = st.integers(-(2**70), 2**70)
numbers = st.floats(allow_nan=False, allow_infinity=False)
scales = st.builds(Scale, scale=numbers, zero_point=st.integers(-128, 127))
anything = st.recursive(
    st.none() | st.booleans() | integers | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
models = st.builds(
    Model,
    name=st.text(),
    meaning=st.sampled_from(Meaning),
    layout=st.sampled_from(["NHWC", "NCHW"]),
    scales=st.lists(scales, max_size=3).map(tuple),
    pair=st.tuples(integers, st.text()),
    quantization=st.none() | scales,
    size=st.none() | numbers,
    versions=st.dictionaries(st.text(), st.text(), max_size=2),
    more=st.dictionaries(st.text(), st.integers() | st.lists(st.text(), max_size=2), max_size=2),
    path=st.text("abc/.", min_size=1).map(Path),
    laps=st.lists(st.tuples(integers, integers), max_size=3).map(tuple).map(Laps),
    stable=st.booleans(),
    either=integers | st.text() | st.none(),
    images=integers,
    notes=st.lists(st.text(), max_size=2).map(tuple),
)

MODEL = Model(
    name="a", meaning=Meaning.CENTRE, layout="NHWC", pair=(1, "b"), quantization=None, size=2.0,
    scales=(Scale(scale=0.5), Scale(scale=0.25, zero_point=3)), versions={"numpy": "2.0"},
    more={"x": [1, None]}, path=Path("m"), laps=Laps(((1, 2), (3, 4))), stable=True, images=7,
)  # fmt: skip


def read(value: object, cls: type[Any] = Model, **options: Any) -> Any:
    return from_data(cls, value, where="model.json", error=ResultError, **options)


def changed(place: tuple[str | int, ...], value: object) -> Any:
    """MODEL's data with one value replaced."""
    data = inner = copy.deepcopy(to_data(MODEL))
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return data


@given(models)
def test_a_record_reads_back_as_it_was(model: Model) -> None:
    assert read(json.loads(json.dumps(to_data(model)))) == model


def places(data: object, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [place, *(each for key, value in inner for each in places(value, (*place, key)))]


@given(st.data())
def test_whatever_stands_anywhere_is_read_or_refused_in_one_line(data: st.DataObject) -> None:
    """No other exception than the one asked for, and no record that its own data does not give again."""
    tree = copy.deepcopy(to_data(data.draw(models)))
    *before, last = data.draw(st.sampled_from(places(tree)).filter(bool))
    inner = tree
    for key in before:
        inner = inner[key]
    change = data.draw(st.sampled_from(["replace", "delete", "add"]))
    if change == "delete":
        del inner[last]
    elif change == "add" and isinstance(inner, dict):
        inner[data.draw(st.text())] = data.draw(anything)
    else:
        inner[last] = data.draw(anything)
    refused, model = "", None
    try:
        model = read(tree)
    except ResultError as error:
        refused = str(error)
    if model is None:
        assert len(refused.splitlines()) == 1
        assert "model.json" in refused
    else:
        assert read(to_data(model)) == model


@given(anything)
def test_anything_at_all_instead_of_a_record_is_refused(value: object) -> None:
    with pytest.raises(ResultError):
        read(value)


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (("name",), 5, "expected a text as name in model.json, but got 5"),
        (("images",), 5, "model.json has images, which is not known; did you mean"),
        (("of",), "5", 'expected a whole number as of in model.json, but got "5"'),
        (("of",), True, "expected a whole number as of in model.json, but got true"),
        (("of",), 5.0, "expected a whole number as of in model.json, but got 5.0"),
        (("stable",), 1, "expected true or false as stable in model.json, but got 1"),
        (("size",), "x", 'expected a number as size in model.json, but got "x"'),
        (("size",), False, "expected a number as size in model.json, but got false"),
        (("size",), math.nan, "expected a finite number as size in model.json, but got NaN"),
        (("size",), 10**400, "expected a finite number as size in model.json, but got 1000"),
        (("scales",), "text", 'expected a list as scales in model.json, but got "text"'),
        (("scales",), {}, "expected a list as scales in model.json, but got an object"),
        (("scales", 1), [], "expected an object as scales[1] in model.json, but got a list of 0"),
        (("scales", 1, "scale"), None, "expected a number as scales[1].scale in model.json, but got null"),
        (("scales", 1, "zero_pint"), 1, "model.json has scales[1].zero_pint, which is not known; did"),
        (("scales", 1, "zero_point"), 300, "model.json, scales[1]: expected zero point from -128 to 127"),
        (("pair",), [1], "expected a list of 2 as pair in model.json, but got a list of 1"),
        (("meaning",), "center", "expected a known name (did you mean 'centre'? Valid: foreground, centre)"),
        (("meaning",), ["centre"], "expected a known name (valid: foreground, centre) as meaning"),
        (("layout",), "HWC", "expected a known name (did you mean 'NHWC'?"),
        (("versions", "numpy"), 2, "expected a text as versions.numpy in model.json, but got 2"),
        (("either",), [], "expected a whole number or a text as either in model.json, but got a list of 0"),
        (("laps", "first"), [1], "model.json, laps: zip() argument"),
        (("laps", "first", 0), "1", 'expected a whole number as laps.first[0] in model.json, but got "1"'),
        (("path",), 1, "expected a path as path in model.json, but got 1"),
    ],
)  # fmt: skip
def test_a_sentence_names_the_place_what_was_expected_and_what_came(
    place: tuple[str | int, ...], value: object, sentence: str
) -> None:
    with pytest.raises(ResultError) as caught:
        read(changed(place, value))
    assert str(caught.value).startswith(sentence)


def test_a_missing_key_is_named_unless_it_has_a_default() -> None:
    data = to_data(MODEL)
    del data["scales"][0]["zero_point"]
    assert read(data).scales[0].zero_point == 0
    del data["scales"][0]["scale"]
    with pytest.raises(
        ResultError, match=r"^expected scales\[0\]\.scale in model.json, but it is not there$"
    ):
        read(data)


def test_a_misspelt_key_is_named_before_the_one_that_it_should_be() -> None:
    data = to_data(MODEL)
    data["nmae"] = data.pop("name")
    with pytest.raises(ResultError, match=r"model\.json has nmae, which is not known; did you mean 'name'"):
        read(data)


def test_unknown_keys_are_passed_over_on_request() -> None:
    data = changed(("scales", 0, "summary"), 1) | {"doubts": []}
    assert read(data, unknown="ignore") == MODEL


def test_the_sentence_ends_with_the_cure() -> None:
    with pytest.raises(ConfigError, match=r"but got 5; export again$"):
        from_data(Scale, 5, where="x", error=ConfigError, cure="export again")


def test_a_field_at_its_default_may_be_left_out() -> None:
    assert "notes" not in to_data(MODEL)
    assert "either" in to_data(MODEL)


def test_a_record_in_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    write_record(path, MODEL, version=3)
    assert json.loads(path.read_text())["schema_version"] == 3
    assert read_record(Model, path, kind="a model", versions=(2, 3), error=ArtifactError, cure="x") == MODEL
    with pytest.raises(
        ArtifactError, match=f"^expected schema_version 1 or 2 in {path}, but got 3; export again$"
    ):
        read_record(Model, path, kind="a model", versions=(1, 2), error=ArtifactError, cure="export again")


@pytest.mark.parametrize("version", [None, "1", True, 1.0, [1], 2])
def test_a_version_is_a_whole_number_that_can_be_read(version: object) -> None:
    with pytest.raises(ResultError, match=r"^expected schema_version 1 in x, but .*; bench again$"):
        check_version({"schema_version": version}, (1,), where="x", error=ResultError, cure="bench again")


def test_a_file_that_is_no_json_object_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for text in (None, "", "[1]", "{", "\ud800"):
        if text is not None:
            path.write_bytes(text.encode(errors="surrogatepass"))
        with pytest.raises(EdgesegError):
            read_versioned(path, kind="x", versions=(1,), error=ResultError, cure="x")
