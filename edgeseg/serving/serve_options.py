"""What a user can ask of `edgeseg serve` beyond a prediction's options; light, for the command line."""

from __future__ import annotations

from dataclasses import dataclass

from edgeseg.errors import ConfigError

#: Frames a second that are worth the heat of a small board, for people who watch cells.
DEFAULT_FPS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """Where the page is, and how often a frame is taken.

    Attributes:
        host: address or name of this machine to listen at; 127.0.0.1 is reached from this machine alone.
        port: 0 takes any that is free.
        fps: frames a second, at most.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    fps: float = DEFAULT_FPS

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"expected a port from 0 (any that is free) to 65535, but got {self.port}")
        if not 0 < self.fps <= 1000:
            raise ConfigError(f"expected more than 0 and at most 1000 frames a second, but got {self.fps:g}")
