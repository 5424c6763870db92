"""What makes a result doubtful as a whole: a machine that was busy, hot, or short of voltage meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeseg.bench.result import BenchResult

#: Above this share of the cores, other work is thought to disturb the measurement.
BUSY_SHARE = 0.25


def doubts(result: BenchResult) -> Iterator[str]:
    """One sentence for each reason, with what to do about it; none on a quiet and cool machine."""
    machine, before, after = result.machine, result.before, result.after
    if before.load_1min is not None and before.load_1min > BUSY_SHARE * machine.cores:
        yield (
            f"the machine was busy before the start (load {before.load_1min:.2f} on {machine.cores} cores): "
            "times may be too long; end other work and bench again"
        )
    if before.throttled_now or after.throttled_now:
        yield "the board held its clock down (too hot, or too little voltage): times are not valid; cool it"
