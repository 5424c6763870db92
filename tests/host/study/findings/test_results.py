"""What is read from a study's folder, and one sentence for what does not fit."""

import json

import pytest

from edgeseg.errors import ResultError
from edgeseg.host.study.combination import parse_combination
from edgeseg.host.study.findings.cells import make_cells
from edgeseg.host.study.findings.results import read_results
from edgeseg.host.study.report.contents import work_out
from support.study_results import as_the_paper, results_of, write_study

ADAM = parse_combination("bce+adam")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return results_of(tmp_path_factory.mktemp("results") / "study", as_the_paper)


def cell(results, combination, step):
    name = parse_combination(combination)
    return next(each for each in make_cells(results) if (each.combination, each.step) == (name, step))


def test_the_grid_has_its_32_cells_and_the_alternative(results):
    cells = make_cells(results)
    assert len(cells) == 33
    assert sum(len(each.files) for each in cells) == 10 * 4 + 3


def test_a_cell_is_the_mean_over_images_and_seeds(results):
    found = cell(results, "bce+adam", "float32")
    score = found.scores["dice"]
    assert score.value == found.f1 == pytest.approx((0.86 + 0.861 + 0.86) / 3)
    assert score.seeds == pytest.approx(0.001)
    assert score.interval[0] < score.value < score.interval[1]
    assert len(found.files) == 3


def test_a_cell_differs_from_the_base_of_its_networks_and_from_the_first_combination(results):
    found = cell(results, "bce+nadam", "pruned")
    assert found.from_base.text == "+1.00 points (+1.00 to +1.00)"
    assert found.from_first.value == pytest.approx(-0.1 - 0.001 / 3)
    assert found.from_first.below
    first = cell(results, "bce+adam", "float32")
    assert first.from_base is None
    assert first.from_first is None


def test_costs_are_those_of_the_files(results):
    costs = cell(results, "bce+adam", "pruned").costs
    assert (costs.raw_bytes, costs.p50_ms, costs.agreement) == (60_000, 6, 1)


def test_the_front_has_no_cell_that_another_beats(results):
    fronts = {each.label for each in make_cells(results) if "bytes" in each.fronts}
    assert fronts == {"jaccard-bce+rmsprop pruned"}


def test_histories_are_those_of_networks_and_what_was_fine_tuned(results):
    found = {each.step: len(each.epochs) for each in results.trainings if each.network.combination == ADAM}
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
    assert work_out(results).open == [
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
    def hits(combination, seed, step):
        found = as_the_paper(combination, seed, step)
        return found[:3] if combination == "bce+nadam" else found

    with pytest.raises(
        ResultError, match="bce\\+nadam_seed0 and bce\\+adam_seed0 were measured on different"
    ):
        results_of(tmp_path / "study", hits)


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("schema_version", r"expected schema_version 1 in .*study\.json, but there is none; use the edgeseg"),
        (
            "name",
            r"expected name in .*study\.json, but it is not there; use the edgeseg version",
        ),
        ("dataset", r"expected dataset in .*study\.json, but it is not there; use the edgeseg version that"),
    ],
)
def test_a_study_that_does_not_say_what_it_is_is_a_sentence(tmp_path, key, sentence):
    path = write_study(tmp_path / "s", as_the_paper)
    facts = json.loads((path / "study.json").read_text())
    del facts[key]
    (path / "study.json").write_text(json.dumps(facts))
    with pytest.raises(ResultError, match=sentence):
        read_results(path)


def test_a_history_that_is_no_table_is_a_sentence(tmp_path):
    path = write_study(tmp_path / "s", as_the_paper)
    (path / "runs" / "bce+adam_seed0" / "history.csv").write_text("epoch,dice\nfirst,0.5\n")
    with pytest.raises(ResultError, match=r"cannot read .*history.csv: could not convert"):
        read_results(path)
