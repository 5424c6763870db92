"""A Ray cluster on this machine, whose nodes have one core each and may come and go."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path


class Node:
    """`ray start --block`, and all processes that it starts."""

    def __init__(self, folder, number, *arguments, cpus=1):
        self.folder = folder
        first = 21_000 + 200 * number + os.getpid() % 20 * 400
        command = [
            Path(sys.executable).with_name("ray"), "start", "--block", "--node-ip-address", "127.0.0.1",
            "--num-cpus", cpus, "--num-gpus", "0", "--object-store-memory", "80000000",
            "--disable-usage-stats", "--temp-dir", folder, "--min-worker-port", first,
            "--max-worker-port", first + 150, *arguments,
        ]  # fmt: skip
        own = folder / "tmp"  # what a task leaves there, the other node does not see
        own.mkdir()
        with (folder / "start.log").open("w") as log:
            self._process = subprocess.Popen(
                list(map(str, command)), stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "TMPDIR": str(own)},
            )  # fmt: skip

    def processes(self):
        """Process ids: those that name the node's folder, and what descends from them."""
        mine = {self._process.pid}
        parents = {}
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, IndexError):
                parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
                if f"{self.folder}/" in (path / "cmdline").read_text():
                    mine.add(int(path.name))
        while more := {pid for pid, parent in parents.items() if parent in mine} - mine:
            mine |= more
        return mine

    def workers(self):
        """Process ids of the study's workers on this node."""
        return {pid for pid in self.processes() if b"edgeseg.host.study.worker" in command_line(pid)}

    def kill(self):
        """As if its plug had been pulled."""
        while alive := {pid for pid in self.processes() if command_line(pid)}:
            for pid in alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()
            time.sleep(0.1)


def command_line(pid):
    """Empty where the process has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def wait_until(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@contextlib.contextmanager
def cluster():
    """The port of a head node, which does no work itself, and a function that has another node join."""
    root = Path(tempfile.mkdtemp(prefix="eray"))  # sockets lie below: their paths must be short
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    nodes = []

    def join(*arguments, **options):
        folder = root / str(len(nodes))
        folder.mkdir()
        nodes.append(Node(folder, len(nodes), *arguments, **options))
        wait_until(lambda: "ray stop" in (folder / "start.log").read_text())
        return nodes[-1]

    try:
        join("--head", "--port", port, "--include-dashboard", "false", cpus=0)
        wait_until(lambda: answers(port))
        yield port, lambda: join("--address", f"127.0.0.1:{port}")
    finally:
        for node in reversed(nodes):
            node.kill()
        shutil.rmtree(root, ignore_errors=True)
