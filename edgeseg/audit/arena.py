"""How much memory a model's tensors need: TFLite's own plan, computed from the flatbuffer.

Every tensor that is computed at run time lives from the operator that writes it to the last one that
reads it; two that live at different times may share bytes. TFLite places them greedily, the largest
first, each into the smallest gap it fits (`ArenaPlanner`, `SimpleMemoryArena`).

Two figures come out. The activations alone are what any runtime needs at the least. The arena of the
built-in kernels also holds their scratch: one unrolled copy of a convolution's input (im2col), which
is often the largest block. On U-Nets in float32 and int8 it equals to the byte what LiteRT 2.3.0
allocates without a delegate. Elsewhere it is an estimate: dynamic-range int8 takes up to some 15 % more
(further scratch), and float16 weights unpacked to float32 are not in it. With XNNPACK the need is its
own, with a packed copy of the weights; the bench measures it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeseg.audit.weights import has_kernel, stored_tensors
from edgeseg.model.flatbuffer import WIDTHS, Graph

#: TFLite aligns tensors to 64 bytes.
ALIGNMENT = 64

#: Planning takes time with the square of the number of tensors; beyond this there is no estimate, nor
#: for a tensor of a terabyte, which only a damaged file states.
_MOST_TENSORS = 10_000
_MOST_BYTES = 2**40


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """A block of memory: its bytes, and the first and the last operator that need it."""

    size: int
    first: int
    last: int


def activation_bytes(graph: Graph) -> int | None:
    """Bytes for all activations of `graph` at the peak, inputs and outputs included.

    Returns:
        The estimate; None where a type has no fixed width, for more than 10,000 tensors, or for one of
        more than a terabyte.
    """
    blocks = lifetimes(graph)
    return None if blocks is None else plan(graph, blocks)


def arena_bytes(graph: Graph) -> int | None:
    """Bytes of the arena that the built-in kernels use on one thread; None as in `activation_bytes`."""
    blocks = lifetimes(graph)
    return None if blocks is None else plan(graph, blocks + _im2col(graph))


def lifetimes(graph: Graph) -> list[Lifetime] | None:
    """When each tensor that is computed at run time lives.

    Inputs, outputs and variables live all the time: TFLite never writes over them.
    """
    first, last = _uses(graph)
    everlasting = {*graph.inputs, *graph.outputs} | {n for n, t in enumerate(graph.tensors) if t.variable}
    end = len(graph.operators)
    blocks: list[Lifetime] = []
    for number in sorted(first):
        tensor = graph.tensors[number]
        width = WIDTHS.get(tensor.dtype)
        if width is None or width * tensor.size > _MOST_BYTES or len(blocks) >= _MOST_TENSORS:
            return None
        if number in everlasting:
            start = 0 if number in graph.inputs or tensor.variable else first[number]
            blocks.append(Lifetime(size=width * tensor.size, first=start, last=end))
        else:
            blocks.append(Lifetime(size=width * tensor.size, first=first[number], last=last[number]))
    return blocks


def _uses(graph: Graph) -> tuple[dict[int, int], dict[int, int]]:
    stored = stored_tensors(graph)
    first = {number: 0 for number in graph.inputs if number >= 0 and number not in stored}
    last: dict[int, int] = {}
    for step, operator in enumerate(graph.operators):
        for number in operator.outputs:
            if number >= 0 and number not in stored:
                first.setdefault(number, step)
                last.setdefault(number, step)
        for number in operator.inputs:
            if number in first:
                last[number] = step
    return first, {number: last.get(number, 0) for number in first}


def _im2col(graph: Graph) -> list[Lifetime]:
    """One row of `kh * kw * ci` values for each output pixel of every convolution beyond 1x1."""
    blocks: list[Lifetime] = []
    for step, operator in enumerate(graph.operators):
        if operator.name != "CONV_2D" or not has_kernel(operator):
            continue
        image, kernel, output = (graph.tensors[n] for n in (*operator.inputs[:2], operator.outputs[0]))
        if kernel.shape[1:3] != (1, 1) or image.shape[1:3] != output.shape[1:3]:
            # With int8 kernels the rows of a float image are quantized first.
            width = min(WIDTHS.get(image.dtype, 1), WIDTHS.get(kernel.dtype, 1))
            row = math.prod(kernel.shape[1:]) * width
            size = min(math.prod(output.shape[:-1]) * row, _MOST_BYTES)
            blocks.append(Lifetime(size=size, first=step, last=step))
    return blocks


def plan(graph: Graph, blocks: list[Lifetime]) -> int:
    """Place blocks as TFLite does, each into the best gap: the bytes that this takes, at the peak."""
    end = len(graph.operators)
    blocks = sorted(blocks, key=lambda b: (not (b.first == 0 and b.last == end), -b.size, b.first))
    starts, ends, firsts, lasts = (np.zeros(len(blocks), dtype=np.int64) for _ in range(4))
    peak = 0
    for placed, block in enumerate(blocks):
        alive = (firsts[:placed] <= block.last) & (lasts[:placed] >= block.first)
        start = _place(starts[:placed][alive], ends[:placed][alive], block.size)
        starts[placed], ends[placed] = start, start + block.size
        firsts[placed], lasts[placed] = block.first, block.last
        peak = max(peak, start + block.size)
    return peak


def _place(starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], size: int) -> int:
    """Where a block goes among those that live at the same time: the tightest gap, else behind all."""
    order = np.argsort(starts, kind="stable")
    begins = np.concatenate([[0], np.maximum.accumulate(ends[order])])
    begins = -(-begins // ALIGNMENT) * ALIGNMENT
    room = starts[order] - begins[:-1]
    fits = np.flatnonzero(room >= size)
    return int(begins[fits[np.argmin(room[fits])]] if fits.size else begins[-1])
