"""The built wheel with its real dependencies on arm64, on three boards: what works, and the same answers.

Times and memory are not judged: an emulator's say nothing.
"""

import pytest

from boards import BOARDS
from commands import COMMANDS

#: One board in each run of the tests, the others by `make test-arm64`.
SELECTED = [
    pytest.param(board, marks=pytest.mark.slow if board.name == "pi4" else pytest.mark.arm64, id=board.name)
    for board in BOARDS
]

pytestmark = pytest.mark.parametrize("emulated", SELECTED, indirect=True)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_ends_well_there(there, command):
    ended = there.ended[command]
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_outputs_are_the_same_bytes(here, there):
    mine, its = here.told("outputs"), there.told("outputs")
    assert its["machine"] == "aarch64" != mine["machine"]
    assert its["outputs"] == mine["outputs"]
    assert len(set(its["outputs"].values())) == 2


def test_cells_are_grouped_into_the_same_bytes(here, there):
    mine, its = here.told("cells"), there.told("cells")
    assert its["machine"] == "aarch64"
    assert its["whole"] == its["bands"] == mine["whole"]
    assert all(cells > 5 for _, cells in mine["whole"].values())


@pytest.mark.parametrize(("folder", "images"), [("published", 1), ("small", 3)])
def test_masks_and_cells_are_the_same_bytes(here, there, folder, images):
    masks = sorted((here.folder / folder / "masks").iterdir())
    assert len(masks) == images
    for mine in (*masks, here.folder / folder / "cells.csv"):
        its = there.folder / mine.relative_to(here.folder)
        assert its.read_bytes() == mine.read_bytes(), its.name
    assert (here.folder / folder / "cells.csv").read_text().count("\n") > 1


def test_inspect_finds_the_same_in_the_file(here, there):
    assert there.told("inspect") == here.told("inspect")


def test_bench_measures_in_processes_of_its_own_and_finds_the_same_quality(here, there):
    (mine,), (its,) = here.measured["models"], there.measured["models"]
    (row,) = its["measurements"]
    assert row["failure"] is None
    assert row["runs"]
    assert row["quality"] == mine["measurements"][0]["quality"]
    assert its["audit"] == mine["audit"]
    assert its["size"]["raw_bytes"] == mine["size"]["raw_bytes"]


def test_bench_knows_the_board_and_that_it_is_emulated(emulated, there):
    machine, state = there.measured["machine"], there.measured["before"]
    assert machine["board"] == emulated.board.model
    assert machine["architecture"] == "aarch64"
    assert machine["governor"] == "ondemand"
    assert machine["emulated_on"]
    assert state["temperature_c"] == emulated.board.millidegrees / 1000
    assert state["throttled"] == f"0x{emulated.board.throttled}"


def test_doctor_tells_heat_and_throttling_in_words(emulated, there):
    found = {each["topic"]: each for each in there.told("doctor")["findings"]}
    assert emulated.board.model in found["machine"]["detail"]
    assert f"{emulated.board.millidegrees / 1000:.1f} degrees" in found["temperature"]["detail"]
    assert emulated.board.told in found["throttling"]["detail"]
    assert "emulated on" in found["speed"]["detail"]


def test_doctor_knows_on_which_processors_compiled_model_ends_the_process(emulated, there):
    (found,) = [each for each in there.told("doctor")["findings"] if each["topic"].startswith("Compiled")]
    if emulated.board.name == "pi5":  # the first of them with LSE atomics
        assert found["detail"] == "works"
    else:
        assert found["state"] == "note"
        assert "needs LSE atomics" in found["detail"]


def test_the_installation_takes_at_most_210_mb(emulated):
    """Without compiled modules, which come with use."""
    files = [path for folder in emulated.site for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files if path.suffix != ".pyc") <= 210e6
