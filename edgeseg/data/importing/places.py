"""Where the parts of a folder are that is imported."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Places(Protocol):
    """Folders and files that are not where their format expects them; `None`: where it does."""

    @property
    def images(self) -> Path | None:
        """Folder of the images."""

    @property
    def masks(self) -> Path | None:
        """Folder of the masks or label images."""

    @property
    def annotations(self) -> Path | None:
        """The file of annotations."""
