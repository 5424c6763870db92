"""The page "How to add" names files that are there, few of them; and people read of all that was added."""

import re

import pytest

from edgeseg.data.importing.formats import FORMATS
from edgeseg.model.recipe import FROM_FILE, RECIPES
from support.paths import ROOT

PAGE = (ROOT / "docs" / "how-to-add.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))


def files_of(section):
    return re.findall(r"^\| `([^`]+)` \|", SECTIONS[section], flags=re.MULTILINE)


def test_it_tells_of_all_that_can_be_added():
    assert list(SECTIONS) == [
        "A network family", "A task", "An image format", "An importer", "A runtime", "An export variant",
    ]  # fmt: skip


@pytest.mark.parametrize("section", SECTIONS)
def test_four_files_are_enough(section):
    assert 1 <= len(files_of(section)) <= 4


def test_every_path_that_it_names_is_there():
    """`NAME` stands for a new file: its folder is there."""
    named = re.findall(r"\b(?:edgeseg|tests|docs)/[\w./]*", PAGE)
    assert len(named) > 20
    for path in named:
        place = ROOT / path
        assert (place.parent if "NAME" in path else place).exists(), path


@pytest.mark.parametrize("name", FORMATS)
def test_the_page_on_data_has_a_row_for_each_import_format(name):
    assert f"\n| `{name}` | " in (ROOT / "docs" / "data.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", {**RECIPES, **FROM_FILE})
def test_the_readme_has_each_variant_in_its_table(name):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("\n## Variants\n")[2].partition("\n## ")[0]
    assert any(f"`{name}`" in line.split("|")[1] for line in table.splitlines() if line.startswith("|"))
