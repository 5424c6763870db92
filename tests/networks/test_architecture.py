"""The arithmetic of a network's shape, against files that were made of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.audit.audit import audit_model
from edgeseg.errors import ConfigError
from edgeseg.networks.architecture import (
    channel_macs,
    convolutions,
    count_macs,
    count_parameters,
    full_widths,
    layer_widths,
)
from edgeseg.networks.presets import override, preset
from edgeseg.networks.unet import UNetConfig
from support.paths import MODELS

FILE = MODELS / "blobs_float32.tflite"
SMALL = UNetConfig(base_filters=4, levels=3, input_size=64)


def narrowed(network, share=0.5):
    full = full_widths(network.base_filters, network.levels, network.decoder)
    return replace(network, widths=tuple(max(int(share * width), 1) for width in full))


def test_macs_and_parameters_are_those_that_the_audit_counts_in_a_file():
    audit = audit_model(FILE.read_bytes(), name="blobs")
    assert count_macs(SMALL) == audit.macs
    assert count_parameters(SMALL) == audit.parameters


def test_unet_64_has_the_31_million_parameters_of_the_study():
    assert count_parameters(UNetConfig(base_filters=64)) == pytest.approx(31.0e6, rel=0.003)


def test_half_of_every_width_is_the_network_of_half_the_base_filters():
    half = UNetConfig(base_filters=8)
    assert count_macs(narrowed(UNetConfig(base_filters=16))) == count_macs(half)
    assert narrowed(UNetConfig(base_filters=16)).widths == tuple(layer_widths(half).values())[:-1]


@given(st.integers(1, 64), st.integers(2, 7), st.sampled_from(["transpose", "bilinear"]), st.floats(0.01, 1))
def test_every_input_was_computed_before_and_widths_survive_json(base, levels, decoder, share):
    network = narrowed(UNetConfig(base_filters=base, levels=levels, decoder=decoder, input_size=64), share)
    seen = set()
    for each in convolutions(levels, decoder):
        assert seen.issuperset(each.inputs)
        seen.add(each.name)
    assert UNetConfig.from_dict(network.to_dict()) == network
    assert count_macs(network) <= count_macs(replace(network, widths=()))


@pytest.mark.parametrize("decoder", ["transpose", "bilinear"])
def test_a_channel_costs_what_is_saved_without_it(decoder):
    network = narrowed(UNetConfig(base_filters=16, levels=3, decoder=decoder, input_size=64), 0.8)
    costs = channel_macs(network)
    for index, each in enumerate(convolutions(3, decoder)[:-1]):
        widths = list(network.widths)
        widths[index] -= 1
        saved = count_macs(network) - count_macs(replace(network, widths=tuple(widths)))
        assert costs[each.name] == pytest.approx(saved)


def test_the_name_says_the_share_of_macs_that_remain():
    assert narrowed(UNetConfig(base_filters=16)).name == "unet-16-slim25"
    assert narrowed(UNetConfig(base_filters=16, decoder="bilinear")).name == "unet-16-bilinear-slim25"


def test_data_from_before_there_were_widths_still_loads():
    old = {"base_filters": 8, "levels": 5, "decoder": "transpose", "input_size": 256}
    assert UNetConfig.from_dict(old) == UNetConfig(base_filters=8)


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
