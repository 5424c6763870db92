"""Who had the processors meanwhile: this process and its children, other work, or the hypervisor."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeseg.machine import kernel_files

#: Clock ticks are 10 ms, so that shares of shorter times than this are mostly rounding. Seconds.
SHORTEST = 1.0

# Columns of a "cpuN" line in /proc/stat: user (guests included) nice system idle iowait irq softirq steal.
_BUSY, _STOLEN = (0, 1, 2, 5, 6), 7


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuTime:
    """Processor time until now, of the processors that this process may use; seconds.

    In a container the kernel counts for the whole host, so that other containers are other work.

    Attributes:
        clock_s: a clock that is never set, to tell how much time went by between two of these.
        cpus: how many processors were counted.
        busy_s: that they worked, for whomever.
        stolen_s: that they would have worked, but the hypervisor gave them to another machine.
        own_s: that this process and its ended children had, of any processor.
    """

    clock_s: float
    cpus: int
    busy_s: float
    stolen_s: float
    own_s: float

    def others_since(self, earlier: CpuTime) -> float | None:
        """How many processors other work took, on average; `None` where that was too short to tell."""
        wall = self.clock_s - earlier.clock_s
        if wall < SHORTEST or self.cpus != earlier.cpus:
            return None
        others = (self.busy_s - earlier.busy_s) - (self.own_s - earlier.own_s)
        # The kernel samples the one and sums the other: they differ by a little, in either direction.
        return min(max(others / wall, 0.0), float(self.cpus))

    def stolen_since(self, earlier: CpuTime) -> float | None:
        """Share (0 to 1) of the time wanted that the hypervisor withheld; `None` as above."""
        stolen = max(self.stolen_s - earlier.stolen_s, 0.0)
        wanted = self.busy_s - earlier.busy_s + stolen
        if self.clock_s - earlier.clock_s < SHORTEST or self.cpus != earlier.cpus or wanted <= 0:
            return None
        return min(stolen / wanted, 1.0)


def read_cpu_time(root: Path, cpus: Sequence[int]) -> CpuTime | None:
    """The time of these processors; `None` where the kernel does not tell."""
    lines = (kernel_files.text(root / "proc/stat") or "").splitlines()
    words = [line.split() for line in lines if line.startswith("cpu")]
    ticks = {name: [int(each) for each in values if each.isdecimal()] for name, *values in words}
    counted = [ticks[f"cpu{number}"] for number in cpus if len(ticks.get(f"cpu{number}", ())) > _STOLEN]
    if not counted:
        return None
    rate, own = os.sysconf("SC_CLK_TCK"), os.times()
    return CpuTime(
        clock_s=time.monotonic(),
        cpus=len(counted),
        busy_s=sum(each[column] for each in counted for column in _BUSY) / rate,
        stolen_s=sum(each[_STOLEN] for each in counted) / rate,
        own_s=own.user + own.system + own.children_user + own.children_system,
    )
