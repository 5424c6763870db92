"""Ctrl-C that is noticed where the work can stop: in processes of their own, which it may well end."""

import subprocess
import sys

import pytest

START = """
import signal, threading
from edgeseg.interrupts import heard_interrupts

def press():
    signal.raise_signal(signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
"""


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(
            """
with heard_interrupts() as heard:
    before = heard.is_set()
    press()
    assert (before, heard.is_set()) == (False, True)
""",
            id="the first is remembered",
        ),
        pytest.param(
            """
with heard_interrupts() as heard:
    press()
    try:
        press()
    except KeyboardInterrupt:
        assert heard.is_set()
    else:
        raise AssertionError("nothing was raised")
""",
            id="the second interrupts",
        ),
        pytest.param(
            """
with heard_interrupts():
    press()
try:
    press()
except KeyboardInterrupt:
    pass
else:
    raise AssertionError("nothing was raised")
""",
            id="afterwards one interrupts again",
        ),
        pytest.param(
            """
found = []
def work():
    with heard_interrupts() as heard:
        found.append((signal.getsignal(signal.SIGINT), heard.is_set()))
thread = threading.Thread(target=work)
thread.start()
thread.join()
assert found == [(signal.default_int_handler, False)]
""",
            id="in another thread the handler is left alone",
        ),
        pytest.param(
            """
signal.signal(signal.SIGINT, signal.SIG_IGN)
with heard_interrupts() as heard:
    press()
    assert not heard.is_set()
assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
""",
            id="what is ignored stays so",
        ),
    ],
)
def test_ctrl_c(claim):
    done = subprocess.run([sys.executable, "-c", START + claim], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
