"""Writing files so that a reader never sees half of one, and reading them with a clear error.

A file is written beside its final name, flushed to the disk, and renamed over it (POSIX rename is
atomic). A folder of results is built the same way. A full disk or a read-only folder becomes an
`OutputError`, and what was there before stays.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgeseg.errors import EdgesegError, OutputError

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space and run again",
    errno.EDQUOT: "the disk quota is used up; free some space and run again",
    errno.EACCES: "permission denied; choose a folder that you may write to",
    errno.EPERM: "permission denied; choose a folder that you may write to",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.ENOTDIR: "a part of the path is a file, not a folder; choose another path",
    errno.EEXIST: "a part of the path is a file, not a folder; choose another path",
    errno.EBUSY: "it is in use or a mount point; choose a folder below it",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}


def output_error(path: Path, error: OSError) -> OutputError:
    """Turn the system's error on writing `path` into a sentence."""
    reason = _REASONS.get(error.errno or 0, (error.strerror or str(error)).lower())
    return OutputError(f"cannot write {path}: {reason}")


def path_below(folder: Path, name: str) -> Path:
    """The path of a name that was read from a file: somebody else may have written it.

    Args:
        folder: where it belongs.
        name: below the folder.

    Raises:
        OutputError: it leads out of the folder: by `..`, as an absolute path, or by a link.
    """
    path = folder / name
    try:
        below = folder.resolve() in path.resolve().parents
    except (OSError, ValueError, RuntimeError):  # no name at all, or links in a circle
        below = False
    if not below:
        raise OutputError(f"expected a place below {folder}, but {name!r} is none; nothing was changed there")
    return path


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise output_error(path, error) from error


def write_bytes(path: Path, data: bytes | memoryview, *, durable: bool = True) -> None:
    """Write a file atomically, making its folder where needed; as `write_parts`, of one part."""
    write_parts(path, (data,), durable=durable)


def write_parts(path: Path, parts: Iterable[bytes | memoryview], *, durable: bool = True) -> None:
    """Write a file atomically, part by part, making its folder where needed.

    Args:
        path: the file.
        parts: its content; what making them raises leaves nothing behind either.
        durable: wait until the disk has it, so that it outlives a power cut; for many small files that
            can be made again, that wait may be longer than the making.

    Raises:
        OutputError: the folder cannot be written, or the disk is full; nothing is left behind.
    """
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(parts)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            Path(name).chmod(0o666 & ~_umask())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically; errors as in `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write JSON, indented, one trailing newline, atomically; errors as in `write_bytes`."""
    write_text(path, json_text(value))


def json_text(value: Mapping[str, Any]) -> str:
    """The JSON text that `write_json` writes; NaN is refused, since JSON has none."""
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file (RFC 4180, but with plain newlines) atomically; errors as in `write_bytes`."""
    write_text(path, csv_text([header, *rows]))


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows, the header among them, as the text of a CSV file (RFC 4180, but with plain newlines)."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def read_json(path: Path, *, kind: str, error: type[EdgesegError]) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        path: the file.
        kind: what it is, for the sentence (`bench results`).
        error: the class to raise.

    Raises:
        EdgesegError: as the `error` given: the file is missing, unreadable or not a JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise error(f"expected {kind} at {path}, but there is no such file") from None
    except OSError as problem:
        raise error(f"cannot read {kind} {path}: {(problem.strerror or str(problem)).lower()}") from problem
    except (ValueError, RecursionError) as problem:
        raise error(f"expected {kind} as JSON in {path}, but it is not valid JSON ({problem})") from problem
    if not isinstance(value, dict):
        raise error(f"expected {kind} as a JSON object in {path}, but it holds a {type(value).__name__}")
    return value


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_bytes(data: bytes) -> str:
    """The SHA-256 of bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def refuse_existing(path: Path, *, force: bool) -> None:
    """Refuse to write over `path` unless `force`.

    Raises:
        OutputError: the path exists and `force` is not set.
    """
    if path.exists() and not force:
        raise OutputError(f"{path} exists already; choose another name or pass --force to replace it")


@contextlib.contextmanager
def staged_folder(target: Path, *, marker: str, force: bool) -> Iterator[Path]:
    """Build a folder under a temporary name and rename it to `target` when the block ends well.

    Args:
        target: the folder to make; it may exist only if empty, or with `force`.
        marker: a file that every folder of this kind holds: `force` replaces only a folder that has
            it, so that a slip of the keyboard cannot delete somebody's home folder.
        force: replace an existing folder of the same kind.

    Yields:
        The temporary folder, beside `target`. It is removed if the block fails.

    Raises:
        OutputError: the target exists, or cannot be written.
    """
    if _occupied(target):
        refuse_existing(target, force=force)
        if not (target / marker).is_file():
            raise OutputError(
                f"{target} was not made by this command (it holds no {marker}), so --force does not "
                "replace it; choose another folder"
            )
    place = target.resolve()  # a link stays a link, and "." has a name
    if Path.cwd().is_relative_to(place):
        raise OutputError(f"cannot replace {target}: it is the current folder or above it; name one below it")
    with _writing(target):
        place.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".tmp", dir=place.parent))
    try:
        yield stage
        with _writing(target):
            stage.chmod(0o777 & ~_umask())
            _swap(stage, place)
    except OutputError as error:
        shutil.rmtree(stage, ignore_errors=True)
        raise OutputError(str(error).replace(str(stage), str(target))) from error
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise


def _occupied(folder: Path) -> bool:
    with _writing(folder):
        return folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))


def _swap(stage: Path, place: Path) -> None:
    """Put `stage` where a folder may be; the old one is deleted only when the new one is there."""
    old = stage.with_suffix(".old")
    if place.exists():
        place.replace(old)
    try:
        stage.replace(place)
    except BaseException:
        if old.exists():
            old.replace(place)
        raise
    shutil.rmtree(old, ignore_errors=True)
