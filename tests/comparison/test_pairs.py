"""Which models belong together."""

from dataclasses import replace

import pytest

from edgeseg.comparison.pairs import find_model, match_keys, match_models
from edgeseg.errors import ConfigError
from support.bench_results import make_model, make_result

RESULT = make_result()


def result(*models):
    return replace(RESULT, models=tuple(make_model(name, variant, 1000) for name, variant in models))


def matched(base, new):
    pairs, alone, new_alone = match_models(result(*base), result(*new))
    return (
        [pair.name for pair in pairs],
        [model.name for model in alone],
        [model.name for model in new_alone],
    )


def test_models_belong_together_by_name_whatever_their_variant():
    assert matched([("a", "float32"), ("b", "int8")], [("b", "slim"), ("a", "float32")]) == (
        ["a", "b"],
        [],
        [],
    )


def test_of_the_others_those_that_alone_are_of_a_variant():
    assert matched([("old-f", "float32")], [("new-f", "float32"), ("x", "int8")]) == (
        ["old-f -> new-f"], [], ["x"],
    )  # fmt: skip


def test_a_variant_that_two_have_matches_none():
    assert matched([("a", "int8")], [("b", "int8"), ("c", "int8")]) == ([], ["a"], ["b", "c"])


def test_a_variant_of_a_pair_is_not_given_to_a_second_one():
    assert matched([("a", "int8")], [("a", "float32"), ("b", "int8")]) == (["a"], [], ["b"])


def test_unknown_is_no_variant():
    assert matched([("a", "unknown")], [("b", "unknown")]) == ([], ["a"], ["b"])


@pytest.mark.parametrize(
    ("base", "new", "keys"),
    [
        ([1, 2, 4], [4, 1], [(1, 1), (4, 4)]),
        ([1], [2], [(1, 2)]),
        ([1], [2, 3], []),
        (["litert"], ["openvino"], [("litert", "openvino")]),
    ],
)
def test_shared_keys_belong_together_or_the_only_ones(base, new, keys):
    assert match_keys(base, new) == keys


@pytest.mark.parametrize("name", ["int8.tflite", "int8", "int8-ptq"])
def test_a_model_is_found_by_file_name_stem_or_variant(name):
    assert find_model(RESULT, name).name == "int8.tflite"


def test_a_model_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ConfigError, match=r"no model is called 'int9'; .*float32\.tflite"):
        find_model(RESULT, "int9")


def test_a_variant_of_two_models_is_refused():
    with pytest.raises(ConfigError, match="more than one model is called 'slim'; valid: x, y"):
        find_model(result(("x", "slim"), ("y", "slim"), ("z", "int8")), "slim")
