import re

from edgeseg.budget.limited import LATENCY, LIMITED, name_of
from edgeseg.budget.limits import LIMIT_KEYS, parse_budgets
from edgeseg.cli.check import Format
from support.budget_cases import PATH
from support.paths import ROOT

PAGE = (ROOT / "docs" / "budgets.md").read_text()


def test_the_page_names_every_key_metric_and_format():
    named = set(re.findall(r"`(\w+)", PAGE))
    wanted = {*LIMIT_KEYS, *map(name_of, (*LIMITED, LATENCY)), *map(str, Format)}
    assert wanted - named == set()


def test_the_page_names_no_key_that_does_not_exist():
    assert set(re.findall(r"\b(?:max|min)_[a-z_0-9]+", PAGE)) - set(LIMIT_KEYS) == set()


def test_the_example_of_the_page_is_a_valid_budget():
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (budget,) = parse_budgets(example, path=PATH).budgets
    assert len(budget.limits) == 8
