import pytest

from support.bench_results import make_quality, make_result


@pytest.fixture
def quality():
    return make_quality()


@pytest.fixture
def result():
    return make_result()
