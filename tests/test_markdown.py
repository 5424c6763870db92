"""Markdown in which nothing that came from elsewhere is markup."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.markdown import code, escaped, listing, table


@given(st.text())
def test_escaped_text_is_one_line_without_bare_markup(text):
    shown = escaped(text)
    assert len(shown.splitlines()) <= 1
    assert not re.search(r"(?<!\\)(\\\\)*[*\[\]<>|~#&$`]", shown)


@given(st.text(alphabet="ab_*|`<&\\ "))
def test_escaping_loses_nothing(text):
    assert re.sub(r"\\(.)", r"\1", escaped(text)) == re.sub(r"\s+", " ", text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a_file_name.tflite", "a_file_name.tflite"),
        ("_emphasis_", r"\_emphasis\_"),
        ("two\nlines", "two lines"),
        ("a|b", r"a\|b"),
    ],
)
def test_an_underscore_within_a_word_stays(text, shown):
    assert escaped(text) == shown


def test_a_name_as_code_ends_neither_the_code_nor_a_cell():
    assert code("a`b|c\nd") == r"`a'b\|c d`"


def test_a_table_aligns_figures_to_the_right():
    assert list(table(["file", "bytes"], [["a|b", "5"]], text=[0])) == [
        "| file | bytes |",
        "| --- | ---: |",
        r"| a\|b | 5 |",
        "",
    ]


def test_a_list_of_nothing_is_no_line():
    assert list(listing([])) == []
    assert list(listing(["a", "b"])) == ["- a", "- b", ""]
