"""The interface of a network: what goes in, what comes out, and how that becomes a result.

Stated in the sidecar of a file and in the run that it comes from; found by inspection for a file without a
sidecar, and then `assumed` says what the file itself does not tell. How images become the input tensor and
output tensors become masks is in `encoding`. Both modules together are the only place that knows scales and
zero points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from edgeseg.errors import ArtifactError, ConfigError
from edgeseg.records import stored

#: The number types of inputs and maps, and the least and the greatest value of the integer ones.
INTEGER_RANGES = {"int8": (-128, 127), "uint8": (0, 255)}
DTYPES = ("float32", *INTEGER_RANGES)

#: Real values may pass the ends of a range by this share of it: scales are rounded.
_SLACK = 0.02


class Meaning(StrEnum):
    """What a map tells of each pixel, as a number from 0 to 1."""

    FOREGROUND = "foreground"  # the probability that it belongs to a cell
    CENTRE = "centre"  # how near it is to the centre of its cell
    OFFSET_Y = "offset_y"  # where the centre of its cell is, down
    OFFSET_X = "offset_x"  # and to the right
    CLASS = "class"  # the probability of one class; the first class is the background


class DecoderKind(StrEnum):
    """How maps become a result."""

    THRESHOLD = "threshold"  # foreground where its probability exceeds the threshold
    ARGMAX = "argmax"  # of the classes the most probable
    CENTRES = "centres"  # as `threshold`, and each foreground pixel belongs to the centre it points to


#: What each decoder needs, each once; `argmax` takes two or more classes.
_NEEDED = {
    DecoderKind.THRESHOLD: (Meaning.FOREGROUND,),
    DecoderKind.ARGMAX: (Meaning.CLASS,),
    DecoderKind.CENTRES: (Meaning.FOREGROUND, Meaning.CENTRE, Meaning.OFFSET_Y, Meaning.OFFSET_X),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantization:
    """A stored integer `q` stands for the real value `scale * (q - zero_point)`."""

    scale: float
    zero_point: int

    def __post_init__(self) -> None:
        if not 0 < self.scale < math.inf:
            raise ConfigError(f"expected a scale above 0, but got {self.scale:g}")

    def real_range(self, dtype: str) -> tuple[float, float]:
        """The least and the greatest real value of an integer type."""
        low, high = INTEGER_RANGES[dtype]
        return self.scale * (low - self.zero_point), self.scale * (high - self.zero_point)


#: What edgeseg gives the int8 files that it makes: preparing an image is one XOR, and the mask a sign test.
INT8_INPUT = Quantization(scale=1 / 255, zero_point=-128)
INT8_MAP = Quantization(scale=1 / 256, zero_point=-128)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTensor:
    """The image that a network takes.

    Attributes:
        height: pixels.
        width: pixels.
        channels: 1 for grey, 3 for red, green, blue.
        dtype: one of `DTYPES`.
        quantization: of an integer type; None for float32.
        low: the real value that the network expects for black (0 of 255).
        high: and for white (255 of 255).
        layout: `NHWC`.
    """

    height: int
    width: int
    channels: int = 1
    dtype: str = "float32"
    quantization: Quantization | None = None
    low: float = 0.0
    high: float = 1.0
    layout: str = "NHWC"

    def __post_init__(self) -> None:
        for name, value in (("height", self.height), ("width", self.width), ("channels", self.channels)):
            if value < 1:
                raise ConfigError(f"expected an input {name} of 1 or more, but got {value}")
        _check_numbers("the input", self.dtype, self.quantization)
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ConfigError(
                f"expected an input with black below white, but got low {self.low:g} and high {self.high:g}"
            )
        if self.layout != "NHWC":
            raise ConfigError(f"expected the input layout NHWC, but got '{self.layout}'")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of the tensor: `(1, height, width, channels)`."""
        return (1, self.height, self.width, self.channels)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapTensor:
    """One map of numbers that a network gives, of the input's height and width.

    Attributes:
        name: for people: `foreground`, or the name of a class.
        meaning: what it tells.
        output: number of the output tensor that holds it.
        channel: its place in that tensor.
        dtype: one of `DTYPES`.
        quantization: of an integer type; None for float32.
    """

    name: str
    meaning: Meaning
    output: int = 0
    channel: int = 0
    dtype: str = "float32"
    quantization: Quantization | None = None

    def __post_init__(self) -> None:
        if self.output < 0 or self.channel < 0:
            raise ConfigError(
                f"expected the map '{self.name}' in an output and a channel from 0 on, but got "
                f"{self.output} and {self.channel}"
            )
        _check_numbers(f"the map '{self.name}'", self.dtype, self.quantization)


@dataclass(frozen=True, slots=True, kw_only=True)
class Centres:
    """What centre and offset maps mean in pixels.

    Attributes:
        bump: standard deviation of the bump that the centre map has on each cell, pixels.
        reach: the offset that the value 1 of an offset map stands for, pixels; 0 stands for as much the
            other way, and a half for no offset. Offsets go from a pixel to the centre of its cell.
        peak: the least height of a bump, smoothed, 0 to 1.
        speck: pieces of foreground without a centre and of fewer pixels than this are no cells.
    """

    bump: float
    reach: int
    peak: float = 0.22
    speck: int = 0

    def __post_init__(self) -> None:
        if not 0.5 <= self.bump <= 1000:
            raise ConfigError(f"expected a bump of 0.5 to 1000 pixels, but got {self.bump:g}")
        if not 1 <= self.reach <= 4096:
            raise ConfigError(f"expected a reach of 1 to 4096 pixels, but got {self.reach}")
        if not 0 < self.peak < 1:
            raise ConfigError(f"expected a least peak between 0 and 1, but got {self.peak:g}")
        if self.speck < 0:
            raise ConfigError(f"expected specks of 0 pixels or more, but got {self.speck}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoder:
    """How the maps become a result.

    Attributes:
        kind: the way.
        threshold: the probability above which a pixel is foreground; `argmax` needs none.
        centres: of the kind `centres`, and of no other.
    """

    kind: DecoderKind = DecoderKind.THRESHOLD
    threshold: float = 0.5
    centres: Centres | None = field(default=None, metadata=stored(omit_default=True))

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise ConfigError(f"expected a threshold between 0 and 1, but got {self.threshold:g}")
        if (self.kind is DecoderKind.CENTRES) != (self.centres is not None):
            wanted = "the scale of centres" if self.centres is None else "no scale of centres"
            raise ConfigError(f"expected {wanted} for the decoder {self.kind}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """All that a reader of a network must know.

    Attributes:
        input: the image.
        maps: in order.
        decoder: how they become a result.
        pixel_size_um: micrometres a pixel of the images that it was trained on; None where unknown.
        assumed: what was not stated anywhere and had to be assumed, a sentence each; empty for a file that
            comes with its sidecar.
    """

    input: InputTensor
    maps: tuple[MapTensor, ...]
    decoder: Decoder = Decoder()
    pixel_size_um: float | None = None
    assumed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len({(each.output, each.channel) for each in self.maps}) < len(self.maps):
            raise ConfigError("expected each map in an output or channel of its own, but two share one")
        if len({each.name for each in self.maps}) < len(self.maps):
            raise ConfigError("expected a name of its own for each map, but two share one")
        if self.pixel_size_um is not None and not 0 < self.pixel_size_um < math.inf:
            raise ConfigError(f"expected a pixel size above 0 micrometres, but got {self.pixel_size_um:g}")
        for meaning in _NEEDED[self.decoder.kind]:
            count = len(self.of(meaning))
            fits = count >= 2 if meaning is Meaning.CLASS else count == 1
            if not fits:
                wanted = "at least two class maps" if meaning is Meaning.CLASS else f"one {meaning} map"
                raise ConfigError(f"expected {wanted} for the decoder {self.decoder.kind}, but got {count}")

    @property
    def size(self) -> tuple[int, int]:
        """`(height, width)` of the images, pixels."""
        return self.input.height, self.input.width

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Of an image as an array: `(height, width)` where it is grey, else with the channels last."""
        return self.size if self.channels == 1 else (*self.size, self.channels)

    @property
    def channels(self) -> int:
        """Of the images: 1 grey, 3 RGB."""
        return self.input.channels

    @property
    def tells_apart(self) -> bool:
        """Whether the network tells cells apart that touch."""
        return self.decoder.kind is DecoderKind.CENTRES

    def of(self, meaning: Meaning) -> tuple[int, ...]:
        """The numbers of the maps with a meaning."""
        return tuple(number for number, each in enumerate(self.maps) if each.meaning is meaning)


def foreground_maps(count: int = 1) -> tuple[MapTensor, ...]:
    """The maps of a network that gives a foreground and nothing else that is known: one float32 tensor.

    Raises:
        ConfigError: there is more than one map, and nothing says what the others mean.
    """
    if count != 1:
        raise ConfigError(f"expected the meaning of each of the {count} maps, but it is not stated")
    return (MapTensor(name=Meaning.FOREGROUND.value, meaning=Meaning.FOREGROUND),)


def float_interface(
    height: int,
    width: int,
    *,
    channels: int = 1,
    maps: Sequence[MapTensor] | None = None,
    decoder: Decoder | None = None,
    pixel_size_um: float | None = None,
) -> Interface:
    """The interface of a network as it is trained: float32 from 0 (black) to 1 (white), maps in float32.

    Args:
        height: of the input, pixels.
        width: likewise.
        channels: of the input.
        maps: in order; None: one foreground map.
        decoder: None: a threshold of a half.
        pixel_size_um: micrometres a pixel, where known.
    """
    return Interface(
        input=InputTensor(height=height, width=width, channels=channels),
        maps=foreground_maps() if maps is None else tuple(maps),
        decoder=decoder or Decoder(),
        pixel_size_um=pixel_size_um,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorFacts:
    """What a file or a runtime tells of an input or output tensor.

    Attributes:
        shape: of it; 1 where a dimension is left open.
        dtype: numpy's name.
        quantization: of an integer type, or None.
    """

    shape: tuple[int, ...]
    dtype: str
    quantization: Quantization | None

    def __str__(self) -> str:
        return f"{self.dtype} {self.shape}"


def inspect_interface(
    inputs: Sequence[TensorFacts], outputs: Sequence[TensorFacts], *, name: str, own: bool = False
) -> Interface:
    """The interface of a file whose sidecar states none.

    Args:
        inputs: of the file.
        outputs: of the file, in order.
        name: what to call the file in sentences.
        own: edgeseg made it, at a time when sidecars stated no interface: grey from 0 to 1 in, the
            probability of foreground out. Nothing is assumed then.

    Raises:
        ArtifactError: it cannot be run as a network from one image to maps of the same size, or its numbers
            do not tell what black and white or a probability are.
    """
    _refuse_other_shapes(inputs, outputs, name)
    try:
        image, said = _inspect_input(inputs[0], name)
        maps = tuple(_inspect_maps(outputs))
        several = len(maps) > 1
        said.append(_said_of_maps(len(maps)))
        return Interface(
            input=image,
            maps=maps,
            decoder=Decoder(kind=DecoderKind.ARGMAX if several else DecoderKind.THRESHOLD),
            assumed=() if own else tuple(said),
        )
    except ConfigError as error:
        raise ArtifactError(f"cannot run {name}: {error}") from error


def fit_interface(
    stated: Interface, inputs: Sequence[TensorFacts], outputs: Sequence[TensorFacts], *, name: str
) -> Interface:
    """A stated interface with the types and scales that a file has: what its sidecar is to state.

    Args:
        stated: of the network that the file was made from.
        inputs: of the file.
        outputs: of the file.
        name: what to call the file in sentences.

    Raises:
        ArtifactError: the file has another shape than the interface, or an output fewer.
    """
    _refuse_other_shapes(inputs, outputs, name)
    found = inputs[0]
    if found.shape != stated.input.shape:
        raise ArtifactError(
            f"expected an input of {stated.input.shape} in {name}, as its interface states, but it has "
            f"{found.shape}; export it again"
        )
    maps = []
    for each in stated.maps:
        if each.output >= len(outputs) or each.channel >= outputs[each.output].shape[3]:
            raise ArtifactError(
                f"expected the map '{each.name}' in channel {each.channel} of output {each.output} of "
                f"{name}, as its interface states, but it has {_listed(outputs)}; export it again"
            )
        output = outputs[each.output]
        maps.append(replace(each, dtype=output.dtype, quantization=output.quantization))
    try:
        image = replace(stated.input, dtype=found.dtype, quantization=found.quantization)
        return replace(stated, input=image, maps=tuple(maps))
    except ConfigError as error:
        raise ArtifactError(f"cannot run {name}: {error}") from error


def has_own_scales(interface: Interface) -> bool:
    """Whether an interface has float numbers, or the scales of edgeseg's own int8 files."""
    pairs = [(interface.input.dtype, interface.input.quantization, INT8_INPUT)]
    pairs += [(each.dtype, each.quantization, INT8_MAP) for each in interface.maps]
    return all(dtype == "float32" or _is_near(found, wanted) for dtype, found, wanted in pairs)


def _is_near(found: Quantization | None, wanted: Quantization) -> bool:
    return (
        found is not None
        and math.isclose(found.scale, wanted.scale, rel_tol=1e-6)
        and found.zero_point == wanted.zero_point
    )


def _refuse_other_shapes(inputs: Sequence[TensorFacts], outputs: Sequence[TensorFacts], name: str) -> None:
    """Refuse what is not one image in, maps of the same height and width out."""
    fits = (
        len(inputs) == 1
        and outputs
        and all(len(each.shape) == 4 and each.shape[0] == 1 for each in (*inputs, *outputs))
        and all(each.shape[1:3] == inputs[0].shape[1:3] for each in outputs)
        and all(each.dtype in DTYPES for each in (*inputs, *outputs))
    )
    if not fits:
        raise ArtifactError(
            "expected one (1, H, W, C) input and outputs of the same H and W, in float32, int8 or uint8, "
            f"but {name} has {_listed(inputs)} -> {_listed(outputs)}"
        )


def _listed(tensors: Sequence[TensorFacts]) -> str:
    return ", ".join(map(str, tensors)) or "nothing"


def _inspect_input(found: TensorFacts, name: str) -> tuple[InputTensor, list[str]]:
    _, height, width, channels = found.shape
    low, high = 0.0, 1.0
    if found.quantization and found.dtype in INTEGER_RANGES:
        low, high = _inspect_range(found.quantization, found.dtype, name)
    image = InputTensor(
        height=height, width=width, channels=channels, dtype=found.dtype, quantization=found.quantization,
        low=low, high=high,
    )  # fmt: skip
    kinds = {1: "grey images", 3: "colour images, in the order red, green, blue"}
    kind = kinds.get(channels, f"images of {channels} channels")
    return image, [f"it takes {kind}, black as {low:g} and white as {high:g}"]


def _inspect_range(quantization: Quantization, dtype: str, name: str) -> tuple[float, float]:
    """Black and white of an integer input, from the values that its scale can state."""
    least, most = quantization.real_range(dtype)
    for low, high in ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)):
        slack = _SLACK * (high - low)
        if abs(least - low) <= slack and abs(most - high) <= slack:
            return low, high
    raise ArtifactError(
        f"cannot tell what black and white are for {name}: its {dtype} input goes from {least:.4g} to "
        f"{most:.4g}, expected 0 to 1, -1 to 1 or 0 to 255; convert it with one of these"
    )


def _inspect_maps(outputs: Sequence[TensorFacts]) -> list[MapTensor]:
    places = [(number, channel) for number, each in enumerate(outputs) for channel in range(each.shape[3])]
    maps = []
    for index, (number, channel) in enumerate(places):
        alone = len(places) == 1
        dtype, quantization = outputs[number].dtype, outputs[number].quantization
        _refuse_no_probability(dtype, quantization)
        maps.append(
            MapTensor(
                name=Meaning.FOREGROUND.value if alone else f"class {index}",
                meaning=Meaning.FOREGROUND if alone else Meaning.CLASS,
                output=number, channel=channel, dtype=dtype, quantization=quantization,
            )
        )  # fmt: skip
    return maps


def _refuse_no_probability(dtype: str, quantization: Quantization | None) -> None:
    if quantization is None or dtype not in INTEGER_RANGES:
        return
    low, high = quantization.real_range(dtype)
    if low < -_SLACK or not 0.5 < high <= 1 + _SLACK:
        raise ConfigError(
            f"expected a probability from 0 to 1 as its output, but its {dtype} output goes from {low:.4g} "
            f"to {high:.4g}; let it end with a sigmoid or softmax"
        )


def _said_of_maps(count: int) -> str:
    if count == 1:
        return "its output is the probability of foreground, from 0 to 1"
    return f"its {count} maps are the probabilities of classes, the first of them the background"


def _check_numbers(what: str, dtype: str, quantization: Quantization | None) -> None:
    if dtype not in DTYPES:
        raise ConfigError(f"expected {', '.join(DTYPES)} as the type of {what}, but got '{dtype}'")
    if (dtype in INTEGER_RANGES) != (quantization is not None):
        got = "it has one" if quantization else "it has none"
        wanted = "no scale" if quantization else "a scale and a zero point"
        raise ConfigError(f"expected {wanted} for {what} of type {dtype}, but {got}")
