"""`edgeseg report` of a folder of `edgeseg predict`: cells over time."""

import csv
import io
import json
import re
import shutil

import pytest

from edgeseg.prediction.results import read_results
from edgeseg.report.over_time import render
from support.chromium import MISSING, browser
from support.command import edgeseg, refused
from support.paths import TESTS
from support.prediction_cases import MODEL, cell_at, read_table, write_image, write_stack

HOSTILE = "<img src=x onerror=document.title='got'>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A stack of three pages, with a cell in all but the last, and an image with an odd name."""
    here = tmp_path_factory.mktemp("predicted")
    empty = cell_at(-40, -40)
    write_stack(here / "stack.tif", [cell_at(20, 20), cell_at(30, 30), empty])
    write_image(here / f"{HOSTILE}.png")
    done = edgeseg(
        "predict",
        MODEL,
        here / "stack.tif",
        here / f"{HOSTILE}.png",
        "--out",
        here / "out",
        "--pixel-size",
        "0.5",
    )
    assert done.returncode == 0, done.stderr
    return here / "out"


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "out")


def test_the_table_is_that_of_images_csv(folder):
    rows = list(csv.DictReader(io.StringIO(render(read_results(folder), ".csv"))))
    for row, image in zip(rows, read_table(folder / "images.csv"), strict=True):
        assert all(row[name] == image[name] for name in ("image", "cells", "area_um2", "coverage"))
    assert [(row["series"], row["axis"], row["at"]) for row in rows[:3]] == [
        ("stack.tif", "page", str(page)) for page in (1, 2, 3)
    ]
    assert [row["mean_cell_area_um2"] == "" for row in rows] == [False, False, True, False]


def test_each_suffix_gives_its_format(folder, tmp_path):
    outs = [tmp_path / name for name in ("a.html", "a.md", "a.csv")]
    done = edgeseg("report", folder, *(part for out in outs for part in ("--out", out)))
    assert (done.returncode, done.stderr) == (0, "")
    for out, start in zip(
        outs, ("<!doctype html>", "# Cells over time", "series,axis,image,at,"), strict=True
    ):
        assert out.read_text(encoding="utf-8").startswith(start)


def test_the_page_says_how_it_went(folder):
    page = render(read_results(folder), ".html")
    assert "From 1 cell (" in page
    assert "the fewest, 0, in stack_p003." in page
    assert page.count("<svg") == 4
    assert "Not complete" not in page


def test_a_run_that_was_cut_short_is_said_to_be(copy):
    manifest = json.loads((copy / "predict.json").read_text())
    (copy / "predict.json").write_text(json.dumps(manifest | {"complete": False}))
    assert "Not complete" in render(read_results(copy), ".html")


def test_a_folder_of_version_0_1_is_read():
    found = read_results(TESTS / "fixtures" / "v0_1" / "prediction")
    assert found.pixel_size == 0.5
    assert render(found, ".csv").count("\n") == 1 + len(found.images) == 5


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--within", "0.1"), "--within changes nothing for a folder of edgeseg predict"),
        (("bench.json",), "expected one folder of edgeseg predict or results of edgeseg bench, but 2 names"),
        (("--out", "a.pdf"), "expected --out to end in .html or .md or .csv, but got a.pdf"),
        (("--out", "there.md"), "there.md exists already"),
    ],
)
def test_wrong_use_gets_a_sentence_and_writes_nothing(folder, tmp_path, arguments, sentence):
    (tmp_path / "there.md").write_text("mine")
    refused(edgeseg("report", folder, *arguments, "--out", "a.md", cwd=tmp_path), sentence)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_another_folder_is_refused(tmp_path):
    (tmp_path / "other").mkdir()
    refused(edgeseg("report", "other", "--out", "a.md", cwd=tmp_path), "but other holds no predict.json")


def test_a_folder_without_a_picture_is_refused(copy, tmp_path):
    lines = (copy / "images.csv").read_text().splitlines(keepends=True)
    (copy / "images.csv").write_text(lines[0])
    refused(edgeseg("report", copy, "--out", tmp_path / "a.md"), "results of no picture")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: text.replace("coverage", "cover"), "to begin with the columns image,width_px"),
        (lambda text: re.sub(r"(stack_p001,)\d+", r"\1many", text), "expected numbers in"),
    ],
)
def test_a_table_that_was_changed_is_refused(change, sentence, copy, tmp_path):
    (copy / "images.csv").write_text(change((copy / "images.csv").read_text()))
    refused(edgeseg("report", copy, "--out", tmp_path / "a.md"), sentence)


@pytest.mark.parametrize("options", [{"pixel_size": "wide"}, {"pixel_size": -1}])
def test_a_manifest_that_was_changed_is_refused(options, copy, tmp_path):
    manifest = json.loads((copy / "predict.json").read_text())
    (copy / "predict.json").write_text(json.dumps(manifest | {"options": options}))
    refused(edgeseg("report", copy, "--out", tmp_path / "a.md"), "expected a number as options.pixel_size")


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_in_a_browser_points_say_their_picture_and_nothing_is_fetched(folder, tmp_path):
    (tmp_path / "page.html").write_text(render(read_results(folder), ".html"), encoding="utf-8")
    with browser(tmp_path / "profile") as driver:
        driver.get((tmp_path / "page.html").as_uri())
        marks = driver.find_elements("css selector", ".chart svg path[aria-label]")
        assert [mark.get_attribute("aria-label").split(",")[0] for mark in marks[:3]] == [
            "stack_p001: 1 cell", "stack_p002: 1 cell", "stack_p003: 0 cells",
        ]  # fmt: skip
        driver.execute_script("arguments[0].dispatchEvent(new Event('pointerenter'))", marks[1])
        assert driver.find_element("id", "tip").text.startswith("stack_p002: 1 cell")
        assert driver.title == "Cells over time"
        assert driver.get_log("browser") == []
        width = driver.execute_script("return [document.body.scrollWidth, innerWidth]")
        assert width[0] <= width[1]
