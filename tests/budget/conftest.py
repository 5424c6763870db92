from dataclasses import replace

import pytest

from support.bench_results import make_result


@pytest.fixture
def result():
    """A bench in which nothing failed: a float32 file on one and two threads, an int8 file on one."""
    whole = make_result()
    return replace(whole, models=whole.models[:2])
