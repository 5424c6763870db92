"""Images into tensors and tensors into masks: laws that hold for every grey value and every scale."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.errors import DatasetError
from edgeseg.model.encoding import (
    Encoder,
    MaskDecoder,
    above,
    float_batch,
    grey_table,
    real_values,
    split_maps,
    to_real,
)
from edgeseg.model.interface import (
    INT8_INPUT,
    INT8_MAP,
    INTEGER_RANGES,
    Decoder,
    DecoderKind,
    InputTensor,
    MapTensor,
    Meaning,
    Quantization,
    float_interface,
)

GREY = np.arange(256, dtype=np.uint8).reshape(16, 16)
OWN = InputTensor(height=16, width=16, dtype="int8", quantization=INT8_INPUT)

scales = st.builds(Quantization, scale=st.floats(1e-4, 2, allow_nan=False), zero_point=st.integers(-128, 127))


def test_an_own_int8_input_is_one_xor() -> None:
    expected = (GREY.astype(np.int16) - 128).astype(np.int8)
    assert np.array_equal(Encoder(OWN)(GREY)[0, :, :, 0], expected)
    assert np.array_equal(grey_table(OWN), expected.ravel())


def test_a_scale_as_files_store_it_is_the_same_xor() -> None:
    stored = replace(OWN, quantization=Quantization(scale=float(np.float32(1 / 255)), zero_point=-128))
    assert np.array_equal(grey_table(stored), grey_table(OWN))


def test_a_uint8_input_takes_the_image_itself() -> None:
    tensor = replace(OWN, dtype="uint8", quantization=Quantization(scale=1 / 255, zero_point=0))
    assert np.shares_memory(Encoder(tensor)(GREY), GREY)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@given(scale=scales, low=st.sampled_from((-1.0, 0.0)), high=st.sampled_from((1.0, 255.0)))
def test_an_integer_input_is_the_nearest_that_there_is(
    dtype: str, scale: Quantization, low: float, high: float
) -> None:
    tensor = replace(OWN, dtype=dtype, quantization=scale, low=low, high=high)
    stored = Encoder(tensor)(GREY).ravel().astype(np.int64)
    least, most = INTEGER_RANGES[dtype]
    assert ((least <= stored) & (stored <= most)).all()
    real = low + (high - low) * np.arange(256) / 255
    error = np.abs((stored - scale.zero_point) * scale.scale - real)
    inside = (least < stored) & (stored < most)
    assert (error[inside] <= scale.scale / 2 * (1 + 1e-9) + 1e-12).all()
    for end, beyond in ((least, 1), (most, -1)):  # what is clipped lies beyond the end
        at = stored == end
        rest = ((stored[at] - scale.zero_point) * scale.scale - real[at]) * beyond
        assert (rest >= -scale.scale / 2 * (1 + 1e-9)).all()


def test_float_inputs_are_from_black_to_white() -> None:
    assert np.array_equal(real_values(GREY).ravel(), np.arange(256).astype(np.float32) * np.float32(1 / 255))
    assert real_values(GREY, -1, 1).ravel()[[0, 255]].tolist() == [-1, 1]


def test_colour_keeps_its_channels() -> None:
    image = np.arange(16 * 16 * 3, dtype=np.uint32).astype(np.uint8).reshape(16, 16, 3)
    tensor = replace(OWN, channels=3)
    assert np.array_equal(Encoder(tensor)(image)[0], image.astype(np.int16) - 128)


@pytest.mark.parametrize(("channels", "shape"), [(3, (4, 4)), (1, (4, 4, 3)), (3, (4, 4, 1))])
def test_another_number_of_channels_is_refused(channels: int, shape: tuple[int, ...]) -> None:
    with pytest.raises(DatasetError, match=f"expected an image of {channels} channels"):
        Encoder(replace(OWN, channels=channels))(np.zeros(shape, np.uint8))


def test_batches_get_their_channels() -> None:
    assert float_batch(np.zeros((2, 4, 6), np.uint8)).shape == (2, 4, 6, 1)
    assert float_batch(np.zeros((2, 4, 6, 3), np.uint8), 3).shape == (2, 4, 6, 3)
    with pytest.raises(ValueError, match="expected images of 3 channels"):
        float_batch(np.zeros((2, 4, 6), np.uint8), 3)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@given(scale=scales, threshold=st.floats(0.01, 0.99))
def test_the_stored_threshold_decides_as_the_real_one(
    dtype: str, scale: Quantization, threshold: float
) -> None:
    tensor = MapTensor(name="m", meaning=Meaning.FOREGROUND, dtype=dtype, quantization=scale)
    least, most = INTEGER_RANGES[dtype]
    for stored in range(least, most + 1):
        assert (stored > above(tensor, threshold)) == (stored - scale.zero_point > threshold / scale.scale)


def test_the_mask_of_an_own_int8_map_is_a_sign_test() -> None:
    stored = np.arange(-128, 128).astype(np.int8).reshape(16, 16)
    own = float_interface(16, 16)
    own = replace(own, maps=(replace(own.maps[0], dtype="int8", quantization=INT8_MAP),))
    assert np.array_equal(MaskDecoder(own).mask((stored,)), stored > 0)
    expected = (np.arange(256).astype(np.float32) / 256).reshape(16, 16)
    assert np.array_equal(MaskDecoder(own).probability((stored,)), expected)


@given(scale=scales)
def test_real_values_of_stored_ones(scale: Quantization) -> None:
    stored = np.arange(-128, 128).astype(np.int8)
    exact = (np.arange(-128, 128) - scale.zero_point) * scale.scale
    assert np.allclose(to_real(stored, scale), exact, rtol=1e-6, atol=1e-6)


def test_maps_come_from_their_outputs_and_channels() -> None:
    maps = tuple(
        MapTensor(name=str(number), meaning=Meaning.CLASS, output=output, channel=channel)
        for number, (output, channel) in enumerate(((1, 0), (0, 1), (0, 0)))
    )
    interface = float_interface(2, 2, maps=maps, decoder=Decoder(kind=DecoderKind.ARGMAX))
    outputs = [np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2), np.full((1, 2, 2, 1), 9, np.float32)]
    found = split_maps(outputs, interface)
    assert [each.ravel().tolist() for each in found] == [[9] * 4, [1, 3, 5, 7], [0, 2, 4, 6]]


def test_classes_of_different_scales_are_compared_by_their_real_values() -> None:
    wide, fine = Quantization(scale=1 / 256, zero_point=-128), Quantization(scale=1 / 512, zero_point=-128)
    maps = tuple(
        MapTensor(name=str(n), meaning=Meaning.CLASS, output=n, dtype="int8", quantization=each)
        for n, each in enumerate((wide, fine))
    )
    interface = float_interface(1, 2, maps=maps, decoder=Decoder(kind=DecoderKind.ARGMAX))
    decoder = MaskDecoder(interface)
    stored = (np.array([[-28, -108]], np.int8), np.array([[0, 0]], np.int8))  # 100/256, 20/256; 128/512
    assert decoder.classes(stored).tolist() == [[0, 1]]
    assert decoder.mask(stored).tolist() == [[False, True]]
    assert decoder.probability(stored).tolist() == [[0.25, 0.25]]
