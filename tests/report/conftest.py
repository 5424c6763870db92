import pytest

from support.bench_results import make_result
from support.report_results import make_rich


@pytest.fixture
def result():
    return make_result()


@pytest.fixture
def rich():
    return make_rich()
