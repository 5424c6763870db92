"""What can go wrong, as one class per condition that a caller can handle.

A message is one sentence: what was expected, what came, what to do. The command line prints it and
exits with `exit_code`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class EdgesegError(Exception):
    """Bad input or a failed check, with a sentence for the user."""

    exit_code = 2


class ConfigError(EdgesegError):
    """A setting has an unknown name or a value out of range."""


class DatasetError(EdgesegError):
    """A data set, an image or a mask cannot be used."""


class ArtifactError(EdgesegError):
    """A model file is missing, damaged, or not what its sidecar says."""


class OutputError(EdgesegError):
    """A result cannot be written."""


class ResultError(EdgesegError):
    """A file of results cannot be read, or does not hold what is asked of it."""


class MissingDependencyError(EdgesegError):
    """An optional package is needed and not installed."""


class TrainingError(EdgesegError):
    """Training cannot go on."""


class CheckError(EdgesegError):
    """A file was made or read, and it does not keep what its name or its budget promises."""

    exit_code = 1


def nearest(name: str, valid: Iterable[str]) -> str:
    """Say which names are valid, the closest first: the tail of a 'no such name' sentence.

    Args:
        name: what the user typed.
        valid: the names that exist.

    Returns:
        `did you mean 'adam'? Valid: adam, nadam` or, with nothing close, `valid: adam, nadam`.
    """
    names = list(valid)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    listing = ", ".join(names)
    return f"did you mean '{close[0]}'? Valid: {listing}" if close else f"valid: {listing}"
