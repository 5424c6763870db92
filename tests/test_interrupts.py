"""Ctrl-C that is noticed where the work can stop."""

import os
import signal
import threading

import pytest

from edgeseg.interrupts import heard_interrupts


def press():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(autouse=True)
def _python_handles_the_signal():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_first_is_remembered():
    with heard_interrupts() as heard:
        assert not heard.is_set()
        press()
        assert heard.is_set()


def test_the_second_interrupts():
    with heard_interrupts() as heard:
        press()
        with pytest.raises(KeyboardInterrupt):
            press()
        assert heard.is_set()


def test_afterwards_one_interrupts_again():
    with heard_interrupts():
        press()
    with pytest.raises(KeyboardInterrupt):
        press()


def test_in_another_thread_the_handler_is_left_alone():
    handlers = []

    def work():
        with heard_interrupts() as heard:
            handlers.append((signal.getsignal(signal.SIGINT), heard.is_set()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [(signal.default_int_handler, False)]


def test_what_is_ignored_stays_so():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with heard_interrupts() as heard:
        press()
        assert not heard.is_set()
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
