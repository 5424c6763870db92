"""The report of a study: what its three formats say."""

import csv
import io
import re

import pytest

from edgeseg.host.study.report.reading import read
from edgeseg.host.study.report.render import FORMATS
from edgeseg.report.columns import NOTHING
from support.chromium import MISSING, browser
from support.study_results import as_the_paper, results_of


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    return read(results_of(tmp_path_factory.mktemp("results") / "study", as_the_paper))


def test_csv_has_every_cell_and_every_value_unrounded(reading):
    lines = list(csv.DictReader(io.StringIO(FORMATS[".csv"](reading))))
    assert len(lines) == 33
    assert [float(line["dice"]) for line in lines] == [cell.number("dice") for cell in reading.cells]
    assert lines[0]["paper_dice"] == "0.9395"


def test_markdown_has_claims_and_the_table_beside_the_papers(reading):
    text = FORMATS[".md"](reading)
    assert "**Of the optimizers with BCE, Adagrad is the worst: holds.**" in text
    assert re.search(r"\| bce\+adam float32 \| .* \| 0\.8603 ±0\.0005 \(0\.9395\) \|", text)
    assert "- Finds the most: jaccard-bce+rmsprop pruned, F1 0.9300" in text
    assert "| 2 | 10.0" in text


@pytest.fixture(scope="module")
def page(reading):
    return FORMATS[".html"](reading)


def test_the_page_has_the_figures_of_the_paper(page):
    titles = re.findall(r"<figcaption><strong>(.*?)</strong>", page)
    numbers = {title.split(":")[0] for title in titles if title.startswith("Figure")}
    assert numbers == {f"Figure {number}" for number in range(2, 8)}
    assert sum(title.startswith("Figure 4") for title in titles) == 5


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
def test_in_a_browser_the_table_sorts_filters_and_has_the_values(reading, page, tmp_path):
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
        for row, cell in zip(shown, reading.cells, strict=True):
            for column in reading.columns:
                assert row[column.name] == column.text(cell) != ""
        assert any(row["paper_dice"] == NOTHING for row in shown)
        driver.find_element("css selector", "th[title^='mean over the test'] button").click()
        accuracy = [float(dict(row)["accuracy"]) for row in driver.execute_script(script)]
        assert accuracy == sorted(accuracy)
        driver.find_element("name", "front").click()
        assert 1 <= len(driver.execute_script(script)) < len(shown)
        assert not driver.get_log("browser")
