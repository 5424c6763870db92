import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.budget.annotations import annotation_lines, escape_data, escape_property
from edgeseg.budget.junit import junit_xml
from edgeseg.budget.limits import parse_budgets
from edgeseg.budget.markdown import summary
from edgeseg.budget.table import HEADER, table_rows, verdict_line
from support.budget_cases import FILE, PATH, facts, judge, limit

#: One limit broken, one kept, one not judged.
TEXT = limit(
    'max_growth_bytes = "2 %"\nmax_partitions = 1\nmax_growth_latency = "25 %"',
    baseline="bytes = 2_000_000\npartitions = 1",
)
SENTENCE = (
    f"{FILE}: bytes 2,100,000 exceeds the limit 2,040,000 (baseline 2,000,000 + 2 %) by 60,000 (+2.9 %)"
)


def test_the_table_has_value_limit_baseline_change_and_verdict():
    assert table_rows([facts()], judge(TEXT)) == [
        [FILE, "bytes", "2,100,000", "2,040,000", "2,000,000", "+100,000 (+5.0 %)", "broken"],
        [FILE, "partitions", "1", "1", "1", "0", "ok"],
        [FILE, "latency", "-", "-", "-", "-", "not judged"],
    ]
    assert len(HEADER) == 7


def test_the_table_shows_new_operators_times_and_files_without_a_limit():
    text = limit('operator_kinds = "baseline"', "unet*", baseline='operator_kinds = ["CONV_2D", "MUL"]')
    models = [facts(), facts("v.tflite")]
    assert table_rows(models, judge(text, *models)) == [
        [FILE, "operator_kinds", "2 kinds", "2 kinds", "2 kinds", "+LOGISTIC -MUL", "broken"],
        ["v.tflite", "-", "-", "-", "-", "-", "no limit"],
    ]


def test_the_last_line_counts_what_became_of_the_limits():
    assert verdict_line([facts()], judge(TEXT)) == "3 limits on 1 file: 1 broken, 1 not judged"
    assert verdict_line([facts()], judge(limit("max_partitions = 1"))) == "1 limit on 1 file: all kept"


def test_junit_has_a_case_for_each_limit_and_the_sentence_in_the_failure():
    root = ET.fromstring(junit_xml(judge(TEXT)))
    assert (root.tag, root[0].tag) == ("testsuites", "testsuite")
    assert root[0].attrib == {
        "name": "edgeseg check", "tests": "3", "failures": "1", "errors": "0", "skipped": "1",
    }  # fmt: skip
    broken, kept, skipped = root[0]
    assert broken.attrib == {"classname": FILE, "name": "max_growth_bytes"}
    assert broken[0].tag == "failure"
    assert broken[0].attrib == {"type": "max_growth_bytes", "message": SENTENCE}
    assert broken[0].text == SENTENCE
    assert len(kept) == 0
    assert skipped[0].tag == "skipped"
    assert "times are not in a model file" in skipped[0].attrib["message"]


@given(st.text(st.characters(codec="utf-8")).filter(str.strip))
def test_junit_is_valid_xml_whatever_a_file_is_called(name):
    root = ET.fromstring(junit_xml(judge(limit("max_bytes = 1"), facts(name))))
    assert len(root.findall(".//failure")) == 1


def test_annotations_name_the_file_and_say_the_sentence():
    error, notice = annotation_lines([facts(path=Path("models") / FILE)], judge(TEXT), budget=PATH)
    escaped = SENTENCE.replace("%", "%25")
    assert error == f"::error file=models/{FILE},title=max_growth_bytes broken::{escaped}"
    assert notice.startswith(
        f"::notice file=models/{FILE},title=max_growth_latency not judged::{FILE}: latency"
    )


def test_annotations_of_bench_results_name_the_budget():
    (line, _) = annotation_lines([facts()], judge(TEXT), budget=PATH)
    assert line.startswith("::error file=budgets.toml,title=")


def test_annotations_of_a_file_that_keeps_its_limits_are_none():
    assert annotation_lines([facts()], judge(limit("max_partitions = 1")), budget=PATH) == []


@pytest.mark.parametrize(
    ("text", "data", "value"),
    [
        ("100 %", "100 %25", "100 %25"), ("a\r\nb", "a%0D%0Ab", "a%0D%0Ab"), ("a,b:c", "a,b:c", "a%2Cb%3Ac"),
        ("%0A", "%250A", "%250A"),
    ],
)  # fmt: skip
def test_annotations_escape_what_would_end_them(text, data, value):
    assert (escape_data(text), escape_property(text)) == (data, value)


@given(st.text())
def test_an_annotation_is_one_line_whatever_a_file_is_called(name):
    model = facts(name, path=Path("m") / name.replace("/", "").replace("\0", "") / "x")
    (line,) = annotation_lines([model], judge(limit("max_bytes = 1"), model), budget=PATH)
    assert not set(line) & {"\n", "\r"}
    assert re.fullmatch(r"::error file=[^:,]*,title=[^:,]*::.*", line, re.DOTALL)


def markdown(text, *models):
    models = models or (facts(),)
    return summary(models, judge(text, *models), parse_budgets(text, path=PATH))


def test_markdown_says_what_is_broken_and_what_changed():
    assert markdown(TEXT) == (
        f"### edgeseg check: a limit is broken\n"
        "\n"
        "3 limits on 1 file: 1 broken, 1 not judged.\n"
        "\n"
        f"- `{FILE}`{SENTENCE.removeprefix(FILE)}\n"
        "\n"
        "| file | metric | baseline | now | change |\n"
        "|---|---|---:|---:|---:|\n"
        f"| `{FILE}` | bytes | 2,000,000 | 2,100,000 | +100,000 (+5.0 %) |\n"
        "\n"
        f"- `{FILE}`: latency not judged: times are not in a model file; check the JSON of "
        "\\`edgeseg bench\\`\n"
    )


def test_markdown_shows_the_biggest_change_first():
    text = limit(
        "max_partitions = 9",
        baseline='bytes = 2_000_000\npartitions = 2\ndice = 0.86\noperator_kinds = ["CONV_2D"]',
    )
    metrics = re.findall(r"^\| `.*?` \| (\w+) ", markdown(text), re.MULTILINE)
    assert metrics == ["operator_kinds", "partitions", "bytes", "dice"]


def test_markdown_says_plainly_when_nothing_changed():
    text = markdown(limit("max_partitions = 1", baseline="partitions = 1"))
    assert text.startswith("### edgeseg check: within all limits\n")
    assert "Nothing differs from the baseline." in text
    assert "|" not in text


def test_markdown_names_files_that_are_new_or_gone():
    text = limit("max_partitions = 1", baseline="partitions = 1") + '[baseline."old.tflite"]\nbytes = 1\n'
    shown = markdown(text, facts(), facts("new.tflite"))
    assert "- Not in the baseline: `new.tflite`\n" in shown
    assert "- In the baseline, but not here: `old.tflite`\n" in shown


def test_markdown_takes_nothing_in_a_name_for_markup():
    shown = markdown(limit("max_bytes = 1"), facts("a|`b`\n# c @d <i>.tflite"))
    assert r"- `a\|'b' # c @d <i>.tflite`: bytes" in shown


@pytest.mark.parametrize(("count", "length"), [(500, 20), (100, 4000)])
def test_markdown_fits_a_comment_however_many_files_there_are(count, length):
    models = [facts(f"{'m' * length}{number}.tflite") for number in range(count)]
    baseline = "".join(f'[baseline."{model.name}"]\nbytes = 1\n' for model in models)
    shown = markdown(limit("max_bytes = 1") + baseline, *models)
    assert len(shown) < 65_536
    assert f"{count} broken" in shown
    assert ("and 460 more" if length == 20 else "The rest is left out") in shown
