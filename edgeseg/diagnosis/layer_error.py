"""What quantization did to every layer: the values of a quantized file against those of its float file.

For one layer, with x the values in the float file and y those in the quantized one, over all images:

    SQNR        10 log10( sum x^2 / sum (x - y)^2 ), decibels; 6 dB are one bit
    cosine      sum x y / sqrt( sum x^2 sum y^2 )
    saturated   share of the y at an end of their integer range, whose x lies beyond it by more than one
                step; a zero that a ReLU left at the lower end is none

Errors travel: each layer gets the noise of those before it. What enters anew is the noise power over
the signal power, minus that of the noisiest input.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.diagnosis.matching import Layer
from edgeseg.model.flatbuffer import Tensor


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over the values of one layer: of x^2, y^2, x y, (x - y)^2, saturated ones, and all."""

    signal: float = 0.0
    other: float = 0.0
    product: float = 0.0
    noise: float = 0.0
    saturated: int = 0
    count: int = 0

    def __add__(self, more: Tally) -> Tally:
        return Tally(
            self.signal + more.signal, self.other + more.other, self.product + more.product,
            self.noise + more.noise, self.saturated + more.saturated, self.count + more.count,
        )  # fmt: skip

    @property
    def noise_share(self) -> float:
        """Noise power over signal power; infinite for noise without a signal."""
        if self.signal:
            return self.noise / self.signal
        return math.inf if self.noise else 0.0

    @property
    def cosine(self) -> float:
        """From -1 to 1; 1 if both are zero, 0 if one is."""
        if self.signal and self.other:
            return self.product / math.sqrt(self.signal * self.other)
        return 1.0 if self.signal == self.other else 0.0


def tally(reference: npt.NDArray[Any], stored: npt.NDArray[Any], tensor: Tensor) -> Tally:
    """Compare one activation on one image.

    Args:
        reference: its values in the float file, any shape.
        stored: in the quantized file, of the same shape; integers are scaled as `tensor` says.
        tensor: that holds `stored`.
    """
    x = np.asarray(reference, np.float64).ravel()
    y = np.asarray(stored, np.float64).ravel()
    saturated = 0
    if tensor.scales:
        scale, zero = tensor.scales[0], tensor.zero_points[0]
        y = scale * (y - zero)
        limits = np.iinfo(stored.dtype)
        low, high = (scale * (end - zero) for end in (limits.min, limits.max))
        saturated = int(np.count_nonzero((y <= low) & (x < low - scale) | (y >= high) & (x > high + scale)))
    return Tally(float(x @ x), float(y @ y), float(x @ y), float(np.sum((x - y) ** 2)), saturated, x.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerError:
    """How far a layer of a quantized file is from the float file.

    Attributes:
        index: number of the operator in the float file.
        operator: its kind.
        layer: its name.
        dtype: of its output in the quantized file.
        sqnr_db: signal to quantization noise, decibels; None if there is no noise at all.
        input_sqnr_db: that of its noisiest input.
        entered: noise power over signal power that this layer adds; 0 if it adds none.
        cosine: similarity, -1 to 1.
        saturation: share of saturated values, 0 to 1; None for a float output.
        float_cost_bytes: about how many bytes the file grows if this layer stays in float.
    """

    index: int
    operator: str
    layer: str
    dtype: str
    sqnr_db: float | None
    input_sqnr_db: float | None
    entered: float
    cosine: float
    saturation: float | None
    float_cost_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)


def summarize(
    layers: Sequence[Layer], tallies: Sequence[Tally], tensors: Sequence[Tensor]
) -> tuple[LayerError, ...]:
    """The errors of all layers, the worst first: least SQNR, and of equal ones the first to run.

    Args:
        layers: from `match_layers`.
        tallies: of each, over all images.
        tensors: that hold each one's output in the quantized file.
    """
    shares = {each.reference: total.noise_share for each, total in zip(layers, tallies, strict=True)}
    errors = []
    for each, total, tensor in zip(layers, tallies, tensors, strict=True):
        before = max((shares.get(number, 0.0) for number in each.inputs), default=0.0)
        share, integer = total.noise_share, bool(tensor.scales)
        errors.append(
            LayerError(
                index=each.index,
                operator=each.operator,
                layer=each.name,
                dtype=tensor.dtype,
                sqnr_db=_decibels(share),
                input_sqnr_db=_decibels(before),
                entered=max(min(share, _MOST) - min(before, _MOST), 0.0),
                cosine=total.cosine,
                saturation=total.saturated / max(total.count, 1) if integer else None,
                float_cost_bytes=_float_cost(each) if integer else 0,
            )
        )
    return tuple(sorted(errors, key=lambda e: (math.inf if e.sqnr_db is None else e.sqnr_db, e.index)))


#: More noise than a thousand times the signal is as bad as it gets, and JSON knows no infinity.
_MOST = 1e3


def _decibels(share: float) -> float | None:
    return -10 * math.log10(min(share, _MOST)) if share > 0 else None


def _float_cost(layer: Layer) -> int:
    """Three bytes more a weight, the scales of kernel and bias (8 bytes a channel) less, two conversions."""
    weights = 3 * math.prod(layer.kernel) - 8 * layer.kernel[0] if layer.kernel else 0
    return weights + _CONVERSIONS


#: Bytes of a DEQUANTIZE before and a QUANTIZE behind a layer, each with a tensor: measured on files of both
#: families, layer by layer (60 to 270).
_CONVERSIONS = 160
