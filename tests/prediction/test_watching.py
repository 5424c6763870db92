"""A folder that is being filled, watched by the command while another process writes into it."""

import json
import os
import signal
import subprocess
import sys
import threading
from queue import Empty, Queue

import pytest

from edgeseg.data.images import read_image
from edgeseg.errors import ConfigError, DatasetError
from edgeseg.prediction import watching
from edgeseg.prediction.watching import watch_folder
from support.prediction_cases import (
    cell_at,
    moving_cell,
    read_table,
    start_predict,
    write_image,
    write_stack,
)

#: A whole file from the start; one in two halves with a long rest between; one under another name, then
#: renamed; one that stays half; one that is no image.
WRITER = """
import os, pathlib, sys, time
whole, folder, rest = pathlib.Path(sys.argv[1]).read_bytes(), pathlib.Path(sys.argv[2]), float(sys.argv[3])
with open(folder / "halves.png", "wb", buffering=0) as file:
    file.write(whole[: len(whole) // 2])
    time.sleep(rest)
    (folder / "bad.png").write_bytes(whole[: len(whole) // 3])
    (folder / "other.png.part").write_bytes(whole)
    time.sleep(rest)
    file.write(whole[len(whole) // 2 :])
time.sleep(rest)
os.rename(folder / "other.png.part", folder / "renamed.png")
"""


class Watcher:
    """The command, watching, and the lines that it has said."""

    def __init__(self, folder, out, *, poll=0.05):
        self.process = start_predict(folder, "--watch", "--poll", poll, "--out", out)
        self._lines = {"stdout": Queue(), "stderr": Queue()}
        self._readers = [
            threading.Thread(target=self._read, args=(name,), daemon=True) for name in self._lines
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name):
        with getattr(self.process, name) as stream:
            for line in stream:
                self._lines[name].put(line.rstrip())

    def wait_for(self, *parts, stream="stdout"):
        """Lines until each of the parts was seen, in any order."""
        lines, missing = [], list(parts)
        while missing:
            try:
                lines.append(self._lines[stream].get(timeout=60))
            except Empty:
                pytest.fail(f"waited in vain for {missing} after {lines}")
            missing = [part for part in missing if part not in lines[-1]]
        return lines

    def nothing_more(self, seconds):
        with pytest.raises(Empty):
            self._lines["stdout"].get(timeout=seconds)

    def end(self):
        self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join()

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        return code, self.wait_for("interrupted; what was finished is in", stream="stderr")


@pytest.fixture
def watcher(tmp_path):
    started = []

    def start(*, poll=0.05):
        started.append(Watcher(tmp_path / "in", tmp_path / "out", poll=poll))
        return started[-1]

    yield start
    for each in started:
        each.end()


def test_files_are_taken_when_they_are_whole_and_a_restart_goes_on(watcher, tmp_path):
    write_image(tmp_path / "in" / "first.png", cell_at(30, 20))
    whole = write_image(tmp_path / "whole.png", cell_at(40, 40))
    watch = watcher()
    watch.wait_for("first.png  1 cell, ")
    command = [sys.executable, "-c", WRITER, whole, tmp_path / "in", "0.2"]
    writer = subprocess.Popen(list(map(str, command)))
    watch.wait_for("halves.png", "renamed.png")
    watch.wait_for("bad.png: the PNG file is truncated", stream="stderr")
    assert writer.wait(60) == 0
    code, _ = watch.interrupt()
    assert code == 130
    rows = read_table(tmp_path / "out" / "images.csv")
    assert sorted(row["image"] for row in rows) == ["first.png", "halves.png", "renamed.png"]
    manifest = json.loads((tmp_path / "out" / "predict.json").read_text())
    assert manifest["complete"] is False
    assert len(manifest["images"]) == 3
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "masks").iterdir()}

    again = watcher()
    write_image(tmp_path / "in" / "late.png", cell_at(20, 20))
    assert [line.split()[0] for line in again.wait_for("late.png")] == ["late.png"]
    assert again.interrupt()[0] == 130
    assert all(path.stat().st_mtime_ns == time for path, time in made.items())
    assert len(read_table(tmp_path / "out" / "images.csv")) == 4


def test_a_file_that_was_bad_is_taken_once_it_is_whole(watcher, tmp_path):
    whole = write_image(tmp_path / "whole.png").read_bytes()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.png").write_bytes(whole[:99])
    watch = watcher(poll=0.02)
    watch.wait_for("error:", stream="stderr")
    (tmp_path / "in" / "x.png").write_bytes(whole)
    watch.wait_for("x.png")
    watch.interrupt()
    assert json.loads((tmp_path / "out" / "predict.json").read_text())["failed"] == []


def test_a_stack_gives_a_line_a_page_and_changed_files_are_reported_once(watcher, tmp_path):
    (tmp_path / "in").mkdir()
    write_stack(tmp_path / "in" / "stack.tif", moving_cell(3))
    write_image(tmp_path / "in" / "x.png")
    watch = watcher()
    watch.wait_for("stack_p001", "stack_p002", "stack_p003", "x.png")
    write_image(tmp_path / "in" / "x.png", cell_at(9, 9))
    assert "was changed after it was predicted" in watch.wait_for("error:", stream="stderr")[-1]
    watch.nothing_more(0.3)


def test_a_killed_watch_goes_on_without_repeating(watcher, tmp_path):
    for index, picture in enumerate(moving_cell(6)):
        write_image(tmp_path / "in" / f"{index}.png", picture)
    watch = watcher()
    watch.wait_for("2.png")
    os.kill(watch.process.pid, signal.SIGKILL)
    watch.process.wait()
    done = len(read_table(tmp_path / "out" / "images.csv"))
    again = watcher()
    assert len(again.wait_for("5.png")) <= 6 - done + 1
    again.interrupt()
    rows = read_table(tmp_path / "out" / "images.csv")
    assert [row["image"] for row in rows] == [f"{index}.png" for index in range(6)]


def test_a_growing_file_is_left_alone(tmp_path, monkeypatch):
    """It decodes to its end, but grows from one look to the next: nobody knows what is to come."""
    path = write_image(tmp_path / "x.bmp")
    looks = []

    def grow(_seconds):
        looks.append(path.stat().st_size)
        if len(looks) < 5:
            path.write_bytes(path.read_bytes() + b"0")

    monkeypatch.setattr(watching.time, "sleep", grow)
    frame = next(watch_folder(tmp_path, poll=1, done={}).frames)
    assert frame.name == "x"
    assert looks[:5] == sorted(set(looks[:5]))
    assert len(looks) == 5


def test_what_is_done_is_given_without_being_decoded(tmp_path, monkeypatch):
    path = write_image(tmp_path / "x.png")
    (frame,) = list(watching.image_frames(path))
    monkeypatch.setattr(watching.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr("edgeseg.prediction.sources.read_image", lambda _path: pytest.fail("decoded"))
    given = next(watch_folder(tmp_path, poll=1, done={"x": frame.time}).frames)
    assert (given.name, given.time) == ("x", frame.time)


def test_a_folder_that_goes_away_is_waited_for(tmp_path, monkeypatch):
    folder, aside = tmp_path / "in", tmp_path / "aside"
    write_image(folder / "x.png")
    steps = iter([lambda: folder.rename(aside), lambda: None, lambda: aside.rename(folder)])
    monkeypatch.setattr(watching.time, "sleep", lambda _seconds: next(steps, lambda: None)())
    frames = watch_folder(folder, poll=1, done={}).frames
    with pytest.raises(DatasetError, match="there is none; waiting for it"):
        next(frames).read()
    assert (next(frames).read()[0] == read_image(folder / "x.png")).all()


@pytest.mark.parametrize("poll", [0, -1, float("nan"), 1e9])
def test_a_poll_out_of_range_is_refused(poll, tmp_path):
    with pytest.raises(ConfigError, match="from 0 to 3600 seconds between two looks"):
        watch_folder(tmp_path, poll=poll, done={})
