"""Table 3 of the paper, and which studies have its grid."""

from pathlib import Path

import pytest

from edgeseg.host.study.combination import parse_combination
from edgeseg.host.study.findings.cells import make_cells
from edgeseg.host.study.paper.table3 import has_papers_grid, table3
from edgeseg.host.study.plan_file import StudyFile
from edgeseg.host.study.report.table import table_row
from support.study_results import as_the_paper, results_of


def test_the_table_has_eight_combinations_as_four_variants():
    assert len(table3()) == 32
    assert table3()[parse_combination("bce+adam"), "float32"] == {
        "accuracy": 0.9535, "dice": 0.9395, "iou": 0.8941, "recall": 0.9394, "precision": 0.9427,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ('preset = "unet-16"\nseeds = [4, 5]\n[training]\nepochs = 3\n[qat]\nepochs = 1', True),
        ('[also.other]\nvariant = "pruned"\npruning.epochs = 3', True),
        ('combinations = ["bce+adam"]', False),
        ('losses = ["bce"]\noptimizers = ["adam", "nadam", "rmsprop", "adagrad"]', False),
        ('variants = ["float32", "int8-ptq", "int8-qat"]', False),
        ('variants = ["float32", "int8-ptq", "int8-qat", "pruned", "slim"]', False),
    ],
)
def test_the_grid_is_the_papers_with_all_its_cells_and_no_others(text, expected):
    assert has_papers_grid(StudyFile(Path("x.toml"), text).plan()) == expected


def test_the_papers_values_stand_beside_its_cells_and_alternatives_have_none(tmp_path):
    cells = {cell.label: cell for cell in make_cells(results_of(tmp_path / "study", as_the_paper))}
    base = table_row(cells["bce+adam float32"], beside_paper=True).values
    assert (base["paper_dice"], base["paper_accuracy"]) == (0.9395, 0.9535)
    other = table_row(cells["bce+adam int8-qat-batch2"], beside_paper=True).values
    assert other["paper_dice"] is None
    assert "paper_dice" not in table_row(cells["bce+adam float32"], beside_paper=False).values
