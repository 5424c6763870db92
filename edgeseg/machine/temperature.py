"""How hot the processor is."""

from __future__ import annotations

from pathlib import Path

from edgeseg.machine import kernel_files

#: What thermal zones on a processor are called, on boards and on PCs, among zones of batteries and radios.
_ZONES = ("cpu", "soc", "x86_pkg_temp", "bigcore", "littlecore")

#: Drivers of the sensors in x86 processors, where no thermal zone is on them.
_SENSORS = ("coretemp", "k10temp", "zenpower")


def read_temperature(root: Path) -> float | None:
    """The hottest of the processor's sensors, else the hottest of all; degrees Celsius."""
    zones = list((root / "sys/class/thermal").glob("thermal_zone*"))
    sensors = list((root / "sys/class/hwmon").glob("hwmon*"))
    processors = [
        *(zone / "temp" for zone in zones if _starts(zone / "type", _ZONES)),
        *(path for each in sensors if _starts(each / "name", _SENSORS) for path in each.glob("temp*_input")),
    ]
    values = kernel_files.integers(processors) or kernel_files.integers(zone / "temp" for zone in zones)
    return max(values) / 1000 if values else None


def _starts(path: Path, names: tuple[str, ...]) -> bool:
    return (kernel_files.text(path) or "").lower().startswith(names)
