"""A real sshd on loopback, with keys and settings of its own, started and stopped by a test."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
MISSING = None if SSHD and shutil.which("ssh") else "needs OpenSSH's ssh and sshd (openssh-server)"

#: What sshd, started by root, locks its children into.
PRIVILEGE_SEPARATION = Path("/run/sshd")


@dataclass(frozen=True)
class Server:
    """Where it listens, the client's settings for it (`board` and `127.0.0.1` both reach it), its $TMPDIR."""

    port: int
    config: Path
    temporary: Path

    @property
    def left_behind(self):
        return sorted(path.name for path in self.temporary.iterdir())

    def wait_until_clean(self, seconds=30):
        """What is done there after the connection ended takes a moment."""
        end = time.monotonic() + seconds
        while self.left_behind and time.monotonic() < end:
            time.sleep(0.05)
        return not self.left_behind


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _key(path):
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path]
    subprocess.run([str(part) for part in command], check=True)
    return path.with_name(path.name + ".pub").read_text()


@contextlib.contextmanager
def running(folder):
    """Start it in `folder`, and stop it."""
    if os.geteuid() == 0:
        PRIVILEGE_SEPARATION.mkdir(exist_ok=True)
    port, temporary = free_port(), folder / "tmp there"
    temporary.mkdir()
    host_key = _key(folder / "host_key")
    (folder / "authorized_keys").write_text(_key(folder / "client_key"))
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
    (folder / "login.sh").write_text(
        "unset BASH_ENV\necho Welcome to this board\n"
    )  # what some people's .bashrc does
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\nPermitRootLogin yes\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        f'SetEnv "TMPDIR={temporary}" "BASH_ENV={folder}/login.sh"\n'
    )
    (folder / "ssh_config").write_text(
        f"Host board\n  HostName 127.0.0.1\n  Port {port}\n"
        f"Host *\n  User {getpass.getuser()}\n  IdentityFile {folder}/client_key\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {folder}/known_hosts\n  StrictHostKeyChecking yes\n"
        # What many people have.
        f"  ControlMaster auto\n  ControlPath {folder}/%C\n  ControlPersist 120\n  LocalForward {port} a:1\n"
    )
    with (folder / "sshd.log").open("wb") as log:
        command = [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait_for(port, server, folder / "sshd.log")
        yield Server(port, folder / "ssh_config", temporary)
    finally:
        server.terminate()
        server.wait()


def _wait_for(port, server, log):
    while True:
        assert server.poll() is None, log.read_text()
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
