"""One process at a time in a folder; a lock ends with its process, by SIGKILL too."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgeseg.errors import OutputError
from edgeseg.locks import is_locked, locked

HOLD = """
import pathlib, sys, time
from edgeseg.locks import locked
with locked(pathlib.Path(sys.argv[1]), taken="taken"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(params=["file", "folder"])
def place(request, tmp_path) -> Path:
    return tmp_path if request.param == "folder" else tmp_path / "new" / ".lock"


def test_a_second_process_is_refused_until_the_first_was_killed(place):
    with subprocess.Popen([sys.executable, "-c", HOLD, str(place)], stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        assert is_locked(place)
        with pytest.raises(OutputError, match="in use; wait"), locked(place, taken="in use; wait"):
            pytest.fail("the lock is held")
        other.kill()
    assert not is_locked(place)
    with locked(place, taken="in use"):
        pass


def test_a_lock_is_free_again_after_an_error(place):
    with pytest.raises(ZeroDivisionError), locked(place, taken="in use"):
        raise ZeroDivisionError
    assert not is_locked(place)


def test_a_second_lock_in_the_same_process_is_refused_too(place):
    with locked(place, taken="x"), pytest.raises(OutputError, match="in use"), locked(place, taken="in use"):
        pytest.fail("the lock is held")


def test_asking_makes_no_file_and_leaves_the_content_of_one(tmp_path):
    assert not is_locked(tmp_path / ".lock")
    assert not list(tmp_path.iterdir())
    (tmp_path / ".lock").write_text("kept")
    with locked(tmp_path / ".lock", taken="in use"):
        pass
    assert (tmp_path / ".lock").read_text() == "kept"


def test_a_lock_file_that_cannot_be_made_has_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    place = tmp_path / "file" / ".lock"
    with pytest.raises(OutputError, match="a part of the path is a file"), locked(place, taken="in use"):
        pytest.fail("there is no lock")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_the_lock_of_a_read_only_folder_can_be_held_and_that_of_a_file_in_it_cannot(tmp_path):
    tmp_path.chmod(0o555)
    try:
        with locked(tmp_path, taken="in use"):
            assert is_locked(tmp_path)
        with (
            pytest.raises(OutputError, match="permission denied"),
            locked(tmp_path / ".lock", taken="in use"),
        ):
            pytest.fail("there is no lock")
    finally:
        tmp_path.chmod(0o755)


def test_a_file_system_without_locks_does_not_stop_the_work(place, monkeypatch):
    """Such a file system is not at hand: the system's refusal is made up."""

    def refuse(_descriptor, **_options):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("filelock.lock_descriptor", refuse)
    with locked(place, taken="in use"):
        assert not is_locked(place)
