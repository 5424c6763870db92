"""The interface of a network: stated, stored, and found by inspection."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.errors import ArtifactError, ConfigError
from edgeseg.model.interface import (
    INT8_INPUT,
    INT8_MAP,
    Centres,
    Decoder,
    DecoderKind,
    Interface,
    MapTensor,
    Meaning,
    Quantization,
    TensorFacts,
    fit_interface,
    float_interface,
    has_own_scales,
    inspect_interface,
)
from edgeseg.records import from_data, to_data

CENTRES = tuple(
    MapTensor(name=each.value, meaning=each, channel=number)
    for number, each in enumerate((Meaning.FOREGROUND, Meaning.CENTRE, Meaning.OFFSET_Y, Meaning.OFFSET_X))
)
GROUPED = Decoder(kind=DecoderKind.CENTRES, centres=Centres(bump=4.5, reach=20))
CELLS = float_interface(64, 96, channels=3, maps=CENTRES, decoder=GROUPED)


def stored_and_read(interface: Interface) -> Interface:
    return read(json.loads(json.dumps(to_data(interface))))


def read(value: object) -> Interface:
    return from_data(Interface, value, where="net.json", error=ArtifactError)


def facts(shape: tuple[int, ...], dtype: str = "float32", scale: Quantization | None = None) -> TensorFacts:
    return TensorFacts(shape=shape, dtype=dtype, quantization=scale)


INT8 = (facts((1, 64, 64, 1), "int8", INT8_INPUT), facts((1, 64, 64, 1), "int8", INT8_MAP))


@given(
    st.integers(1, 4096), st.integers(1, 4096), st.sampled_from((1, 3, 5)),
    st.none() | st.floats(0.01, 100), st.lists(st.text(), max_size=2),
)  # fmt: skip
def test_survives_json(
    height: int, width: int, channels: int, pixel: float | None, assumed: list[str]
) -> None:
    given_ = replace(
        float_interface(height, width, channels=channels, pixel_size_um=pixel),
        decoder=Decoder(threshold=0.3),
        assumed=tuple(assumed),
    )
    assert stored_and_read(given_) == given_


def test_several_quantized_maps_survive_json() -> None:
    given_ = fit_interface(
        CELLS,
        [facts((1, 64, 96, 3), "int8", INT8_INPUT)],
        [facts((1, 64, 96, 4), "int8", INT8_MAP)],
        name="m",
    )
    assert stored_and_read(given_) == given_
    assert {each.quantization for each in given_.maps} == {INT8_MAP}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"input": None}, "expected an object as input in net.json, but got null"),
        ({"maps": 3}, "expected a list as maps in net.json, but got 3"),
        ({"maps": []}, "expected one foreground map for the decoder threshold, but got 0"),
        ({"colour": 1}, "colour"),
        ({"decoder": {"kind": "treshold"}}, "expected a known name .did you mean 'threshold'"),
        ({"decoder": {"threshold": 1}}, "expected a threshold between 0 and 1, but got 1"),
        ({"pixel_size_um": -1}, "expected a pixel size above 0 micrometres, but got -1"),
        ({"pixel_size_um": "1"}, "expected a number as pixel_size_um in net.json"),
    ],
)
def test_bad_stored_data_is_one_sentence(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(ArtifactError, match=sentence):
        read(to_data(float_interface(64, 64)) | change)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"height": 0}, "expected an input height of 1 or more, but got 0"),
        ({"height": "64"}, "expected a whole number as input.height in net.json"),
        ({"channels": True}, "expected a whole number as input.channels in net.json, but got true"),
        ({"dtype": "int8"}, "expected a scale and a zero point for the input of type int8, but it has none"),
        ({"dtype": "int64"}, "expected float32, int8, uint8 as the type of the input, but got 'int64'"),
        ({"low": 2.0}, "expected an input with black below white, but got low 2 and high 1"),
        ({"layout": "NCHW"}, "expected the input layout NHWC, but got 'NCHW'"),
        ({"quantization": {"scale": 0.0, "zero_point": 0}}, "expected a scale above 0, but got 0"),
        ({"quantization": {"scale": 1.0}}, "zero_point"),
    ],
)
def test_bad_input_is_one_sentence(change: dict[str, object], sentence: str) -> None:
    stored = to_data(float_interface(64, 64))
    with pytest.raises(ArtifactError, match=sentence):
        read(stored | {"input": stored["input"] | change})


def test_two_maps_in_one_place_are_refused() -> None:
    twice = (CENTRES[0], replace(CENTRES[1], channel=0))
    with pytest.raises(ConfigError, match="two share one"):
        float_interface(64, 64, maps=twice)


def test_a_decoder_without_its_maps_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected one offset_x map for the decoder centres, but got 0"):
        float_interface(64, 64, maps=CENTRES[:3], decoder=GROUPED)


def test_what_a_float_file_does_not_tell_is_said() -> None:
    found = inspect_interface([facts((1, 64, 96, 1))], [facts((1, 64, 96, 1))], name="m")
    assert replace(found, assumed=()) == float_interface(64, 96)
    assert found.assumed == (
        "it takes grey images, black as 0 and white as 1",
        "its output is the probability of foreground, from 0 to 1",
    )


def test_edgesegs_own_file_assumes_nothing() -> None:
    found = inspect_interface([INT8[0]], [INT8[1]], name="m", own=True)
    assert found.assumed == ()
    assert found.input.quantization == INT8_INPUT
    assert has_own_scales(found)


@pytest.mark.parametrize(
    ("scale", "dtype", "black_and_white"),
    [
        (Quantization(scale=1 / 255, zero_point=0), "uint8", (0, 1)),
        (Quantization(scale=1 / 127.5, zero_point=0), "int8", (-1, 1)),
        (Quantization(scale=1 / 127.5, zero_point=128), "uint8", (-1, 1)),
        (Quantization(scale=1.0, zero_point=0), "uint8", (0, 255)),
        (Quantization(scale=0.0038, zero_point=-128), "int8", None),
        (Quantization(scale=0.0186, zero_point=-14), "int8", None),
    ],
)
def test_the_scale_of_an_integer_input_tells_black_and_white(
    scale: Quantization, dtype: str, black_and_white: tuple[float, float] | None
) -> None:
    if black_and_white is None:
        with pytest.raises(ArtifactError, match="cannot tell what black and white are for m"):
            inspect_interface([facts((1, 64, 64, 1), dtype, scale)], [INT8[1]], name="m")
        return
    found = inspect_interface([facts((1, 64, 64, 1), dtype, scale)], [INT8[1]], name="m")
    assert (found.input.low, found.input.high) == black_and_white


def test_several_maps_are_taken_for_classes_and_that_is_said() -> None:
    found = inspect_interface([facts((1, 8, 8, 3))], [facts((1, 8, 8, 2)), facts((1, 8, 8, 1))], name="m")
    assert [(each.output, each.channel) for each in found.maps] == [(0, 0), (0, 1), (1, 0)]
    assert found.decoder.kind is DecoderKind.ARGMAX
    assert "red, green, blue" in found.assumed[0]
    assert found.assumed[1] == "its 3 maps are the probabilities of classes, the first of them the background"


def test_logits_are_no_probabilities() -> None:
    logits = facts((1, 8, 8, 1), "int8", Quantization(scale=0.1, zero_point=0))
    with pytest.raises(ArtifactError, match=r"goes from -12\.8 to 12\.7; let it end with a sigmoid"):
        inspect_interface([facts((1, 8, 8, 1))], [logits], name="m")


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ([], [facts((1, 8, 8, 1))]),
        ([facts((1, 8, 8, 1))], []),
        ([facts((1, 8, 8, 1))] * 2, [facts((1, 8, 8, 1))]),
        ([facts((1, 8, 8, 1))], [facts((1, 4, 4, 1))]),
        ([facts((1, 4))], [facts((1, 4))]),
        ([facts((2, 8, 8, 1))], [facts((2, 8, 8, 1))]),
        ([facts((1, 8, 8, 1), "int64")], [facts((1, 8, 8, 1))]),
    ],
)
def test_what_is_no_image_to_maps_is_refused(inputs: list[TensorFacts], outputs: list[TensorFacts]) -> None:
    with pytest.raises(ArtifactError, match=r"expected one \(1, H, W, C\) input and outputs of the same"):
        inspect_interface(inputs, outputs, name="m")


def test_a_file_that_does_not_fit_its_interface_is_refused() -> None:
    with pytest.raises(ArtifactError, match=r"expected an input of \(1, 64, 96, 3\) in m"):
        fit_interface(CELLS, [facts((1, 64, 96, 1))], [facts((1, 64, 96, 4))], name="m")
    with pytest.raises(ArtifactError, match="expected the map 'offset_x' in channel 3 of output 0 of m"):
        fit_interface(CELLS, [facts((1, 64, 96, 3))], [facts((1, 64, 96, 3))], name="m")


def test_other_scales_are_told() -> None:
    other = facts((1, 64, 64, 1), "int8", Quantization(scale=1 / 255, zero_point=-128))
    assert not has_own_scales(inspect_interface([INT8[0]], [other], name="m"))
