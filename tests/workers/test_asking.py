"""Workers that answer, refuse, crash, hang and run out of memory: real processes all of them."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgeseg.workers.asking import Bounds, NoAnswer, ask, command


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    number: int


#: A worker in full; `work` is put before it.
WORKER = """
import ctypes, os, sys, time
from dataclasses import dataclass
from edgeseg.errors import ConfigError
from edgeseg.workers.answering import answer_one, attachment

@dataclass
class Number:
    number: int

{work}

answer_one(Number, work)
"""


def talk(code, *, timeout=20.0, limit=None, answer=Number, **options):
    """Ask a program what is twice 20."""
    return ask(
        [sys.executable, "-c", code],
        Number(number=20),
        answer,
        bounds=Bounds(silence_seconds=timeout, memory_bytes=limit),
        **options,
    )


def talk_to_worker(work, **options):
    return talk(WORKER.format(work=work), **options)


def failure(answer):
    assert isinstance(answer, NoAnswer)
    return answer.failure


def test_a_worker_gets_the_question_and_its_answer_comes_back():
    assert talk_to_worker("def work(q, alive): return Number(2 * q.number)") == Number(number=40)


def test_bytes_that_come_with_the_question_arrive_whole():
    """More of them than a pipe holds, and no one reads them before the question."""
    work = "def work(q, alive): return Number(sum(attachment()))"
    assert talk_to_worker(work, attachment=bytes([1]) * 3_000_000) == Number(number=3_000_000)


def test_a_worker_that_reads_nothing_does_not_hold_up_who_asks():
    start = time.monotonic()
    found = failure(talk("import time; time.sleep(60)", timeout=0.3, attachment=bytes(3_000_000)))
    assert found.kind == "hung"
    assert time.monotonic() - start < 30


def test_what_a_worker_prints_is_no_message():
    work = "def work(q, alive): print('{}'); os.write(1, b'{}\\n'); return q"
    assert talk_to_worker(work) == Number(number=20)


def test_signs_of_life_are_told_at_most_once_a_second():
    heard = []
    work = "def work(q, alive): [alive(str(n)) for n in range(1000)]; return q"
    assert talk_to_worker(work, heard=heard.append) == Number(number=20)
    assert heard == ["0"]


def test_bad_input_is_an_answer_with_its_sentence():
    found = failure(talk_to_worker("def work(q, alive): raise ConfigError('no such thing')"))
    assert (found.kind, found.reason) == ("refused", "no such thing")


def test_a_question_of_another_kind_is_refused():
    code = WORKER.format(work="def work(q, alive): return q").replace("number: int", "number: str")
    found = failure(talk(code))
    assert found.kind == "refused"
    assert found.reason == "expected a text as number in the question, but got 20"


@pytest.mark.parametrize(
    "said", ['{"answer": {"number": "x"}}', '{"answer": 5}', '{"failure": 1}', "[]", "{"]
)
def test_an_answer_that_cannot_be_read_is_a_crash_with_a_sentence(said):
    found = failure(talk(f"print({said!r})"))
    assert found.kind == "crashed"
    assert found.reason.startswith("expected ")


def test_memory_beyond_the_bound_is_refused():
    found = failure(talk_to_worker("def work(q, alive): bytearray(500_000_000)", limit=150_000_000))
    assert (found.kind, found.reason) == ("memory", "ran out of memory with 150 MB allowed")


def test_a_crash_leaves_no_core_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = failure(talk_to_worker("def work(q, alive): ctypes.string_at(0)"))
    assert found.reason == "killed by SIGSEGV"
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="the system's own means")
def test_a_worker_ends_with_who_asked_even_by_sigkill():
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_asking import talk_to_worker
work = "def work(q, alive): alive(str(os.getpid())); time.sleep(60)"
talk_to_worker(work, heard=lambda pid: print(pid, flush=True))
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as asking:
        worker = int(asking.stdout.readline())
        asking.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the worker is still there")


def test_a_program_that_is_not_there_is_a_failure():
    answer = ask(["/no/such/program"], None, Number, bounds=Bounds(silence_seconds=1))
    assert failure(answer).reason == "no process could be started: No such file or directory"


def test_a_module_in_the_current_folder_is_not_run(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('hijacked')")
    monkeypatch.chdir(tmp_path)
    done = subprocess.run([*command("json.tool"), "--help"], capture_output=True, text=True, check=False)
    assert "hijacked" not in done.stdout + done.stderr


def test_what_a_child_is_doing_is_heard_in_order():
    heard = []
    talk('print(\'{"doing": "a"}\'); print(\'{"doing": "b"}\')', heard=heard.append)
    assert heard == ["a", "b"]


@dataclass(frozen=True, slots=True)
class Numbers:
    n: list[int]


ONE = '{"answer": {"number": 1}}'


def test_an_answer_larger_than_a_pipe_arrives_whole():
    code = "import json; print(json.dumps({'answer': {'n': list(range(200_000))}}))"
    assert talk(code, answer=Numbers) == Numbers(list(range(200_000)))


def test_a_crash_names_the_signal():
    found = failure(talk("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))
    assert (found.kind, found.reason) == ("crashed", "killed by SIGSEGV")


def test_a_kill_by_the_system_is_told_as_lack_of_memory():
    found = failure(talk("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))
    assert found.kind == "memory"


def test_an_aborted_allocation_is_told_as_lack_of_memory():
    code = "import os, sys; print('terminate: std::bad_alloc', file=sys.stderr, flush=True); os.abort()"
    found = failure(talk(code, limit=50_000_000))
    assert found.kind == "memory"
    assert found.reason.startswith("ran out of memory with 50 MB allowed")


def test_a_silent_child_is_ended_and_told_as_hung():
    start = time.monotonic()
    found = failure(talk("import time; time.sleep(60)", timeout=0.3))
    assert (found.kind, found.reason) == ("hung", "no answer within 0.3 s; the process was ended")
    assert time.monotonic() - start < 30


def test_a_child_that_shows_signs_of_life_may_take_longer_than_the_timeout():
    answer = talk(
        "import time\n"
        'for _ in range(8): time.sleep(0.2); print(\'{"doing": "work"}\', flush=True)\n'
        'print(\'{"answer": {"number": 1}}\')',
        timeout=1.2,
    )
    assert answer == Number(number=1)


def test_a_defect_shows_the_last_line_of_the_trace():
    found = failure(talk("raise ValueError('no such thing')"))
    assert found.kind == "crashed"
    assert found.reason == "the process ended with code 1: ValueError: no such thing"


def test_a_crash_after_the_answer_does_not_lose_it():
    answer = talk('import os; print(\'{"answer": {"number": 1}}\', flush=True); os.abort()')
    assert answer == Number(number=1)


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


def test_an_answer_before_a_silence_without_end_is_not_lost():
    code = f"import time; print({ONE!r}, flush=True); time.sleep(60)"
    assert talk(code, timeout=1.0) == Number(number=1)


def test_a_child_that_prints_nothing_and_fails_has_a_sentence_too():
    assert failure(talk("raise SystemExit(3)")).reason == "the process ended with code 3: it printed nothing"
