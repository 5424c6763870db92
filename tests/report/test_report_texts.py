import csv
import io
from dataclasses import replace

from edgeseg.report.columns import BY_NAME
from edgeseg.report.markdown import markdown
from edgeseg.report.section import make_sections
from edgeseg.report.spreadsheet import spreadsheet


def sections_of(*results):
    named = [(f"{number}.json", result) for number, result in enumerate(results)]
    return make_sections(named, within=0.01)


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def cells(line):
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_csv_has_every_row_unrounded(rich):
    (section,) = sections_of(rich)
    lines = read(spreadsheet([section]))
    assert len(lines) == len(section.rows)
    for line, row in zip(lines, section.rows, strict=True):
        assert line["model"] == row.model.name
        for name in BY_NAME:
            value = row.values.get(name)
            assert line[name] == ("" if value is None else str(value))


def test_csv_says_where_each_row_is_from(rich, result):
    lines = read(spreadsheet(sections_of(rich, replace(result, dataset=None))))
    assert {(line["result"], line["data"], line["board"]) for line in lines} == {
        ("0.json", "blobs", "Raspberry Pi 4 Model B Rev 1.4"),
        ("1.json", "", "Raspberry Pi 4 Model B Rev 1.4"),
    }


def test_markdown_has_the_answer_and_the_figures(rich):
    text = markdown(sections_of(rich))
    assert "- **Ship int8: the smallest and the fastest.** 100.0 kB, 11.00 ms" in text
    lines = text.splitlines()
    header = next(cells(line) for line in lines if line.startswith("| file |"))
    row = next(cells(line) for line in lines if line.startswith("| int8 |"))
    shown = dict(zip(header, row, strict=True))
    assert (shown["kB"], shown["p50 ms"], shown["Dice"]) == ("100.0", "11.00", "0.9474")
    assert "### What was not measured" in text


def test_markdown_tables_have_as_many_cells_in_every_line(rich):
    table = []
    for line in [*markdown(sections_of(rich)).splitlines(), ""]:
        if line.startswith("|"):
            table.append(len(cells(line)))
        elif table:
            assert len(set(table)) == 1
            table = []


def test_markdown_shows_names_as_they_are(rich):
    odd = replace(rich.models[0], name="a|b_<b>*c*`d`.tflite")
    text = markdown(sections_of(replace(rich, models=(odd,), reference=odd.name)))
    assert r"a\|b\_\<b\>\*c\*\`d\`" in text


def test_results_of_one_title_are_told_apart(rich):
    titles = [section.title for section in sections_of(rich, rich)]
    assert titles == [
        "blobs, Raspberry Pi 4 Model B Rev 1.4 (0.json)",
        "blobs, Raspberry Pi 4 Model B Rev 1.4 (1.json)",
    ]
