"""What a board is asked, and what it answers."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from support.built_wheel import ROOT

(PUBLISHED,) = (ROOT / "models").glob("*/*int8-ptq.tflite")
SMALL = ROOT / "tests" / "models" / "blobs_int8.tflite"

_OUTPUTS, _CELLS = (Path(__file__).with_name(name) for name in ("outputs.py", "cells.py"))

#: How often and how long does not matter here: as little as possible.
_BRIEFLY = ("--quick", "--samples", "1", "--time", "0", "--warmup", "0", "--images", "1")

_FEW = [f"data/images/blob_0{number}.png" for number in range(3)]

#: Name -> arguments of Python, in a folder that holds `pictures`; the longest first, since two run at a time.
COMMANDS = {
    "bench": ("-m", "edgeseg", "bench", PUBLISHED, "--data", "data", *_BRIEFLY, "--out", "bench.json"),
    "doctor": ("-m", "edgeseg", "doctor", "--json"),
    "inspect": ("-m", "edgeseg", "inspect", PUBLISHED, "--json"),
    "outputs": (_OUTPUTS, PUBLISHED, SMALL),
    "cells": (_CELLS,),
    "predict-small": ("-m", "edgeseg", "predict", SMALL, *_FEW, "--out", "small"),
    "predict": ("-m", "edgeseg", "predict", PUBLISHED, "large.png", "--out", "published"),
}


@dataclass(frozen=True)
class Answers:
    """What every command printed, and the folder in which it left its files."""

    ended: dict[str, subprocess.CompletedProcess]
    folder: Path

    def told(self, command):
        """What was printed as JSON."""
        return json.loads(self.ended[command].stdout)

    @property
    def measured(self):
        """The file of `edgeseg bench`."""
        return json.loads((self.folder / "bench.json").read_text())


def ask(run, folder, pictures):
    """Every command in `folder`, two at a time."""
    for entry in pictures.iterdir():
        (folder / entry.name).symlink_to(entry)
    with ThreadPoolExecutor(2) as pool:
        ended = pool.map(lambda arguments: run(*arguments, cwd=folder), COMMANDS.values())
        return Answers(dict(zip(COMMANDS, ended, strict=True)), folder)
