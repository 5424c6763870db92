"""Layers as data: what follows from them, for every family."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.networks import costs
from edgeseg.networks.layers import (
    IMAGE,
    LOGITS,
    Concatenation,
    Convolution,
    DepthToSpace,
    Shape,
    Source,
    convolutions,
    cuttable,
    narrowed,
    shapes,
    sources,
)
from edgeseg.networks.pocket import PocketConfig
from edgeseg.networks.unet import UNetConfig

UNETS = st.builds(
    UNetConfig,
    base_filters=st.integers(1, 64),
    levels=st.integers(2, 7),
    decoder=st.sampled_from(["transpose", "bilinear"]),
    input_size=st.just(64),
    channels=st.sampled_from([1, 3]),
    maps=st.sampled_from([1, 4]),
)


@st.composite
def pockets(draw):
    levels = draw(st.integers(2, 4))
    return PocketConfig(
        stem=draw(st.sampled_from([2, 4])),
        filters=tuple(draw(st.lists(st.integers(1, 48), min_size=levels, max_size=levels))),
        blocks=tuple(draw(st.lists(st.integers(1, 3), min_size=levels, max_size=levels))),
        input_size=64,
        channels=draw(st.sampled_from([1, 3])),
        maps=draw(st.sampled_from([1, 4])),
    )


NETWORKS = st.one_of(UNETS, pockets())


def halved(network, share=0.5):
    full = cuttable(network.design())
    return replace(network, widths=tuple(max(int(share * each.channels), 1) for each in full))


@given(NETWORKS, st.floats(0.01, 1))
def test_every_input_was_computed_before_and_no_name_is_used_twice(network, share):
    seen = {IMAGE}
    for each in halved(network, share).layers:
        assert seen.issuperset(each.inputs)
        assert each.name not in seen
        seen.add(each.name)


@given(NETWORKS, st.floats(0.01, 1))
def test_the_output_has_the_size_of_the_image_and_a_channel_a_map(network, share):
    narrow = halved(network, share)
    made = shapes(narrow.layers, narrow.image)
    assert made[narrow.layers[-1].name] == Shape(network.input_size, network.maps)


@given(NETWORKS)
def test_what_is_concatenated_has_one_size(network):
    made = shapes(network.layers, network.image)
    for each in network.layers:
        if isinstance(each, Concatenation):
            assert len({made[name].size for name in each.inputs}) == 1


@given(NETWORKS)
def test_the_sources_of_a_tensor_are_as_many_channels_as_it_has(network):
    made, read = shapes(network.layers, network.image), sources(network.layers, network.channels)
    assert all(sum(one.channels for one in read[name]) == made[name].channels for name in made)


@given(NETWORKS)
def test_every_convolution_but_the_one_that_makes_the_maps_can_be_cut(network):
    names = [each.name for each in convolutions(network.layers)]
    assert [each.name for each in cuttable(network.layers)] == [name for name in names if name != LOGITS]


def test_a_convolution_before_a_depth_to_space_inside_a_network_cannot_be_cut():
    layers = (
        Convolution(name="a", inputs=(IMAGE,), channels=8),
        DepthToSpace(name="pixels", inputs=("a",), block=2),
        Convolution(name="b", inputs=("pixels",), channels=4),
        Convolution(name="c", inputs=("b",), channels=1),
    )
    assert [each.name for each in cuttable(layers)] == ["b"]
    assert sources(layers, 1)["pixels"] == (Source("pixels", 2),)


@given(NETWORKS, st.floats(0.01, 1), st.data())
def test_a_channel_costs_what_is_saved_without_it(network, share, data):
    narrow = halved(network, share)
    chosen = data.draw(st.sampled_from(cuttable(narrow.layers)))
    if chosen.channels > 1:
        fewer = narrowed(narrow.layers, {chosen.name: chosen.channels - 1})
        saved = narrow.macs - costs.count_macs(fewer, narrow.image)
        cost = costs.channel_macs(narrow.layers, narrow.image)[chosen.name]
        assert cost == pytest.approx(saved)


@given(NETWORKS, st.floats(0.01, 1))
def test_fewer_channels_cost_no_more(network, share):
    narrow = halved(network, share)
    assert narrow.macs <= network.macs
    assert narrow.parameters <= network.parameters
    assert narrow.file_bytes <= network.file_bytes
