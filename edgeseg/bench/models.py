"""Which model files are meant, and what to call them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from edgeseg.errors import ArtifactError
from edgeseg.model import xz
from edgeseg.model.artifact import SUFFIXES


def find_models(paths: Iterable[Path]) -> list[Path]:
    """The model files that `paths` name, each once, in the order given.

    Args:
        paths: files, and folders: of a folder, its .tflite and .tflite.xz files by name, or those of its
            subfolders where it holds none itself (`models/NAME/*.tflite`). Of a container and the .tflite
            that was unpacked beside it, the container counts: it is what is deployed.

    Raises:
        ArtifactError: no such file, or a folder without a .tflite file.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            raise ArtifactError(f"expected a .tflite file or a folder of them at {path}, but there is none")
        for model in _in_folder(path) if path.is_dir() else [path]:
            found.setdefault(model.resolve(), model)
    return list(found.values())


def _in_folder(folder: Path) -> list[Path]:
    try:
        models = _by_name(folder, "*") or _by_name(folder, "*/*")
    except OSError as error:
        raise ArtifactError(f"cannot read {folder}: {(error.strerror or str(error)).lower()}") from error
    if not models:
        raise ArtifactError(
            f"expected .tflite files in {folder}, but there are none; `edgeseg export` makes them"
        )
    return models


def _by_name(folder: Path, pattern: str) -> list[Path]:
    found = {path for suffix in SUFFIXES for path in folder.glob(pattern + suffix)}
    return sorted(path for path in found if path.with_name(path.name + xz.SUFFIX) not in found)


def display_names(paths: Sequence[Path]) -> list[str]:
    """The files' names, or, where two are alike, their paths below the folder that they share.

    Args:
        paths: different files.
    """
    names = [_printable(path.name) for path in paths]
    if len(set(names)) == len(names):
        return names
    whole = [path.absolute() for path in paths]
    shared = os.path.commonpath([path.parent for path in whole])
    return [_printable(os.path.relpath(path, shared)) for path in whole]


def _printable(name: str) -> str:
    """Bytes of a file name that are no UTF-8 would stop every later print."""
    return os.fsencode(name).decode(errors="replace")
