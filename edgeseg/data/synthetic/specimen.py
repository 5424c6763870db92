"""Drawing cells: where a cell is, and by how much it delays the light that goes through it.

An adherent cell is an outline between the tips of its processes, a few extra thin processes, and a
thickness that rises from the edge to the nucleus. A rounded cell is a ball. Lengths are in pixels
(about 0.43 micrometres: a 10x objective, 1.5x magnification, a camera of 6.5 micrometre pixels), delays
in radians. Positions are complex numbers, x + iy: turning and stretching are then one product.
What a microscope makes of the delay is in `optics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Reals = npt.NDArray[np.float64]
Points = npt.NDArray[np.complex128]
_Number = TypeVar("_Number", bound=np.generic)
Range = tuple[float, float]

#: OpenCV takes vertices in units of 1/16 pixel.
_SHIFT = 4

_T = np.linspace(0, 1, 20)
#: Cubic Bernstein polynomials, `(20, 4)`: the points of a curve from its four control points.
_BEZIER = np.stack([(1 - _T) ** 3, 3 * (1 - _T) ** 2 * _T, 3 * (1 - _T) * _T**2, _T**3], axis=1)

#: How many extra thin processes a cell has, each entry as likely as another.
_STRANDS = (0, 0, 0, 1, 1, 1, 2, 2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """How a kind of adherent cell is built; pairs are ranges to draw from.

    Attributes:
        tips: how many processes, both ends included.
        reach: from the centre to a tip.
        hub: how far the body goes along a process before it tapers, as a share of the reach.
        girth: half the width of the body where a process leaves it.
        foot: half the width of a tip.
        delay: of the flat parts, radians.
    """

    tips: tuple[int, int]
    reach: Range
    hub: Range
    girth: Range
    foot: Range
    delay: Range


SPINDLE = Build(
    tips=(2, 3), reach=(32, 84), hub=(0.1, 0.3), girth=(5, 11), foot=(0.7, 2.5), delay=(0.35, 0.8)
)
STELLATE = Build(tips=(3, 5), reach=(28, 64), hub=(0.25, 0.5), girth=(3, 7), foot=(0.8, 5), delay=(0.28, 0.6))
SPREAD = Build(tips=(4, 7), reach=(30, 60), hub=(0.5, 0.95), girth=(4, 12), foot=(2, 12), delay=(0.14, 0.32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """A field of view in the making; the arrays are drawn into.

    Attributes:
        mask: `(H, W)` uint8, 1 where a cell is.
        labels: `(H, W)` uint16, the number of the cell that is there, 0 where none is.
        delay: `(H, W)` float32, by cells, radians.
        grain: `(H, W)` float32, point-like delays, still to be blurred to their size.
    """

    mask: Bytes
    labels: npt.NDArray[np.uint16]
    delay: Floats
    grain: Floats


def empty_specimen(size: int) -> Specimen:
    """An empty field of `size` x `size` pixels."""
    shape = (size, size)
    return Specimen(
        mask=np.zeros(shape, np.uint8),
        labels=np.zeros(shape, np.uint16),
        delay=np.zeros(shape, np.float32),
        grain=np.zeros(shape, np.float32),
    )


@dataclass(frozen=True, slots=True)
class _Window:
    """The part of a square field that a cell lies in; at least one pixel."""

    left: int
    top: int
    right: int
    bottom: int

    @staticmethod
    def around(points: Points, size: int) -> _Window:
        """The points and a margin, as far as they are in a field of `size` x `size`."""
        left, top, right, bottom = (
            min(max(int(edge), 0), size)
            for edge in (
                points.real.min() - 4, points.imag.min() - 4, points.real.max() + 5, points.imag.max() + 5
            )
        )  # fmt: skip
        left, top = min(left, size - 1), min(top, size - 1)
        return _Window(left, top, max(right, left + 1), max(bottom, top + 1))

    def view(self, array: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
        """The window's part of a field's array."""
        return array[self.top : self.bottom, self.left : self.right]

    def grid(self) -> tuple[Floats, Floats]:
        """Columns `(1, w)` and rows `(h, 1)`."""
        x, y = np.arange(self.left, self.right), np.arange(self.top, self.bottom)
        return x[None].astype(np.float32), y[:, None].astype(np.float32)

    def vertices(self, curve: Points) -> npt.NDArray[np.int32]:
        """A curve as OpenCV takes it, relative to the window."""
        relative = (curve - complex(self.left, self.top)) * 2**_SHIFT
        fixed: npt.NDArray[np.int32] = np.rint(relative.view(np.float64)).astype(np.int32)
        return fixed.reshape(-1, 2)

    def fill(self, outline: Points) -> Bytes:
        """1 inside the outline, 0 outside, no holes; `(h, w)`."""
        body = np.zeros((self.bottom - self.top, self.right - self.left), np.uint8)
        cv2.fillPoly(body, [self.vertices(outline)], 1, cv2.LINE_8, _SHIFT)
        # The fill rule leaves holes where an outline crosses itself.
        contours, _ = cv2.findContours(body, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(body, contours, -1, 1, cv2.FILLED)
        return body

    def draw(self, body: Bytes, strands: list[Points]) -> Bytes:
        """The body with strands, two pixels thick at the root and one at the end."""
        shape = body.copy()
        for vertices in map(self.vertices, strands):
            cv2.polylines(shape, [vertices], False, 1, 1, cv2.LINE_8, _SHIFT)
            cv2.polylines(shape, [vertices[:4]], False, 1, 2, cv2.LINE_8, _SHIFT)
        return shape


@dataclass(frozen=True, slots=True)
class _Nucleus:
    """An ellipse: its centre, direction, and semi-axes."""

    centre: complex
    axis: float
    long: float
    short: float

    @staticmethod
    def draw(rng: np.random.Generator, centre: complex, axis: float) -> _Nucleus:
        """A nucleus that lies about along its cell."""
        return _Nucleus(centre, axis + rng.normal(0, 0.25), rng.uniform(8, 12), rng.uniform(5.5, 7.5))

    def mound(self, rng: np.random.Generator, window: _Window) -> Floats:
        """How much thicker the cell is here, in thicknesses of its flat part; `(h, w)`."""
        x, y = window.grid()
        x, y = x - np.float32(self.centre.real), y - np.float32(self.centre.imag)
        cosine, sine = np.float32(np.cos(self.axis)), np.float32(np.sin(self.axis))
        along = (cosine * x + sine * y) / np.float32(self.long)
        across = (cosine * y - sine * x) / np.float32(self.short)
        squared = along * along + across * across
        middle, envelope = np.float32(rng.uniform(0.3, 0.9)), np.float32(rng.uniform(0, 0.4))
        rim = (squared - 1) ** 2
        height = middle * np.exp(squared * np.float32(-0.3)) + envelope * np.exp(rim * np.float32(-14))
        return np.asarray(height, np.float32)

    def granules(self, rng: np.random.Generator) -> tuple[Points, Reals]:
        """Nucleoli inside, vesicles around; some delay the light less than their surroundings."""
        nucleoli, vesicles = int(rng.integers(1, 5)), int(rng.integers(20, 140))
        distance = np.concatenate([rng.uniform(0, 0.6, nucleoli), 1 + rng.exponential(0.45, vesicles)])
        towards = distance * np.exp(1j * rng.uniform(0, 2 * np.pi, nucleoli + vesicles))
        places = (self.long * towards.real + 1j * self.short * towards.imag) * np.exp(1j * self.axis)
        light = np.where(rng.random(vesicles) < 0.85, 1, -0.9) * rng.uniform(0.3, 0.7)
        strength = np.concatenate([rng.uniform(1.2, 3, nucleoli), light * rng.exponential(1, vesicles)])
        return self.centre + places, strength


def add_grains(specimen: Specimen, places: Points, strength: Reals, *, on_cells: bool) -> None:
    """Add point-like delays at `places`, `(N,)`; those outside the field, or off the cells, are left out."""
    x, y = np.floor(places.real).astype(np.intp), np.floor(places.imag).astype(np.intp)
    size = len(specimen.mask)
    held = (x >= 0) & (x < size) & (y >= 0) & (y < size)
    x, y, strength = x[held], y[held], strength[held].astype(np.float32)
    np.add.at(specimen.grain, (y, x), strength * specimen.mask[y, x] if on_cells else strength)


def add_adherent(
    specimen: Specimen, rng: np.random.Generator, centre: complex, build: Build, *, number: int
) -> bool:
    """Put adherent cell `number` at `centre`; false, and nothing is done, if it would be mostly on others."""
    outline, axis = _outline(rng, build)
    strands = _strands(rng, outline)
    field = _Window.around(np.concatenate([outline, *strands]) + centre, len(specimen.mask))
    body = field.fill(outline + centre)
    shape = field.draw(body, [strand + centre for strand in strands])
    if not _give_way(shape, field.view(specimen.mask)):
        return False
    flat = rng.uniform(*build.delay)
    rise = rng.uniform(1.5, 3.5)
    delay = flat * (1 - np.exp(cv2.distanceTransform(shape, cv2.DIST_L2, 5) * np.float32(-1 / rise)))
    # A strand is round, not flat: it delays more than a lamella of its width.
    delay += (shape > body) * np.float32(0.5 * flat)
    nucleus = _Nucleus.draw(rng, centre, axis)
    delay += nucleus.mound(rng, field) * np.float32(flat)
    _settle(specimen, field, shape, delay, number)
    add_grains(specimen, *nucleus.granules(rng), on_cells=True)
    add_grains(specimen, *_feet(rng, outline[:: len(_BEZIER)] + centre), on_cells=True)
    return True


def add_rounded(specimen: Specimen, rng: np.random.Generator, centre: complex, *, number: int) -> bool:
    """Put a rounded (dividing or dying) cell at `centre`, as `add_adherent` does."""
    turns, radius = np.linspace(0, 2 * np.pi, 40, endpoint=False), rng.uniform(7, 12)
    blebs = rng.normal(0, rng.choice([0.01, 0.08]), 40)
    blebs = (np.roll(blebs, 1) + blebs + np.roll(blebs, -1)) / 2
    oval = rng.uniform(0, 0.12) * np.cos(2 * turns + rng.uniform(0, 2 * np.pi))
    outline = centre + radius * (1 + oval + blebs) * np.exp(1j * turns)
    field = _Window.around(outline, len(specimen.mask))
    shape = field.fill(outline)
    if not _give_way(shape, field.view(specimen.mask)):
        return False
    depth = np.minimum(cv2.distanceTransform(shape, cv2.DIST_L2, 5) / np.float32(radius), 1)
    delay = np.float32(rng.uniform(3.0, 4.8)) * (depth * (2 - depth)) ** np.float32(0.8)
    _settle(specimen, field, shape, delay, number)
    granules = int(rng.integers(10, 60))
    places = centre + radius * 0.4 * _scatter(rng, granules)
    add_grains(specimen, places, rng.normal(0, 2.5, granules), on_cells=True)
    return True


def _scatter(rng: np.random.Generator, count: int) -> Points:
    """Points about zero, normally distributed with standard deviation 1 in x and in y."""
    return rng.standard_normal(2 * count).view(np.complex128)


def _outline(rng: np.random.Generator, build: Build) -> tuple[Points, float]:
    """The outline around zero, tip to tip in 20 points each, and the direction that is not squeezed.

    From tip to tip runs a cubic Bezier curve whose inner control points lie on the flanks of the two
    processes: they meet in the concave webs that fibroblasts have.
    """
    tips = int(rng.integers(build.tips[0], build.tips[1] + 1))
    along = np.exp(2j * np.pi / tips * (np.arange(tips) + rng.uniform(-0.3, 0.3, tips)))
    reach = rng.uniform(*build.reach) * rng.uniform(0.45, 1.15, tips)
    hub, girth = reach * rng.uniform(*build.hub, tips), rng.uniform(*build.girth, tips)
    foot = rng.uniform(*build.foot, tips)
    start, lead = along * (reach + 1j * foot), along * (hub + 1j * girth)
    end, trail = along * (reach - 1j * foot), along * (hub - 1j * girth)
    after = np.arange(1, tips + 1) % tips
    points = (np.stack([start, lead, trail[after], end[after]], axis=1) @ _BEZIER.T).ravel()
    axis = rng.uniform(0, 2 * np.pi)
    points = (points.real + 1j * rng.uniform(0.5, 1) * points.imag) * np.exp(1j * axis)
    # Bend the whole shape in long waves, and ruffle its edge.
    wave, phase = rng.uniform(0.03, 0.09, 2), rng.uniform(0, 2 * np.pi, 2)
    bend = rng.uniform(1, 6, 2)
    points = points + bend[0] * np.sin(points.imag * wave[0] + phase[0])
    points += 1j * bend[1] * np.sin(points.real * wave[1] + phase[1])
    return points + rng.uniform(0.05, 0.5) * _scatter(rng, len(points)), axis


def _strands(rng: np.random.Generator, outline: Points) -> list[Points]:
    """Thin processes that leave the outline outwards, as polylines of eight points."""
    strands = []
    for _ in range(_STRANDS[rng.integers(len(_STRANDS))]):
        # Most grow from the tips: of a few places, the farthest out.
        few = outline[rng.integers(0, len(outline), 3)]
        root = few[np.argmax(np.abs(few))]
        heading = np.angle(root) + rng.normal(0, 0.5) + rng.normal(0, 0.22, 8).cumsum()
        steps = rng.uniform(1, 2.4) * rng.uniform(1, 2.4) * np.exp(1j * heading)
        steps[0] *= -1  # rooted inside the body
        strands.append(root + steps.cumsum())
    return strands


def _feet(rng: np.random.Generator, tips: Points) -> tuple[Points, Reals]:
    """Grains that thicken some of the tips: a process that is drawn in ends in a dense knob."""
    dense = np.repeat(tips[rng.random(len(tips)) < 0.4], 12)
    return dense + 1.8 * _scatter(rng, len(dense)), rng.exponential(0.8, len(dense))


def _give_way(shape: Bytes, taken: Bytes, share: float = 0.15) -> bool:
    """Leave to the neighbours what is theirs; false if that is more than `share` of the cell."""
    area, overlap = cv2.countNonZero(shape), cv2.countNonZero(shape & taken)
    shape[taken != 0] = 0
    return overlap <= share * area and area - overlap >= 20


def _settle(specimen: Specimen, field: _Window, shape: Bytes, delay: Floats, number: int) -> None:
    view = field.view(specimen.delay)
    view += delay * shape
    field.view(specimen.mask)[shape != 0] = 1
    field.view(specimen.labels)[shape != 0] = number
