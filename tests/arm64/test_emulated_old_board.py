"""Raspberry Pi OS (32-bit): the wheel with Debian's numpy and OpenCV and the runtime that ended in 2023.

Best effort: it works, with kernels that round otherwise than ai-edge-litert's.
"""

import cv2
import numpy as np
import pytest

from boards import OLD_BOARD
from commands import COMMANDS

pytestmark = [
    pytest.mark.arm64,
    pytest.mark.parametrize("emulated", [OLD_BOARD], indirect=True, ids=[OLD_BOARD.name]),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_ends_well_there(there, command):
    ended = there.ended[command]
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_doctor_names_the_board_its_runtime_and_its_heat(there):
    found = {each["topic"]: each["detail"] for each in there.told("doctor")["findings"]}
    assert OLD_BOARD.model in found["machine"]
    assert "armv7l (32 bits)" in found["machine"]
    assert found["run models"] == "tflite-runtime 2.14.0 with numpy 1.24.2"
    assert found["read images"] == "OpenCV 4.6.0"
    # Not the throttling: for 32 bits QEMU shows the board's files to open, and not to stat.
    assert found["temperature"] == f"{OLD_BOARD.millidegrees / 1000:.1f} degrees Celsius"


def test_inspect_reads_the_same_parts_by_the_schema_alone(here, there):
    mine, its = here.told("inspect")["audit"], there.told("inspect")["audit"]
    of_the_runtime = {"runtime", "runtime_version", "delegate", "partitions", "undelegated"}
    assert its["runtime"] == "tflite-runtime"
    assert its["partitions"] is None
    for key in mine.keys() - of_the_runtime:
        assert its[key] == mine[key], key


@pytest.mark.parametrize("folder", ["published", "small"])
def test_masks_are_the_same_but_for_roundings(here, there, folder):
    for path in (here.folder / folder / "masks").iterdir():
        mine = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        its = cv2.imread(str(there.folder / folder / "masks" / path.name), cv2.IMREAD_UNCHANGED)
        assert np.mean(mine != its) < 0.01


def test_bench_measures_the_published_model(there):
    (model,) = there.measured["models"]
    (row,) = model["measurements"]
    assert row["failure"] is None
    assert row["runs"]
    assert row["quality"]
