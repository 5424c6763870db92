"""The server: where it listens, under which address it is reached, and how it ends."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import secrets
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from edgeseg.errors import ConfigError, DatasetError
from edgeseg.prediction.pipeline import Pipeline
from edgeseg.serving.access import Gate
from edgeseg.serving.app import make_app
from edgeseg.serving.live import Live

#: Clients at a time; each costs memory.
_MOST_CONNECTIONS = 64


class Listener:
    """A socket that listens, and what follows from where it does.

    Attributes:
        socket: bound.
        host: as the user named it.
        port: the real one, where any free one was asked for.
        token: what who comes must know; None where this machine alone can come.
    """

    def __init__(self, host: str, port: int) -> None:
        """Bind.

        Raises:
            ConfigError: the port is in use or not allowed, or the host is no address of this machine.
        """
        self.host = host
        try:
            family, *_, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            both = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
            self.socket = socket.create_server(address[:2], family=family, dualstack_ipv6=both)
        except (OSError, UnicodeError) as error:
            raise ConfigError(_why_not(host, port, error)) from error
        bound = self.socket.getsockname()
        self.port: int = bound[1]
        self._address = ipaddress.ip_address(bound[0])
        self.token = None if self._address.is_loopback else secrets.token_urlsafe(16)

    @property
    def url(self) -> str:
        """The address for a browser, with the token."""
        shown = _own_address() if self._address.is_unspecified else str(self._address)
        place = f"[{shown}]" if ":" in shown else shown
        return f"http://{place}:{self.port}/" + (f"?token={self.token}" if self.token else "")


def _why_not(host: str, port: int, error: OSError | UnicodeError) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"port {port} is in use; give another with --port, or --port 0 for any that is free"
    if number in (errno.EACCES, errno.EPERM):
        return f"port {port} may not be used by this user; give one from 1024 on with --port"
    return (
        f"expected an address of this machine as --host, but {host} is none; 0.0.0.0 stands for all of them"
    )


def _own_address() -> str:
    """The address by which the network knows this machine; its name where there is no network."""
    # Connecting a datagram socket sends nothing: it only asks the system which way it would send.
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
    return socket.gethostname()


class _Server(uvicorn.Server):
    """Ends at once on Ctrl-C, though pages wait for the next frame."""

    def __init__(self, config: uvicorn.Config, live: Live) -> None:
        super().__init__(config)
        self._live, self.fruitless = live, False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._live.ask_to_stop()
        super().handle_exit(sig, frame)

    def end_if_fruitless(self) -> None:
        """Called when the source has ended; a page without a picture is of no use."""
        if self._live.fruitless and not self._live.stopping:
            self.fruitless = self.should_exit = True


def serve(listener: Listener, live: Live, pipeline: Pipeline, *, ready: Callable[[], None]) -> None:
    """Serve until Ctrl-C.

    Args:
        listener: where.
        live: the loop; it is started and stopped here.
        pipeline: for uploads.
        ready: called when the address can be opened.

    Raises:
        DatasetError: the source ended without a picture that could be used.
    """
    config = uvicorn.Config(
        Gate(make_app(live, pipeline), token=listener.token, port=listener.port),
        loop="asyncio", http="h11", ws="none", lifespan="off",
        log_config=None, access_log=False, server_header=False,  # addresses may carry the token
        limit_concurrency=_MOST_CONNECTIONS, timeout_graceful_shutdown=3,
    )  # fmt: skip
    server = _Server(config, live)
    ready()  # the socket listens already: who comes now waits a moment
    live.start(at_end=server.end_if_fruitless)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener.socket])
    finally:
        live.stop()
    if server.fruitless:
        raise DatasetError(live.status.problem)
