"""A bench result as a JSON file: one for each bench, its schema versioned.

Beside what was measured, the file repeats the common statistics under `summary`, and what follows from them
under `why` and `doubts`, for people and for `jq`; reading a file passes over those parts.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from edgeseg import files
from edgeseg.bench.figures import summary
from edgeseg.bench.result import BenchResult
from edgeseg.bench.why import why
from edgeseg.errors import ResultError
from edgeseg.machine.doubts import doubts


def result_data(result: BenchResult) -> dict[str, Any]:
    """A result as JSON-able data, with its doubts, and each row with its figures and what explains them."""
    data = result.to_dict()
    for model, described in zip(result.models, data["models"], strict=True):
        for measurement, row in zip(model.measurements, described["measurements"], strict=True):
            row |= {"summary": summary(measurement), "why": list(why(result, model, measurement))}
    return data | {"doubts": list(doubts(result.conditions))}


def result_text(result: BenchResult) -> str:
    """The JSON text of a result, each list of numbers and each image on one line."""
    text = json.dumps(result_data(result), indent=2, allow_nan=False, ensure_ascii=False)
    # Line breaks stand only between tokens (inside strings they are escaped), so joining lines is safe.
    text = re.sub(r"[\[{][^\[\]{}]*[\]}]", lambda match: re.sub(r"\n\s*", " ", match[0]), text) + "\n"
    # Bytes of a path that are no UTF-8 become the JSON escapes that they came from.
    return text.encode(errors="backslashreplace").decode()


def save_result(path: Path, result: BenchResult) -> None:
    """Write a result as JSON, atomically; `OutputError` where that fails."""
    files.write_text(path, result_text(result))


def load_result(path: Path) -> BenchResult:
    """Read a result.

    Raises:
        ResultError: no such file, no JSON, or no bench result of this schema version.
    """
    value = files.read_json(path, kind="bench results", error=ResultError)
    try:
        return BenchResult.from_dict(value)
    except ResultError as error:
        raise ResultError(f"{path}: {error}") from None
