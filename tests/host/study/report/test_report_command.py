"""`edgeseg study report`: wrong usage gets one sentence."""

import pytest

from support.command import edgeseg, refused
from support.study_results import as_the_paper, write_study


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nowhere", "--out", "r.html"), "expected a study at"),
        (("study", "--out", "r.pdf"), "expected --out to end in .html or .md or .csv, but got r.pdf"),
        (("study", "--out", "r.md", "--out", "r.md"), "expected different files as --out, but one is named"),
    ],
)
def test_wrong_usage_of_report_is_a_sentence(arguments, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path / "study", as_the_paper)
    refused(edgeseg("study", "report", *arguments), sentence)
    assert not list(tmp_path.glob("r.*"))


def test_a_report_that_is_there_is_kept(tmp_path):
    write_study(tmp_path / "study", as_the_paper)
    (tmp_path / "r.csv").write_text("mine")
    assert edgeseg("study", "report", tmp_path / "study", "--out", tmp_path / "r.csv").returncode == 2
    assert (tmp_path / "r.csv").read_text() == "mine"
