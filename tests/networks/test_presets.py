"""Presets, overrides, and what they refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.errors import ConfigError, nearest
from edgeseg.networks.families import PRESETS, network_from_dict, preset, setting_names
from edgeseg.networks.preset import network_settings, override
from edgeseg.networks.training import TrainingConfig


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_survives_the_way_through_json_data(name):
    chosen = PRESETS[name]
    assert network_from_dict(chosen.network.to_dict()) == chosen.network
    assert TrainingConfig.from_dict(chosen.training.to_dict()) == chosen.training


def test_the_papers_preset_trains_as_the_paper_did():
    paper = PRESETS["unet-64"].training
    assert (paper.optimizer, paper.loss, paper.learning_rate) == ("adam", "bce", 1e-4)
    assert (paper.epochs, paper.batch_size, paper.schedule) == (100, 8, "paper")


def test_the_papers_schedule_has_its_former_name_too():
    """Runs of version 0.1 state it, and people typed it."""
    assert TrainingConfig.from_dict({"schedule": "study"}) == TrainingConfig(schedule="paper")
    assert override(PRESETS["unet-8"], ["schedule=study"]).training.schedule == "paper"


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'unet-16'"):
        preset("unet16")


def test_override_reaches_network_training_and_preprocessing():
    changed = override(preset("unet-8"), ["base_filters=12", "epochs=3", "preprocessing.kind=percentile"])
    assert changed.network.base_filters == 12
    assert changed.training.epochs == 3
    assert changed.training.preprocessing.kind == "percentile"


def test_the_later_override_wins():
    assert override(preset("unet-8"), ["seed=1", "seed=2"]).training.seed == 2


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("epochs", "expected --set key=value"),
        ("epoch=3", "did you mean 'epochs'"),
        ("preprocessing.knd=scale", "did you mean 'preprocessing.kind'"),
        ("preprocessing=scale", "no setting 'preprocessing'"),
        ("epochs=many", "expected epochs as int, but got 'many'"),
        ("flip=maybe", "expected flip as bool, but got 'maybe'"),
        ("epochs=0", "expected epochs from 1"),
        ("optimizer=adamw", "did you mean 'adam'"),
        ("loss=dice", "no loss 'dice'"),
        ("input_size=250", "divisible by 16"),
        ("decoder=nearest", "no decoder 'nearest'"),
        ("learning_rate=nan", "expected learning_rate from"),
    ],
)
def test_a_setting_that_does_not_fit_is_one_sentence(setting, sentence):
    with pytest.raises(ConfigError, match=sentence):
        override(preset("unet-8"), [setting])


def test_an_unknown_key_in_stored_data_is_refused():
    with pytest.raises(ConfigError, match="no setting 'epocs'"):
        TrainingConfig.from_dict({"epocs": 3})


@given(st.sampled_from(setting_names()))
def test_every_setting_named_in_the_help_can_be_set(name):
    of_its_family = [each for each in PRESETS.values() if name in network_settings(type(each.network))]
    base = (of_its_family or list(PRESETS.values()))[0]
    owner = base.training.preprocessing if "." in name else None
    current = getattr(owner, name.partition(".")[2]) if owner else _current(base, name)
    assert override(base, [f"{name}={current}"]) == base


def _current(base, name):
    return getattr(base.network, name, None) if hasattr(base.network, name) else getattr(base.training, name)


def test_a_name_with_nothing_close_lists_what_is_valid():
    assert nearest("zzz", ["adam", "nadam"]) == "valid: adam, nadam"
