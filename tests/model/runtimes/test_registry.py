"""What every runtime of the registry states, and where people read of it."""

import tomllib

import pytest

from edgeseg.model.runtimes.registry import RUNTIMES
from support.paths import ROOT

OTHERS = sorted({name for name, each in RUNTIMES.items() if each.extra})


@pytest.mark.parametrize("name", RUNTIMES)
def test_the_page_on_bench_has_a_row_for_it(name):
    page = (ROOT / "docs" / "bench.md").read_text(encoding="utf-8")
    (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
    extra = RUNTIMES[name].extra
    assert extra is None or f"`edgeseg[{extra}]`" in row


@pytest.mark.parametrize("name", OTHERS)
def test_its_extra_brings_its_distribution_and_the_advice_names_it(name):
    registered = RUNTIMES[name]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = project["optional-dependencies"][registered.extra]
    assert any(each.startswith(registered.distribution) for each in extra)
    assert f"edgeseg[{registered.extra}]" in registered.missing


@pytest.mark.parametrize("name", [each for each in RUNTIMES if each != "litert"])
def test_it_says_what_it_computes_with(name):
    assert RUNTIMES[name].kernels
