"""Settings of the fine-tuned variants, and the refusal of those that would be ignored."""

import pytest

from edgeseg.errors import ConfigError
from edgeseg.model.fine_tuning import HEEDED, FineTuning, override, refuse_ignored, setting_names
from edgeseg.model.recipe import RECIPES


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


def test_every_recipe_has_a_source_whose_settings_are_known():
    assert {each.source for each in RECIPES.values()} <= set(HEEDED)


def test_every_group_of_settings_is_heeded_by_some_source():
    groups = {name.partition(".")[0] for name in setting_names()}
    assert groups == {group for heeded in HEEDED.values() for group in heeded}


def test_a_setting_that_changes_nothing_is_refused_and_names_the_variants_that_heed_it():
    with pytest.raises(ConfigError, match=r"qat\.epochs changes nothing .* it is for int8-qat"):
        refuse_ignored(["qat.epochs=3"], ["base", "slim"])


def test_a_setting_that_one_of_the_variants_heeds_is_taken():
    refuse_ignored(["qat.epochs=3", "slim.keep=0.3"], ["base", "slim-qat"])
