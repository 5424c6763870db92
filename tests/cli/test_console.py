"""What the commands show while they work."""

import re
import time

import pytest

from edgeseg.cli import console


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets, in seconds."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def seconds_left(capsys):
    return [int(each) for each in re.findall(r"(\d+) s left", capsys.readouterr().err)]


def test_the_time_left_is_what_the_rate_so_far_says(clock, capsys):
    with console.progress("Working") as report:
        for done in range(5):
            report(done, 10, "")
            clock[0] += 20
    assert seconds_left(capsys) == [180, 160, 140, 120]


def test_the_time_left_of_a_new_stage_does_not_count_the_old_one(clock, capsys):
    with console.progress("Working") as report:
        report(0, 4, "slow")
        clock[0] += 1000
        report(1, 4, "slow")
        for done in range(3):
            report(done, 100, "quick")
            clock[0] += 11
    assert seconds_left(capsys) == [3000, 1089, 1078]


def test_work_that_goes_on_counts_only_what_it_did_itself(clock, capsys):
    """A resumed training starts in the middle."""
    with console.progress("Training") as report:
        report(500, 1000, "")
        clock[0] += 20
        report(510, 1000, "")
    assert seconds_left(capsys) == [980]


def test_a_bar_on_a_terminal_takes_stages_of_different_length(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with console.progress("Working") as report:
        report(1, 4, "first")
        report(3, 400, "second")
        report(400, 400, "")
    assert "Traceback" not in capsys.readouterr().err
