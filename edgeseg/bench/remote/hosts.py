"""`edgeseg bench` on other machines, by OpenSSH: one connection each, all at the same time.

stdin carries the parcel and, by staying open, tells that somebody still waits; stdout brings the result
back, stderr the progress. If this side goes away, by Ctrl-C, `kill -9` or a dead network, the shell there
sees the end of its stdin, interrupts its bench and removes its folder.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from typing import IO

from edgeseg._version import __version__
from edgeseg.bench.bench_options import BenchOptions
from edgeseg.bench.remote.parcel import RESULT, SCRIPT, BenchOrder, part_sent, write_parcel
from edgeseg.bench.remote.ssh import Host
from edgeseg.bench.result import BenchResult, DatasetUsed
from edgeseg.bench.result_file import read_result
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import EdgesegError, MissingDependencyError, ResultError
from edgeseg.interrupts import heard_interrupts

#: Stands before the result: what a login script prints to stdout comes first.
_MARK = "-- edgeseg bench: result --"

# Exit codes of the script; 255 is ssh's own, 0, 1, 2 and 130 are those of `edgeseg bench`.
_NO_EDGESEG, _OTHER_VERSION, _NO_ROOM, _SSH = 90, 91, 92, 255

#: Runs there. A shell lets what it starts in the background ignore Ctrl-C's signal, so the bench runs in
#: front and its watcher behind; the watcher does not outlive the folder.
_THERE = """
version=$({command} --version) || exit {no_edgeseg}
[ "$version" = {version} ] || {{ printf '\\n%s\\n%s\\n' {mark} "$version"; exit {other_version}; }}
folder=$(mktemp -d "${{TMPDIR:-/tmp}}/edgeseg-bench.XXXXXX") || exit {no_room}
trap 'cd /; rm -rf "$folder"' EXIT
trap 'exit 129' HUP INT TERM PIPE
head -c {size} | tar -xof - -C "$folder" && cd "$folder" || exit {no_room}
exec 3<&0
{{
    cat
    while [ -d "$folder" ] && [ ! -s pid ]; do sleep 1; done
    kill -INT "$(cat pid)"
}} <&3 >/dev/null 2>&1 &
watcher=$!
sh {script} </dev/null >/dev/null 3<&-
code=$?
kill "$watcher"
[ ! -f {result} ] || {{ printf '\\n%s\\n' {mark}; cat {result}; }}
exit "$code"
"""


#: Lines of the bench there that the result, or the reason why there is none, tells again.
_TOLD_AGAIN = ("note: ", "interrupted: ", "error: ")


class RemoteError(EdgesegError):
    """Another machine cannot be reached, or did not measure."""

    exit_code = 1


class RemoteInterruptedError(RemoteError):
    """Ctrl-C, before there was any result."""

    exit_code = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What every host gets.

    Attributes:
        parcel: the tar file.
        command: how edgeseg is called there.
        config: file for ssh's `-F`, or `None`.
        sent: digest of the samples that are sent, or `None`.
        dataset: what the result then states, or `None`.
    """

    parcel: Path
    command: str
    config: Path | None
    sent: str | None
    dataset: DatasetUsed | None


def bench_on(
    hosts: Sequence[Host],
    models: Sequence[Path],
    *,
    dataset: SegmentationDataset | None = None,
    split: str = "test",
    options: BenchOptions | None = None,
    reference: Path | None = None,
    arguments: Callable[[BenchOrder], Sequence[str]],
    command: str = "edgeseg",
    config: Path | None = None,
    heard: Callable[[Host, str], None] = lambda _host, _line: None,
) -> list[BenchResult | RemoteError]:
    """Measure on other machines.

    Ctrl-C makes all of them end and give what they measured so far (`complete` is false); a second one
    gives up what has not come back.

    Args:
        hosts: different ones.
        models: different files.
        dataset: to measure quality on, or `None`; the one split of it is sent.
        split: of it.
        options: how to measure.
        reference: the one of `models` that masks are compared with; none: the first float32 one.
        arguments: how the command line states an order, the program apart.
        command: how edgeseg is called there, as the shell there reads it.
        config: for ssh's `-F`, instead of the user's own.
        heard: told each line of a host's progress; from several threads.

    Returns:
        For each host what it found, or why it did not. The data set's digest is that of the whole data
        set here, after that of what arrived there was found to be that of what was sent.

    Raises:
        EdgesegError: a model or the split cannot be read here, or there is no ssh.
    """
    options = options or BenchOptions()
    with tempfile.TemporaryDirectory(prefix="edgeseg-parcel-") as folder:
        parcel = Path(folder) / "parcel.tar"
        write_parcel(
            parcel,
            models,
            dataset=dataset,
            split=split,
            options=options,
            reference=reference,
            command=command,
            arguments=arguments,
        )
        task = _Task(
            parcel=parcel,
            command=command,
            config=config,
            sent=part_sent(dataset, split, options.images).digest if dataset else None,
            dataset=_dataset_used(dataset, split) if dataset else None,
        )
        return _at_all(hosts, task, heard)


def _dataset_used(dataset: SegmentationDataset, split: str) -> DatasetUsed:
    of = len(dataset.split(split))
    return DatasetUsed(
        name=dataset.name, digest=dataset.digest, split=split, images=of, of=of, truth=dataset.kind
    )


def _at_all(
    hosts: Sequence[Host], task: _Task, heard: Callable[[Host, str], None]
) -> list[BenchResult | RemoteError]:
    connections: list[_Connection] = []
    with heard_interrupts() as ctrl_c:
        try:
            for number, host in enumerate(hosts):
                connections.append(_Connection(host, task, task.parcel.with_name(f"{number}.out")))
            with ThreadPoolExecutor(len(hosts)) as pool:
                work = [pool.submit(each.attend, heard) for each in connections]
                _wait(connections, ctrl_c, heard)
            return [each.result() for each in work]
        finally:
            for each in connections:
                each.kill()


def _wait(connections: Sequence[_Connection], ctrl_c: Event, heard: Callable[[Host, str], None]) -> None:
    """Until all have ended; the first Ctrl-C asks them to, the second, whenever it comes, makes them."""
    asked = False
    try:
        while not all(each.ended for each in connections):
            if ctrl_c.is_set() and not asked:
                asked = True
                for each in connections:
                    each.interrupt(heard)
            time.sleep(0.1)
    except KeyboardInterrupt:
        for each in connections:
            each.kill()


class _Connection:
    """An ssh process that measures on one host; `output` is a file for its stdout.

    Attributes:
        ended: nothing more is to come of it.
    """

    def __init__(self, host: Host, task: _Task, output: Path) -> None:
        self._host, self._task, self._output = host, task, output
        self._over = Event()
        self._interrupted = False
        self.ended = False
        script = _THERE.format(
            command=task.command,
            result=RESULT,
            version=shlex.quote(f"edgeseg {__version__}"),
            mark=shlex.quote(_MARK),
            size=task.parcel.stat().st_size,
            script=SCRIPT,
            no_edgeseg=_NO_EDGESEG,
            other_version=_OTHER_VERSION,
            no_room=_NO_ROOM,
        )
        try:
            with output.open("wb") as stdout:
                self._ssh = subprocess.Popen(
                    host.command(script, config=task.config),
                    stdin=subprocess.PIPE,
                    stdout=stdout,
                    stderr=subprocess.PIPE,
                    start_new_session=True,  # Ctrl-C comes to us alone, and the result still comes through
                )
        except FileNotFoundError:
            raise MissingDependencyError("expected OpenSSH's `ssh`, but there is none; install it") from None

    def interrupt(self, heard: Callable[[Host, str], None]) -> None:
        """Make the bench there end and give what it has."""
        self._interrupted = True
        self._over.set()
        if self._ssh.poll() is None:
            heard(self._host, "waiting for what was measured; a second Ctrl-C gives it up")

    def kill(self) -> None:
        """End the connection now; the shell there cleans up by itself."""
        self._interrupted = True
        self._over.set()
        self._ssh.kill()

    def attend(self, heard: Callable[[Host, str], None]) -> BenchResult | RemoteError:
        """Send, listen until the end, and say what came of it."""
        feeder = Thread(target=self._feed, args=(self._ssh.stdin,))
        last: deque[str] = deque(maxlen=20)
        try:
            feeder.start()
            with self._ssh:
                try:
                    for line in _lines(self._ssh.stderr):
                        last.append(line)
                        if not line.startswith(_TOLD_AGAIN):
                            heard(self._host, line)
                finally:
                    self._ssh.wait()
                    self._over.set()
                    feeder.join()
            return self._result(last)
        except RemoteError as error:
            return error
        finally:
            self.ended = True

    def _feed(self, pipe: IO[bytes] | None) -> None:
        """Send the parcel, and keep stdin open until all is over."""
        if pipe is None:
            return
        with contextlib.suppress(BrokenPipeError), pipe, self._task.parcel.open("rb") as parcel:
            while not self._over.is_set() and (part := parcel.read(1 << 16)):
                pipe.write(part)
            pipe.flush()
            self._over.wait()

    def _result(self, last: Sequence[str]) -> BenchResult:
        _, mark, answer = self._output.read_bytes().decode(errors="replace").rpartition(f"\n{_MARK}\n")
        code = self._ssh.returncode
        if mark and code != _OTHER_VERSION:
            return self._read(answer)
        if self._interrupted:
            raise RemoteInterruptedError(f"{self._host}: interrupted before anything was measured")
        raise RemoteError(
            _reason(str(self._host), code, self._task.command, answer.strip() if mark else "", last)
        )

    def _read(self, answer: str) -> BenchResult:
        try:
            result = read_result(json.loads(answer), where=f"of {self._host}")
        except (ValueError, ResultError) as error:
            raise RemoteError(f"{self._host} sent a result that cannot be read: {error}") from None
        used, stated = result.dataset, self._task.dataset
        if used is None or stated is None:
            return result
        if used.digest != self._task.sent:
            raise RemoteError(
                f"expected {self._host} to measure on the images that were sent, but their digest there is "
                f"{used.digest[:12]} and not {(self._task.sent or '')[:12]}; bench again"
            )
        return replace(result, dataset=replace(stated, images=used.images))


def _lines(stream: IO[bytes] | None) -> Iterator[str]:
    """Lines that a terminal can show: what comes from elsewhere may hold anything."""
    for line in stream or ():
        text = line.decode(errors="replace").rstrip()
        if text:
            yield "".join(char if char.isprintable() else "?" for char in text)


def _reason(host: str, code: int, command: str, version: str, last: Sequence[str]) -> str:
    """Why there is no result, with what to do about it."""
    said = last[-1] if last else "it said nothing"
    if code == _SSH or code < 0:
        return f"no connection to {host} ({said}); see that ssh gets there without a question"
    if code == _NO_EDGESEG:
        return (
            f"{host} has no edgeseg that is called '{command}' ({said}); install it there by "
            "`pip install edgeseg`, or say with --remote-command where it is, as ~/venv/bin/edgeseg"
        )
    if code == _OTHER_VERSION:
        return (
            f"expected edgeseg {__version__}, as here, on {host}, but it has {version}; install the same one"
        )
    if code == _NO_ROOM:
        return (
            f"{host} cannot take the files ({said}); it needs head, mktemp and tar, and room in its $TMPDIR "
            "or /tmp"
        )
    errors = [line.removeprefix("error: ") for line in last if line.startswith("error: ")]
    return f"{host}: {errors[-1] if errors else f'edgeseg bench ended with code {code} ({said})'}"
