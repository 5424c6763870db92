"""What a transmitted-light microscope and its camera make of a specimen.

The specimen delays light and absorbs none. Its image is the interference of the wave that went
through, blurred by the objective, with the undiffracted background light, which the phase ring dims
and shifts by a quarter wave (Zernike 1942). The ring also catches light that was diffracted a
little: that is where the bright halo, the dark rim and the fading towards the middle of wide cells
come from, and why a cell thick enough turns from dark to bright.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg.data.images import Grey8

Floats = npt.NDArray[np.float32]

#: Normally distributed numbers to draw from: five times as fast as making new ones.
_NORMAL = np.random.Generator(np.random.PCG64(0)).standard_normal(2**16, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Microscope:
    """How an image is taken.

    Attributes:
        blur: sigma of the objective's point spread, pixels.
        halo: sigma of what passes for background light, pixels.
        ring: amplitude that the phase ring lets through, 0 to 1; less means more contrast.
        grey: grey value of the empty background.
        shot: standard deviation of the shot noise at the background's grey value, grey values.
        readout: standard deviation of the readout noise, grey values.
    """

    blur: float
    halo: float
    ring: float
    grey: float
    shot: float
    readout: float


def draw_microscope(rng: np.random.Generator) -> Microscope:
    """The settings of one image; every image of a data set has its own."""
    return Microscope(
        blur=rng.uniform(0.6, 1.0), halo=rng.uniform(2.8, 6), ring=rng.uniform(0.42, 0.8),
        grey=rng.uniform(85, 150), shot=rng.uniform(1.0, 3.5), readout=rng.uniform(0.4, 1.5),
    )  # fmt: skip


def form_image(delay: Floats, microscope: Microscope) -> Floats:
    """The relative intensity in the image plane.

    Args:
        delay: `(size, size)` float32, of the light, radians.
        microscope: the settings.

    Returns:
        `(size, size)` float32, 1 in the background, 0 to about 3.
    """
    wave, ring = (np.cos(delay), np.sin(delay)), np.float32(microscope.ring)
    sharp = [
        cv2.GaussianBlur(part, (0, 0), microscope.blur, borderType=cv2.BORDER_REPLICATE) for part in wave
    ]
    direct = [_wide_blur(part, microscope.halo) for part in wave]
    real = sharp[0] - direct[0] + ring * direct[1]
    imaginary = sharp[1] - direct[1] - ring * direct[0]
    intensity: Floats = (real * real + imaginary * imaginary) / (ring * ring)
    # The lamp is not a point: interference never gets as bright as the formula has it.
    intensity -= np.float32(0.75) * np.maximum(intensity - np.float32(1.4), 0)
    return intensity


def _wide_blur(wave: Floats, sigma: float) -> Floats:
    """A Gaussian blur, at half size: nothing is lost and three quarters of the time are won."""
    size = len(wave)
    small = cv2.resize(wave, ((size + 1) // 2,) * 2, interpolation=cv2.INTER_AREA)
    return _enlarge(cv2.GaussianBlur(small, (0, 0), sigma / 2, borderType=cv2.BORDER_REPLICATE), size)


def cloud(rng: np.random.Generator, size: int, pitch: int) -> Floats:
    """A smooth random field: `(size, size)` float32, about zero, standard deviation about 0.6.

    Args:
        rng: where the randomness comes from.
        size: side, pixels.
        pitch: the distance of its knots, pixels: the size of its hills.
    """
    # Hills are shaped on a coarse grid, where that is cheap; between its points a line will do.
    step = max(pitch // 4, 1)
    coarse, fine = -(-size // step), pitch // step
    knots = rng.standard_normal((coarse // fine + 3,) * 2, dtype=np.float32)
    hills = cv2.resize(knots, None, fx=fine, fy=fine, interpolation=cv2.INTER_CUBIC)
    return _enlarge(hills[fine : fine + coarse, fine : fine + coarse], size)


def _enlarge(field: npt.NDArray[Any], size: int) -> Floats:
    return np.asarray(cv2.resize(field, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def illumination(rng: np.random.Generator, size: int) -> Floats:
    """Uneven light: a fall-off around a centre, a slope, and slow waves; `(size, size)` about 1."""
    axis = np.linspace(-1, 1, 32, dtype=np.float32)
    x, y = axis[None] - np.float32(rng.uniform(-0.5, 0.5)), axis[:, None] - np.float32(rng.uniform(-0.5, 0.5))
    slope, turn = rng.uniform(0, 0.2), rng.uniform(0, 2 * np.pi)
    falloff = np.float32(-rng.uniform(0.02, 0.2)) * (x * x + y * y)
    tilt = np.float32(slope * np.cos(turn)) * x + np.float32(slope * np.sin(turn)) * y
    waves = cloud(rng, 32, 11) * np.float32(rng.uniform(0, 0.03))
    return _enlarge(1 + falloff + tilt + waves, size)


def add_defocused_point(light: Floats, rng: np.random.Generator) -> None:
    """A speck far from the focal plane: its Fresnel rings, multiplied into `light`, `(H, W)`."""
    radius = rng.uniform(5, 22)
    contrast = rng.uniform(0.03, 0.3) * min(1.0, 9 / radius)
    centre = rng.uniform(0, light.shape[0], 2)
    reach = int(radius * 1.6) + 1
    left, top = np.maximum(centre.astype(int) - reach, 0)
    part = light[top : int(centre[1]) + reach, left : int(centre[0]) + reach]
    x = np.arange(left, left + part.shape[1], dtype=np.float32)[None] - np.float32(centre[0])
    y = np.arange(top, top + part.shape[0], dtype=np.float32)[:, None] - np.float32(centre[1])
    squared = (x * x + y * y) / np.float32(radius * radius)
    rings = np.cos(squared * np.float32(rng.uniform(4, 11)) + np.float32(rng.uniform(0, 2 * np.pi)))
    part *= 1 + np.float32(contrast) * rings * np.exp(squared * -2)


def add_defocused_object(light: Floats, rng: np.random.Generator) -> None:
    """A fragment floating above the focal plane: a soft, uneven ring, multiplied into `light`."""
    radius, blur = rng.uniform(3, 15), rng.uniform(2.2, 4.5)
    turns = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    edge = radius * (1 + rng.normal(0, 0.2, 12))
    side = int(2 * (radius * 1.6 + 3 * blur)) | 1
    outline = np.stack([np.cos(turns) * edge, np.sin(turns) * edge], axis=1) + side / 2
    patch = np.zeros((side, side), np.float32)
    corners = np.rint(outline).astype(np.int32)
    cv2.fillPoly(patch, [corners], rng.uniform(-0.5, 0.4))
    cv2.polylines(patch, [corners], True, rng.uniform(-0.9, 0.9), 2)
    patch = np.asarray(cv2.GaussianBlur(patch, (0, 0), blur), np.float32)
    left, top = rng.integers(-side // 2, light.shape[0] - side // 2, 2)
    part = light[max(top, 0) : top + side, max(left, 0) : left + side]
    part *= 1 + patch[max(-top, 0) :, max(-left, 0) :][: part.shape[0], : part.shape[1]]


def expose(light: Floats, microscope: Microscope, rng: np.random.Generator) -> Grey8:
    """The camera's picture: `(H, W)` uint8, with shot noise and readout noise.

    Args:
        light: `(H, W)` float32, 1 in an evenly lit background.
        microscope: the settings.
        rng: where the noise comes from.
    """
    light = np.maximum(light, 0)
    shot, readout = np.float32(microscope.shot**2), np.float32(microscope.readout**2)
    noise = _NORMAL[rng.integers(0, len(_NORMAL), light.shape, np.uint16)] * np.sqrt(shot * light + readout)
    grey = np.rint(light * np.float32(microscope.grey) + noise)
    return np.asarray(np.clip(grey, 0, 255), np.uint8)
