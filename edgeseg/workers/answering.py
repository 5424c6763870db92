"""The child's side of `workers.process`: one question in, signs of life and one answer out.

The question comes as JSON on stdin. Messages go out on stdout, one JSON object a line: signs of life
(`{"doing": ...}`) at most one a second, and at the end `{"answer": ...}`. What native code prints
goes to stderr.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

#: Told what is going on.
Alive = Callable[[str], None]


def answer_one(work: Callable[[Mapping[str, Any], Alive], Mapping[str, Any]]) -> None:
    """Read the question, work on it, answer.

    Args:
        work: given the question and whom to tell what is going on; returns JSON-able data.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash is no surprise here: no core file
    messages = _own_stdout()
    last = 0.0

    def send(message: Mapping[str, Any]) -> None:
        os.write(messages, (json.dumps(message) + "\n").encode())

    def alive(doing: str) -> None:
        nonlocal last
        if time.monotonic() - last >= 1:
            last = time.monotonic()
            send({"doing": doing})

    answer = work(json.load(sys.stdin), alive)
    with os.fdopen(messages, "w") as stream:
        stream.write(json.dumps({"answer": answer}) + "\n")


def _own_stdout() -> int:
    """Keep stdout for messages: whoever prints to it from now on prints to stderr."""
    messages = os.dup(1)
    os.dup2(2, 1)
    return messages
