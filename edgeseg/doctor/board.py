"""What a board tells about itself: heat, power, clock and memory, each with what to do about it."""

from __future__ import annotations

from edgeseg.doctor.finding import Finding
from edgeseg.machine.description import Machine
from edgeseg.machine.state import MachineState

#: From here on a Raspberry Pi lowers its clock. Degrees Celsius.
_HOT_C = 80

#: `predict` with the published int8 model takes less than this. Bytes.
_ENOUGH = 300_000_000

_POWER = "give it the power supply that is made for it, on a short cable"
_HEAT = "give it a heat sink or a fan"


def board_findings(machine: Machine, state: MachineState) -> list[Finding]:
    """One finding for each of these that the machine tells."""
    found = (_temperature(state), _throttling(state), _clock(machine), _memory(machine, state))
    return [finding for finding in found if finding]


def _temperature(state: MachineState) -> Finding | None:
    if state.temperature_c is None:
        return None
    detail = f"{state.temperature_c:.1f} degrees Celsius"
    if state.temperature_c < _HOT_C:
        return Finding(topic="temperature", state="ok", detail=detail)
    return Finding(
        topic="temperature", state="note", detail=f"{detail}: from {_HOT_C} on it slows down; {_HEAT}"
    )


def _throttling(state: MachineState) -> Finding | None:
    if state.throttled is None:
        return None
    now, ever = state.throttled_now, state.throttled_ever
    if not now and not ever:
        return Finding(topic="throttling", state="ok", detail="none since it was switched on")
    told = [f"{when}: {', '.join(flags)}" for when, flags in (("now", now), ("earlier", ever)) if flags]
    flags = {*now, *ever}
    cures = [_POWER] * ("under-voltage" in flags) + [_HEAT] * bool(flags - {"under-voltage"})
    detail = f"{'; '.join(told)} ({state.throttled}): {', and '.join(cures)}"
    return Finding(topic="throttling", state="note", detail=detail)


def _clock(machine: Machine) -> Finding | None:
    if machine.governor is None:
        return None
    highest = f", up to {machine.max_mhz:,.0f} MHz" if machine.max_mhz else ""
    advice = "" if machine.governor == "performance" else "; for steadier bench times: performance"
    return Finding(topic="governor", state="ok", detail=f"{machine.governor}{highest}{advice}")


def _memory(machine: Machine, state: MachineState) -> Finding | None:
    if machine.memory_bytes is None or state.available_bytes is None:
        return None
    detail = f"{state.available_bytes / 1e6:,.0f} of {machine.memory_bytes / 1e6:,.0f} MB free"
    if state.available_bytes >= _ENOUGH:
        return Finding(topic="memory", state="ok", detail=detail)
    return Finding(topic="memory", state="note", detail=f"{detail}; end other programs before predicting")
