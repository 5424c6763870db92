"""What README promises: its figures are the committed ones, its commands exist, its links lead somewhere."""

import re
import subprocess
import sys

import pytest

from edgeseg.cli import app
from support.paths import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_tables_show_the_committed_results():
    command = [sys.executable, ROOT / "benchmarks" / "result_tables.py", "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_every_command_is_in_the_readme():
    text = (ROOT / "README.md").read_text()
    for command in app.registered_commands:
        name = command.name or command.callback.__name__
        assert f"edgeseg {name}" in text or f"make {name}" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_to_files(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_architecture_page_names_every_module_and_no_other():
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = set(re.findall(r"^\| `([a-z_]+(?:\.py|/))`", text, flags=re.MULTILINE))
    there = {
        path.name + ("/" if path.is_dir() else "")
        for path in (ROOT / "edgeseg").iterdir()
        if path.suffix in (".py", "") and not path.name.startswith("_") and path.name != "py.typed"
    }
    assert named == there
