"""Another machine's address, and the command that reaches it: keys and proxies are OpenSSH's business."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from edgeseg.errors import ConfigError

#: No name starts with a hyphen, which ssh would take for an option.
_ADDRESS = re.compile(
    r"ssh://(?:(?P<user>[A-Za-z0-9_][\w.+-]*)@)?"
    r"(?P<name>[A-Za-z0-9_][\w.-]*|\[[0-9A-Fa-f:.]+(?:%\w+)?\])"
    r"(?::(?P<port>[0-9]{1,5}))?/?",
    re.ASCII,
)

#: No question is asked, a dead connection ends, and nothing of the user's own set-up for terminals is done.
#: A connection that is there for several programs is used, but none is made, since it would stay.
_OPTIONS = (
    "BatchMode=yes", "ConnectTimeout=15", "ServerAliveInterval=15", "ServerAliveCountMax=4", "LogLevel=ERROR",
    "ControlMaster=no", "RemoteCommand=none", "RequestTTY=no", "ClearAllForwardings=yes", "ForwardAgent=no",
    "ForwardX11=no",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Host:
    """A machine to measure on.

    Attributes:
        name: as DNS or the ssh configuration has it, or an IP address without brackets.
        user: `None` leaves it to ssh.
        port: likewise.
    """

    name: str
    user: str | None = None
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `ssh://[user@]host[:port]`.

        Raises:
            ConfigError: it is none, or holds a password.
        """
        if re.match(r"[^/]*//[^/@]*:[^/]*@", text):  # the sentence does not repeat it
            raise ConfigError("expected ssh://user@host[:port], but there is a password in it; use a key")
        match = _ADDRESS.fullmatch(text)
        if match is None:
            raise ConfigError(f"expected ssh://user@host[:port], but got '{text}'")
        port = int(match["port"]) if match["port"] else None
        if port is not None and not 1 <= port <= 65_535:
            raise ConfigError(f"expected a port from 1 to 65535 in '{text}', but got {port}")
        return cls(match["name"].strip("[]"), match["user"], port)

    def __str__(self) -> str:
        name = f"[{self.name}]" if ":" in self.name else self.name
        return f"{f'{self.user}@' if self.user else ''}{name}{f':{self.port}' if self.port else ''}"

    def command(self, script: str, *, config: Path | None = None) -> list[str]:
        """The ssh command that runs `script` there in a POSIX shell; `config` as ssh's `-F`."""
        settings = [part for option in _OPTIONS for part in ("-o", option)]
        return [
            "ssh",
            *(("-F", str(config)) if config else ()),
            *settings,
            *(("-l", self.user) if self.user else ()),
            *(("-p", str(self.port)) if self.port else ()),
            "--",
            self.name,
            f"exec sh -c {shlex.quote(script)}",
        ]


def parse_hosts(addresses: Sequence[str]) -> list[Host]:
    """The machines of all `--on`.

    Raises:
        ConfigError: an address is none, or is given twice.
    """
    hosts = [Host.parse(address) for address in addresses]
    for host, times in Counter(hosts).items():
        if times > 1:
            raise ConfigError(f"expected different machines, but got ssh://{host} {times} times")
    return hosts


def labels(hosts: Sequence[Host]) -> list[str]:
    """What to call different hosts, in file names too: by name or, where two share it, the whole address."""
    names = Counter(host.name for host in hosts)
    return [
        re.sub(r"[^\w.@-]+", "-", host.name if names[host.name] == 1 else str(host)).strip("-")
        for host in hosts
    ]
