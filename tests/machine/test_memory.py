"""Memory is a matter of the whole process, so each claim runs in one of its own."""

import subprocess
import sys

import pytest

from edgeseg.machine.memory import peak_bytes

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_peak_grows_with_what_is_touched_and_stays_when_it_is_freed():
    before, with_, after = map(int, run(
        "from edgeseg.machine.memory import peak_bytes as p\n"
        "a = p(); x = bytearray(b'1' * 50_000_000); b = p(); del x; print(a, b, p())"
    ))  # fmt: skip
    assert with_ - before >= 50_000_000
    assert after >= with_


def test_a_large_parent_is_not_billed_to_its_child():
    ballast = bytearray(b"1" * 200_000_000)
    (child,) = run("from edgeseg.machine.memory import peak_bytes as p; print(p())")
    assert int(child) < 100_000_000 < len(ballast) < peak_bytes()


def test_an_allocation_beyond_the_limit_is_refused_and_after_the_block_allowed_again():
    said = run(
        "from edgeseg.machine.memory import limited, peak_bytes\n"
        "try:\n"
        "    with limited(peak_bytes() + 30_000_000, threads=1):\n"
        "        print('small', len(bytearray(10_000_000)))\n"
        "        bytearray(100_000_000)\n"
        "except MemoryError: print('refused')\n"
        "print(len(bytearray(100_000_000)))"
    )
    assert said == ["small", "10000000", "refused", "100000000"]


def test_a_limit_below_what_the_process_holds_is_refused_at_once():
    said = run(
        "from edgeseg.machine.memory import limited\n"
        "try:\n"
        "    with limited(1_000_000, threads=1): print('inside')\n"
        "except MemoryError as error: print(error)"
    )
    assert " ".join(said).startswith("Python and the runtime alone take")


def test_threads_get_their_stacks_on_top_of_the_limit():
    said = run(
        "import threading\n"
        "from edgeseg.machine.memory import limited, peak_bytes\n"
        "with limited(peak_bytes() + 4_000_000, threads=4):\n"
        "    hold = threading.Event()\n"
        "    pool = [threading.Thread(target=hold.wait) for _ in range(3)]\n"
        "    [thread.start() for thread in pool]\n"
        "    print(threading.active_count())\n"
        "    hold.set(); [thread.join() for thread in pool]"
    )
    assert said == ["4"]
