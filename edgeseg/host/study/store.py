"""A study's files in an object store, for a cluster whose nodes share no folder.

fsspec reads and writes it: `s3://`, `gs://`, `az://`, `sftp://`, with the package that fsspec names for each.

data/DIGEST/                the data set, in a folder of its name
study.toml, runs/, models/  as in the study's folder
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from edgeseg import files
from edgeseg.errors import ConfigError, MissingDependencyError

#: Tells that all of a data set has been put.
_COMPLETE = "complete"

#: The file that names the latest checkpoint: put behind what it names.
_LATEST = "checkpoint"


@dataclass(slots=True)
class Store:
    """A folder of an object store.

    Attributes:
        url: of it.
        system: the file system, of fsspec.
        root: the path of the folder in it.
        put: file -> time and size when it was last put, so that only what has changed is put again.
    """

    url: str
    system: Any
    root: str
    put: dict[Path, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def open(cls, url: str) -> Self:
        """The store at a URL, which must be writable.

        Raises:
            MissingDependencyError: fsspec, or what it needs for this kind of store, is not installed.
            ConfigError: there is no such kind of store, or it cannot be written.
        """
        try:
            import fsspec
        except ImportError as error:
            raise MissingDependencyError(
                f"--store needs fsspec: install it with `pip install 'edgeseg[cluster]'` ({error})"
            ) from error
        try:
            options = {"auto_mkdir": True} if url.startswith("file:") else {}
            system, root = fsspec.core.url_to_fs(url, **options)
            system.pipe_file(f"{root}/.edgeseg", b"")
        except ImportError as error:
            raise MissingDependencyError(f"the store {url} needs a package: {error}") from error
        except Exception as error:  # each kind of store has errors of its own
            raise ConfigError(f"expected a store to write to as --store, but {url}: {error}") from error
        return cls(url, system, root.rstrip("/"))

    def pull(self, name: str, folder: Path, *, deep: bool = True) -> None:
        """Fetch a file, or all below a name, to the same place below `folder`; nothing where there is none.

        Args:
            name: below the store.
            folder: where to put it.
            deep: whether to descend.
        """
        self.system.invalidate_cache()  # listings are remembered, and other machines write too
        for remote in self.system.find(f"{self.root}/{name}", maxdepth=None if deep else 1):
            local = files.path_below(folder, str(remote).removeprefix(self.root).lstrip("/"))
            local.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=local.parent, delete=False) as file:
                fetched = Path(file.name)
            self.system.get_file(remote, str(fetched))
            fetched.replace(local)

    def push(self, name: str, folder: Path, *, leave: Iterable[str] = ()) -> None:
        """Put what has changed of a file, or of all below a name in `folder`.

        Args:
            name: below `folder`.
            folder: where it lies.
            leave: names of folders directly below to leave out.
        """
        start = folder / name
        found = [start] if start.is_file() else [each for each in start.rglob("*") if each.is_file()]
        kept = [each for each in found if each.relative_to(start).parts[:1] not in {(out,) for out in leave}]
        for path in sorted(kept, key=lambda each: each.name == _LATEST):
            try:
                state = path.stat()
                now = state.st_mtime_ns, state.st_size
                if self.put.get(path) != now:
                    self.system.put_file(str(path), f"{self.root}/{path.relative_to(folder).as_posix()}")
                    self.put[path] = now
            except FileNotFoundError:
                continue  # an old checkpoint was removed meanwhile

    def push_data(self, root: Path, digest: str) -> None:
        """Put a data set, once."""
        if self.system.exists(f"{self.root}/{_data(digest)}/{_COMPLETE}"):
            return
        for path in sorted(each for each in root.rglob("*") if each.is_file()):
            self.system.put_file(
                str(path), f"{self.root}/{_data(digest)}/{path.relative_to(root.parent).as_posix()}"
            )
        self.system.pipe_file(f"{self.root}/{_data(digest)}/{_COMPLETE}", digest.encode())

    def pull_data(self, name: str, digest: str, folder: Path) -> Path:
        """The data set `name` on this node, below `folder`; fetched once for all tasks."""
        there = folder / _data(digest)
        if not there.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as stage:
                self.pull(_data(digest), Path(stage))
                there.parent.mkdir(exist_ok=True)
                try:
                    (Path(stage) / _data(digest)).rename(there)
                except OSError:  # another task was sooner
                    if not there.exists():
                        raise
        return there / name


def _data(digest: str) -> str:
    return f"data/{digest[:16]}"
