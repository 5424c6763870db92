"""The families, their stored form, and what they refuse."""

from dataclasses import replace

import pytest

from edgeseg.audit.audit import audit_model
from edgeseg.errors import ConfigError
from edgeseg.networks.families import FAMILIES, PRESETS, network_from_dict, preset
from edgeseg.networks.layers import cuttable
from edgeseg.networks.pocket import PocketConfig
from edgeseg.networks.preset import override
from edgeseg.networks.unet import UNetConfig
from support.paths import MODELS

FILE = MODELS / "blobs_float32.tflite"


def halved(network):
    return replace(network, widths=tuple(each.channels // 2 for each in cuttable(network.design())))


@pytest.mark.parametrize("name", PRESETS)
def test_networks_survive_the_way_through_json_data(name):
    network = replace(PRESETS[name].network, channels=3, maps=4)
    assert network_from_dict(network.to_dict()) == network
    assert network_from_dict(halved(network).to_dict()) == halved(network)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_preset_of_each_family_bears_its_name(name):
    assert all(each.network.name == key for key, each in FAMILIES[name].presets.items())
    assert all(type(each.network) is FAMILIES[name].config for each in FAMILIES[name].presets.values())


def test_macs_and_parameters_are_those_that_the_audit_counts_in_a_file():
    audit, network = audit_model(FILE.read_bytes(), name="blobs"), UNetConfig(base_filters=4, levels=3)
    assert replace(network, input_size=64).macs == audit.macs
    assert network.parameters == audit.parameters


def test_unet_64_has_the_31_million_parameters_of_the_study():
    assert UNetConfig(base_filters=64).parameters == pytest.approx(31.0e6, rel=0.003)


def test_half_of_every_width_is_the_network_of_half_the_base_filters():
    half, narrow = UNetConfig(base_filters=8), halved(UNetConfig(base_filters=16))
    assert narrow.macs == half.macs
    assert narrow.widths == tuple(each.channels for each in cuttable(half.layers))


def test_pocket_costs_a_35th_of_unet_16():
    """As measured when its form was chosen: 86 million multiply-accumulates for 3,014 million."""
    assert PocketConfig().macs == 86_097_920
    assert UNetConfig(base_filters=16).macs == 3_013_607_424


@pytest.mark.parametrize(
    ("network", "name"),
    [
        (halved(UNetConfig(base_filters=16)), "unet-16-slim25"),
        (halved(UNetConfig(base_filters=16, decoder="bilinear")), "unet-16-bilinear-slim25"),
        (UNetConfig(base_filters=8, levels=4, channels=3, maps=4), "unet-8-4levels-3channels-4maps"),
        (PocketConfig(), "pocket"),
        (PocketConfig(stem=2, filters=(8, 16), blocks=(1, 2)), "pocket-stem2-8x16-1x2blocks"),
        (halved(PocketConfig()), "pocket-slim26"),
    ],
)
def test_the_name_says_what_differs(network, name):
    """Of a slimmed network, the share of the multiply-accumulates that remain."""
    assert network.name == name


def test_data_of_version_0_1_are_a_unet():
    """Before there were families, channels, maps; and before there were widths."""
    old = {"base_filters": 8, "levels": 5, "decoder": "transpose", "input_size": 256}
    assert network_from_dict(old) == UNetConfig(base_filters=8)
    slim = old | {"levels": 2, "widths": [8, 4, 8, 16, 4, 8, 8]}
    assert network_from_dict(slim) == UNetConfig(base_filters=8, levels=2, widths=(8, 4, 8, 16, 4, 8, 8))


def test_widths_can_be_set_by_hand():
    changed = override(preset("unet-8"), ["levels=2", "widths=8,4,8,16,4,8,8"])
    assert changed.network.widths == (8, 4, 8, 16, 4, 8, 8)


@pytest.mark.parametrize(
    ("widths", "sentence"),
    [
        ("8,8", "expected 7 widths, one for each convolution, but got 2"),
        ("9,8,16,16,8,8,8", "expected each of the widths from 1 to 8, but got 9"),
        ("0,8,16,16,8,8,8", "expected each of the widths from 1 to 8, but got 0"),
        ("8,many", "expected widths as tuple, but got '8,many'"),
    ],
)
def test_widths_that_do_not_fit_are_one_sentence(widths, sentence):
    with pytest.raises(ConfigError, match=sentence):
        override(preset("unet-8"), ["levels=2", f"widths={widths}"])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["stem=3"], "expected stem 2 or 4, but got 3"),
        (["filters=8"], "expected the number of filters from 2 to 7, but got 1"),
        (["filters=8,16"], "one for each level, but got 4 blocks and 2 filters"),
        (["filters=8,16,0,8"], "expected each of the filters from 1 to 1024, but got 0"),
        (["blocks=1,1,9,1"], "expected each of the blocks from 1 to 8, but got 9"),
        (["input_size=48"], "expected an input_size divisible by 32, but got 48"),
        (["base_filters=8"], "no setting 'base_filters'"),
        (["maps=4"], "no setting 'maps'"),
    ],
)
def test_settings_of_a_pocket_network_that_do_not_fit_are_one_sentence(settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        override(preset("pocket"), settings)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"family": "pockets"}, "no network family 'pockets'; did you mean 'pocket'"),
        ({"family": ["unet"]}, "no network family"),
        ("unet-16", "expected stored settings of a network, but got 'unet-16'"),
        ({"family": "pocket", "levels": 3}, "no setting 'levels' in PocketConfig"),
        ({"family": "pocket", "filters": "8, 16"}, "expected"),
        ({"channels": 0}, "expected channels from 1 to 64, but got 0"),
        ({"maps": 300}, "expected maps from 1 to 255, but got 300"),
    ],
)
def test_stored_data_that_do_not_fit_are_one_sentence(value, sentence):
    with pytest.raises(ConfigError, match=sentence):
        network_from_dict(value)
