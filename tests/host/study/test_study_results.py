"""What is read from a study's folder, and one sentence for what does not fit."""

import json

import pytest

from edgeseg.errors import ResultError
from edgeseg.host.study.combination import parse_combination
from edgeseg.host.study.report.reading import read
from edgeseg.host.study.report.results import read_results
from edgeseg.host.study.report.rows import make_cells
from support.command import edgeseg
from support.study_results import as_the_paper, results_of, write_study

ADAM = parse_combination("bce+adam")


@pytest.fixture
def results(tmp_path):
    return results_of(tmp_path / "study", as_the_paper)


def cell(results, combination, what):
    name = parse_combination(combination)
    return next(each for each in make_cells(results) if (each.combination, each.what) == (name, what))


def test_the_grid_has_its_32_cells_and_the_alternative(results):
    cells = make_cells(results)
    assert len(cells) == 33
    assert sum(len(each.files) for each in cells) == 10 * 4 + 3


def test_a_cell_is_the_mean_over_images_and_seeds_beside_the_papers(results):
    values = cell(results, "bce+adam", "float32").values
    assert values["dice"] == pytest.approx((0.86 + 0.861 + 0.86) / 3)
    assert values["dice_seeds"] == pytest.approx(0.001)
    assert (values["paper_dice"], values["paper_accuracy"]) == (0.9395, 0.9535)
    assert values["dice_low"] < values["dice"] < values["dice_high"]
    assert values["seeds"] == 3


def test_the_paper_has_no_alternative(results):
    assert cell(results, "bce+adam", "int8-qat-batch2").values["paper_dice"] is None


def test_costs_are_those_of_the_files(results):
    values = cell(results, "bce+adam", "pruned").values
    assert (values["raw_bytes"], values["p50_ms"], values["agreement"]) == (60_000, 6, 1)


def test_the_front_has_no_cell_that_another_beats(results):
    fronts = {each.label for each in make_cells(results) if "bytes" in str(each.values["front"])}
    assert fronts == {"jaccard-bce+rmsprop pruned"}


def test_histories_are_those_of_networks_and_what_was_fine_tuned(results):
    found = {each.what: len(each.epochs) for each in results.trainings if each.combination == ADAM}
    assert found == {"train": 5, "int8-qat": 2, "pruned": 2, "int8-qat-batch2": 2}


def test_what_failed_and_what_is_missing_is_told(tmp_path):
    results = results_of(
        tmp_path / "study",
        as_the_paper,
        failed=("bce+adam_seed0_pruned",),
        missing=("bce+nadam_seed0_bench",),
    )
    assert not results.of(parse_combination("bce+nadam"), "float32")
    assert len(results.of(ADAM, "pruned")) == 2
    assert read(results).open == [
        "bce+adam_seed0_pruned failed: it broke",
        "Not done yet: bce+nadam_seed0_bench.",
    ]


def test_a_study_where_nothing_was_measured_is_a_sentence(tmp_path):
    plan = 'combinations = ["bce+adam"]'
    path = write_study(tmp_path / "s", as_the_paper, plan=plan, missing=("bce+adam_seed0_bench",))
    with pytest.raises(ResultError, match="nothing was measured yet in the study"):
        read_results(path)


def test_a_bench_of_other_files_than_there_are_is_a_sentence(tmp_path):
    path = write_study(tmp_path / "s", as_the_paper)
    record = path / "tasks" / "bce+adam_seed0_bench.json"
    value = json.loads(record.read_text())
    value["after"].pop("bce+adam_seed0_pruned")
    record.write_text(json.dumps(value))
    with pytest.raises(ResultError, match="adam_seed0_bench measured other files than there are now"):
        read_results(path)


def test_cells_measured_on_different_images_are_refused(tmp_path):
    def hits(combination, seed, what):
        found = as_the_paper(combination, seed, what)
        return found[:3] if combination == "bce+nadam" else found

    with pytest.raises(
        ResultError, match="bce\\+nadam_seed0 and bce\\+adam_seed0 were measured on different"
    ):
        results_of(tmp_path / "study", hits)


@pytest.mark.parametrize("key", ["schema_version", "name", "dataset"])
def test_a_study_that_does_not_say_what_it_is_is_a_sentence(tmp_path, key):
    path = write_study(tmp_path / "s", as_the_paper)
    facts = json.loads((path / "study.json").read_text())
    del facts[key]
    (path / "study.json").write_text(json.dumps(facts))
    with pytest.raises(
        ResultError, match=r"expected schema_version 1, a name and a dataset in .*study\.json"
    ):
        read_results(path)


def test_a_history_that_is_no_table_is_a_sentence(tmp_path):
    path = write_study(tmp_path / "s", as_the_paper)
    (path / "runs" / "bce+adam_seed0" / "history.csv").write_text("epoch,dice\nfirst,0.5\n")
    with pytest.raises(ResultError, match=r"cannot read .*history.csv: could not convert"):
        read_results(path)


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
    done = edgeseg("study", "report", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert not list(tmp_path.glob("r.*"))


def test_a_report_that_is_there_is_kept(tmp_path):
    write_study(tmp_path / "study", as_the_paper)
    (tmp_path / "r.csv").write_text("mine")
    assert edgeseg("study", "report", tmp_path / "study", "--out", tmp_path / "r.csv").returncode == 2
    assert (tmp_path / "r.csv").read_text() == "mine"
