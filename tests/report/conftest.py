import pytest

from bench_results import make_result
from report_results import make_rich


@pytest.fixture
def result():
    return make_result()


@pytest.fixture
def rich():
    return make_rich()
