"""Children that answer, crash, hang and run out of memory: real processes all of them."""

import os
import sys
import time

import pytest

from edgeseg.workers.process import Ending, ask, explain


def talk(code, *, timeout=20.0, heard=lambda _doing: None):
    return ask(
        [sys.executable, "-S", "-c", code], {"number": 20}, timeout_seconds=timeout, heard=heard
    )  # fmt: skip


def failure(code, *, limit=None, timeout=20.0):
    ending = talk(code, timeout=timeout)
    assert ending.answer is None
    return explain(ending, timeout_seconds=timeout, memory_limit_mb=limit)


def test_a_child_gets_the_question_and_its_answer_comes_back():
    ending = talk(
        "import json,sys; n = json.load(sys.stdin)['number']\n"
        "print(json.dumps({'doing': 'counting'})); print(json.dumps({'answer': {'twice': 2 * n}}))"
    )
    assert ending.answer == {"twice": 40}


def test_what_a_child_is_doing_is_heard_in_order():
    heard = []
    talk('print(\'{"doing": "a"}\'); print(\'{"doing": "b"}\')', heard=heard.append)
    assert heard == ["a", "b"]


def test_an_answer_larger_than_a_pipe_arrives_whole():
    ending = talk("import json; print(json.dumps({'answer': {'n': list(range(200_000))}}))")
    assert ending.answer == {"n": list(range(200_000))}


def test_a_crash_names_the_signal():
    found = failure("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert (found.kind, found.reason) == ("crashed", "killed by SIGSEGV")


def test_a_kill_by_the_system_is_told_as_lack_of_memory():
    found = failure("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert found.kind == "memory"


def test_an_aborted_allocation_is_told_as_lack_of_memory():
    code = "import os, sys; print('terminate: std::bad_alloc', file=sys.stderr, flush=True); os.abort()"
    found = failure(code, limit=50)
    assert found.kind == "memory"
    assert found.reason.startswith("ran out of memory with 50 MB allowed")


def test_a_silent_child_is_ended_and_told_as_hung():
    start = time.monotonic()
    found = failure("import time; time.sleep(60)", timeout=0.3)
    assert (found.kind, found.reason) == ("hung", "no answer within 0.3 s; the process was ended")
    assert time.monotonic() - start < 30


def test_a_child_that_shows_signs_of_life_may_take_longer_than_the_timeout():
    ending = talk(
        "import time\n"
        'for _ in range(8): time.sleep(0.2); print(\'{"doing": "work"}\', flush=True)\n'
        "print('{\"answer\": {}}')",
        timeout=1.2,
    )
    assert ending.answer == {}


def test_a_defect_shows_the_last_line_of_the_trace():
    found = failure("raise ValueError('no such thing')")
    assert found.kind == "crashed"
    assert found.reason == "the process ended with code 1: ValueError: no such thing"


def test_a_crash_after_the_answer_does_not_lose_it():
    ending = talk("import os; print('{\"answer\": {}}', flush=True); os.abort()")
    assert ending.answer == {}


def test_an_interrupt_ends_the_child():
    pids = []

    def interrupt(doing):
        pids.append(int(doing))
        raise KeyboardInterrupt

    code = 'import os, time; print(\'{"doing": "%d"}\' % os.getpid(), flush=True); time.sleep(60)'
    with pytest.raises(KeyboardInterrupt):
        talk(code, heard=interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_a_child_that_prints_nothing_and_fails_has_a_sentence_too():
    found = explain(Ending(answer=None, code=3, stderr=""), timeout_seconds=1, memory_limit_mb=None)
    assert found.reason == "the process ended with code 3: it printed nothing"
