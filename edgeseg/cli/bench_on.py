"""`edgeseg bench --on`: which machines, and where the result of each goes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeseg.cli import console
from edgeseg.errors import ConfigError, EdgesegError

if TYPE_CHECKING:
    from edgeseg.bench.bench_options import BenchOptions
    from edgeseg.bench.remote.parcel import BenchOrder
    from edgeseg.bench.remote.ssh import Host
    from edgeseg.bench.result import BenchResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Other machines to measure on.

    Attributes:
        hosts: empty: measure here.
        outs: file for the result of each (of the one here), or `None`.
        config: for ssh's `-F`, or `None`.
        command: how edgeseg is called there.
    """

    hosts: Sequence[Host]
    outs: Sequence[Path | None]
    config: Path | None
    command: str


def parse_places(
    on: Sequence[str] | None,
    *,
    config: Path | None,
    command: str | None,
    out: Path | None,
    only_here: Mapping[str, Any],
    only_one: Mapping[str, Any],
) -> Places:
    """Read and check the options.

    Args:
        on: of `--on`.
        config: of `--ssh-config`.
        command: of `--remote-command`.
        out: of `--out`.
        only_here: option -> value, of those that have no meaning with `--on`.
        only_one: likewise, with several `--on`.

    Raises:
        ConfigError: an option would be ignored, an address is none, or files would have no place.
    """
    from edgeseg.bench.remote.ssh import parse_hosts

    if not on:
        _refuse(
            {"--ssh-config": config, "--remote-command": command}, "is about another machine: give --on too"
        )
        return Places(hosts=(), outs=(out,), config=None, command="")
    _refuse(only_here, "is about this machine: bench there without --on")
    if len(on) > 1:
        _refuse(only_one, "is about one result: give one --on at a time")
    if config is not None and not config.is_file():
        raise ConfigError(f"expected an ssh configuration at {config}, but there is no such file")
    hosts = parse_hosts(on)
    outs = _outs(out, hosts)
    return Places(hosts=hosts, outs=outs, config=config, command="edgeseg" if command is None else command)


def _refuse(options: Mapping[str, Any], why: str) -> None:
    for name, value in options.items():
        if value is not None and value is not False:
            raise ConfigError(f"{name} {why}")


def _outs(out: Path | None, hosts: Sequence[Host]) -> list[Path | None]:
    """The file itself for one host, `HOST.json` in the folder for each of several."""
    from edgeseg.bench.remote.ssh import labels

    if out is None or len(hosts) == 1:
        return [out] * len(hosts)
    if out.suffix == ".json" or out.is_file():
        raise ConfigError(f"with several --on, --out is a folder for a JSON file of each, but got {out}")
    names = labels(hosts)
    if len(set(names)) < len(names):
        raise ConfigError(
            f"two of {', '.join(map(str, hosts))} would have the same file; bench one at a time"
        )
    return [out / f"{name}.json" for name in names]


#: How `edgeseg bench` calls a setting of `BenchOptions`, where it does not call it by its field's name.
_OPTION_NAMES = {
    "runtimes": "runtime",
    "seconds": "time",
    "warmup_seconds": "warmup",
    "timeout_seconds": "timeout",
    "memory_limit_mb": "memory-limit",
}

#: Settings that the command line leaves as they are.
_NO_OPTION = ("panels",)


def bench_arguments(order: BenchOrder) -> list[str]:
    """The arguments of `edgeseg` that order a bench, as talkative as this command."""
    verbosity = {-1: ["-q"], 0: [], 1: ["-v"]}[console.VERBOSITY.level]
    arguments = [*verbosity, "bench", *order.models, *option_arguments(order.options), "--out", order.out]
    if order.data:
        arguments += ["--data", order.data, "--split", order.split]
    if order.reference:
        arguments += ["--reference", order.reference]
    return arguments


def option_arguments(options: BenchOptions) -> list[str]:
    """The settings as arguments; those that are left to the bench are left out."""
    arguments = []
    for field in fields(options):
        value = getattr(options, field.name)
        if value is None or value == () or field.name in _NO_OPTION:
            continue
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        arguments += [f"--{_OPTION_NAMES.get(field.name, field.name)}", text]
    return arguments


def bench_places(
    places: Places,
    models: Sequence[Path],
    *,
    data: Path | None,
    split: str,
    options: BenchOptions,
    reference: Path | None,
    finish: Callable[[BenchResult, Path | None], int],
) -> int:
    """Measure there, and finish with each result as with one of this machine.

    Args:
        places: the machines; the other arguments are those of a bench here.
        models: the files.
        data: the data set's folder, or `None`.
        split: of it.
        options: how to measure.
        reference: the model to compare masks with, or `None`.
        finish: saves a result, shows it, and gives an exit code.

    Returns:
        The greatest exit code of all; why a machine failed was told on stderr.
    """
    from edgeseg.bench.remote.hosts import bench_on
    from edgeseg.data.dataset import open_dataset

    found = bench_on(
        places.hosts,
        models,
        dataset=open_dataset(data) if data else None,
        split=split,
        options=options,
        reference=reference,
        arguments=bench_arguments,
        command=places.command,
        config=places.config,
        heard=lambda host, line: console.note(f"{host}: {line}"),
    )
    code = 0
    failed: list[EdgesegError] = []
    for host, out, result in zip(places.hosts, places.outs, found, strict=True):
        try:
            if isinstance(result, EdgesegError):
                raise result
            if len(found) > 1:
                console.say(f"ssh://{host}\n")
            code = max(code, finish(result, out))
            if len(found) > 1:
                console.say()
        except EdgesegError as error:  # one that fails does not cost the others
            failed.append(error)
    for each in failed:
        sys.stderr.write(f"error: {each}\n")
    return max([code, *(each.exit_code for each in failed)])
