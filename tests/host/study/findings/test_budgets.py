"""Limits that a study sets on its files."""

import pytest

from edgeseg.errors import ConfigError
from edgeseg.host.study.report.contents import work_out
from support.study_results import PLAN, as_the_paper, results_of


def contents(tmp_path, budgets):
    return work_out(results_of(tmp_path / "study", as_the_paper, plan=f"{PLAN}\n{budgets}"))


def test_a_file_over_budget_is_named_and_never_the_choice(tmp_path):
    found = contents(tmp_path, '[budgets."pruned*"]\nmax_bytes = "50 kB"')
    assert len(found.broken) == 10
    assert found.broken[0].startswith("bce+adam_seed0: pruned.tflite: bytes 60,000")
    assert "pruned" not in {cell.step for _, cell in found.choices}


def test_a_limit_on_dice_is_one_on_what_was_measured(tmp_path):
    found = contents(tmp_path, '[budgets."*"]\nmin_dice = 0.7')
    assert {sentence.split("_")[0] for sentence in found.broken} == {"bce+adagrad"}


def test_where_all_are_over_budget_none_is_chosen(tmp_path):
    assert contents(tmp_path, '[budgets."*"]\nmax_bytes = 1').choices == ()


def test_within_budget_nothing_is_said(tmp_path):
    assert contents(tmp_path, '[budgets."*"]\nmax_bytes = "1 MB"').broken == ()


def test_a_pattern_that_fits_no_file_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="fits no file of the study"):
        contents(tmp_path, '[budgets."*slim*"]\nmax_bytes = "1 MB"')
