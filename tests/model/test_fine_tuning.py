"""Settings of the fine-tuned variants, and the refusal of those that would be ignored."""

import pytest

from edgeseg.errors import ConfigError
from edgeseg.model.fine_tuning import METHODS, FineTuning, override, run_path, setting_names
from edgeseg.model.recipe import FROM_FILE, RECIPES, StatedRecipe, refuse_ignored, without_qat


def test_later_settings_win_and_others_stay():
    changed = override(FineTuning(), ["qat.epochs=3", "qat.epochs=4"])
    assert changed.qat.epochs == 4
    assert changed.pruning == FineTuning().pruning


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("qat.epochs", "expected --set key=value"),
        ("qat.epoch=3", "did you mean 'qat.epochs'"),
        ("qat.epochs=few", "expected qat.epochs as int, but got 'few'"),
        ("pruning.sparsity=1.2", "expected pruning.sparsity from 0 to 0.99, but got 1.2"),
        ("pruning.allocation=lam", "did you mean 'lamp'"),
    ],
)
def test_a_setting_that_does_not_fit_is_one_sentence(setting, sentence):
    with pytest.raises(ConfigError, match=sentence):
        override(FineTuning(), [setting])


def test_every_method_is_one_of_some_recipe_and_the_other_way_round():
    assert {method for each in RECIPES.values() for method in each.methods} == set(METHODS)


def test_every_method_has_settings():
    assert {name.partition(".")[0] for name in setting_names()} == set(METHODS)


def test_the_settings_of_a_method_say_which_method_it_is():
    assert [kind.method for kind in METHODS.values()] == list(METHODS)


def test_sidecars_name_the_source_as_version_0_1_did():
    sources = {
        "float32": "base", "float16": "base", "dynamic-int8": "base", "int8-ptq": "base", "int8-qat": "qat",
        "pruned": "pruned", "pruned-int8-ptq": "pruned", "pruned-int8-qat": "pruned-qat",
        "pruned-clustered-int8": "pruned-clustered", "slim": "slim", "slim-int8-ptq": "slim",
        "slim-int8-qat": "slim-qat", "int8-mixed": "base",
    }  # fmt: skip
    stated = {name: StatedRecipe.of(each).source for name, each in {**RECIPES, **FROM_FILE}.items()}
    assert stated.items() >= sources.items()  # later variants name theirs alike


@pytest.mark.parametrize(
    ("methods", "path"),
    [
        ((), "."),
        (("qat",), "variants/int8-qat"),
        (("pruning", "clustering"), "variants/pruned/variants/clustered"),
        (("slim", "qat"), "variants/slim/variants/int8-qat"),
    ],
)
def test_a_fine_tuned_run_lies_in_the_run_that_it_starts_from(methods, path):
    assert run_path(methods).as_posix() == path


def test_each_quantization_aware_variant_has_one_that_is_had_without():
    pairs = {each.variant: without_qat(each) for each in RECIPES.values()}
    assert {tuned: plain.variant for tuned, plain in pairs.items() if plain} == {
        "int8-qat": "int8-ptq", "pruned-int8-qat": "pruned-int8-ptq", "slim-int8-qat": "slim-int8-ptq"
    }  # fmt: skip


def test_a_setting_that_changes_nothing_is_refused_and_names_the_variants_that_heed_it():
    with pytest.raises(ConfigError, match=r"qat\.epochs changes nothing .* it is for int8-qat"):
        refuse_ignored(["qat.epochs=3"], [RECIPES["float32"], RECIPES["slim"]])


def test_a_setting_that_one_of_the_variants_heeds_is_taken():
    refuse_ignored(["qat.epochs=3", "slim.keep=0.3"], [RECIPES["float32"], RECIPES["slim-int8-qat"]])
