"""The report of a study: what its three formats say."""

import csv
import io
import re

import pytest

from edgeseg.host.study.report.contents import used_columns, work_out
from edgeseg.host.study.report.render import FORMATS
from edgeseg.report.columns import NOTHING
from support.chromium import MISSING, browser
from support.study_results import as_the_paper, results_of


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    return work_out(results_of(tmp_path_factory.mktemp("results") / "study", as_the_paper))


def test_csv_has_every_cell_and_every_value_unrounded(contents):
    lines = list(csv.DictReader(io.StringIO(FORMATS[".csv"](contents))))
    assert len(lines) == 33
    assert [float(line["dice"]) for line in lines] == [cell.f1 for cell in contents.cells]
    assert lines[0]["paper_dice"] == "0.9395"


def test_markdown_has_claims_and_the_table_beside_the_papers(contents):
    text = FORMATS[".md"](contents)
    assert "**Of the optimizers with BCE, Adagrad is the worst: holds.**" in text
    assert re.search(r"\| bce\+adam float32 \| .* \| 0\.8603 ±0\.0005 \(0\.9395\) \|", text)
    assert "- Finds the most: jaccard-bce+rmsprop pruned, F1 0.9300" in text
    assert "| bce+nadam pruned | +1.00 points (+1.00 to +1.00) | -10.03 points (" in text
    assert "| 2 | 10.0" in text


@pytest.fixture(scope="module")
def page(contents):
    return FORMATS[".html"](contents)


def test_the_page_has_the_figures_of_the_paper(page):
    titles = re.findall(r"<figcaption><strong>(.*?)</strong>", page)
    numbers = {title.split(":")[0] for title in titles if title.startswith("Figure")}
    assert numbers == {f"Figure {number}" for number in range(2, 8)}
    assert sum(title.startswith("Figure 4") for title in titles) == 5


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The report of a study whose grid is not the paper's, by suffix."""
    plan = (
        'combinations = ["bce+adam", "dice-bce+adam"]\nvariants = ["float32", "int8-ptq"]\nseeds = [0, 1, 2]'
    )
    found = work_out(results_of(tmp_path_factory.mktemp("own") / "study", as_the_paper, plan=plan))
    return {suffix: render(found) for suffix, render in FORMATS.items()}


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_study_of_another_grid_says_no_word_of_the_paper(own, suffix):
    body = re.sub(r"(?s)<style>.*?</style>|<script>.*?</script>", "", own[suffix])
    for word in ("paper", "Polisi", "Table 3", "Figure ", "laim"):
        assert word not in body


def test_a_study_of_another_grid_has_results_differences_costs_and_figures(own):
    assert "- Finds the most: bce+adam" in own[".md"]
    assert "| dice-bce+adam int8-ptq | +0.00 points (+0.00 to +0.00) | +0.00 points (" in own[".md"]
    titles = re.findall(r"<figcaption><strong>(.*?)</strong>", own[".html"])
    assert titles == [
        "F1 over bytes: each cell as a point",
        "F1 over time: each cell as a point",
        "IoU of every combination, the whole training",
        "The test metrics of every cell",
    ]
    assert len(own[".csv"].splitlines()) == 1 + 4


def test_cells_far_below_the_best_do_not_press_the_others_together(page):
    """Adagrad is 30 points below; Nadam 16."""
    (bytes_chart, time_chart) = re.findall(r"<strong>F1 over (?:bytes|time): .*?</figure>", page, re.DOTALL)
    for chart in (bytes_chart, time_chart):
        assert "Not shown, more than 0.1 below the best: bce+nadam float32" in chart
        assert 'aria-label="bce+adagrad' not in chart
        assert 'aria-label="bce+adam float32: ' in chart


def test_every_chart_says_what_its_marks_are(page):
    assert 'aria-label="adam, int8-ptq: 0.8603"' in page
    assert 'aria-label="bce+adam: 0.5500 in the end"' in page
    assert 'aria-label="bce+adam float32, F1: 0.8603"' in page


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_in_a_browser_the_table_sorts_filters_and_has_the_values(contents, page, tmp_path):
    path = tmp_path / "study.html"
    path.write_text(page, encoding="utf-8")
    with browser(tmp_path / "profile") as driver:
        driver.get(path.as_uri())
        assert not driver.get_log("browser")
        script = """
            return [...document.querySelectorAll("table.rows tbody tr")].filter((row) => !row.hidden)
                .map((row) => [...row.cells].map((cell) => [cell.dataset.column, cell.textContent]));
        """
        shown = [dict(row) for row in driver.execute_script(script)]
        for row, expected in zip(shown, contents.rows, strict=True):
            for column in used_columns(contents.columns, contents.rows):
                assert row[column.name] == column.text(expected) != ""
        assert any(row["paper_dice"] == NOTHING for row in shown)
        driver.find_element("css selector", "th[title^='mean over the test'] button").click()
        accuracy = [float(dict(row)["accuracy"]) for row in driver.execute_script(script)]
        assert accuracy == sorted(accuracy)
        driver.find_element("name", "front").click()
        assert 1 <= len(driver.execute_script(script)) < len(shown)
        assert not driver.get_log("browser")
