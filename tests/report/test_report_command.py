import subprocess
import sys
from dataclasses import replace

import pytest

from edgeseg.bench.result_file import save_result
from support.command import edgeseg
from support.report_results import make_rich


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    path = tmp_path_factory.mktemp("results") / "bench.json"
    save_result(path, make_rich())
    return path


def test_each_suffix_gives_its_format(bench, tmp_path):
    outs = [tmp_path / name for name in ("report.html", "report.md", "report.csv")]
    done = edgeseg("report", bench, *(part for out in outs for part in ("--out", out)))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == list(map(str, outs))
    starts = ("<!doctype html>", "# Which file do I ship?", "result,data,split,board,processor,model,")
    for out, start in zip(outs, starts, strict=True):
        assert out.read_text(encoding="utf-8").startswith(start)


def test_within_changes_the_answer(bench, tmp_path):
    out = tmp_path / "report.md"
    assert edgeseg("report", bench, "--out", out, "--within", "0.9").returncode == 0
    assert "Ship tiny" in out.read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--out", "report.pdf"), "expected --out to end in .html or .md or .csv, but got report.pdf"),
        (("--out", "a.md", "--out", "./a.md"), "expected different files as --out, but one is named twice"),
        (("--out", "a.md", "--within", "2"), "expected --within from 0 to 1, but got 2"),
        (("--out", "a.md", "--within", "nan"), "expected --within from 0 to 1, but got nan"),
        (("--out", "there.md"), "there.md exists already"),
    ],
)
def test_wrong_use_gets_a_sentence_and_writes_nothing(bench, tmp_path, arguments, sentence):
    (tmp_path / "there.md").write_text("mine")
    done = edgeseg("report", bench, *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_a_result_named_twice_is_refused(bench, tmp_path):
    done = edgeseg("report", bench, bench, "--out", tmp_path / "a.md")
    assert done.returncode == 2
    assert "expected different files as results" in done.stderr


def test_force_replaces(bench, tmp_path):
    out = tmp_path / "a.md"
    out.write_text("old")
    assert edgeseg("report", bench, "--out", out, "--force").returncode == 0
    assert out.read_text().startswith("# Which")


def test_no_result_gets_a_sentence(tmp_path):
    done = edgeseg("report", tmp_path / "none.json", "--out", tmp_path / "a.md")
    assert done.returncode == 2
    assert "but there is no such file" in done.stderr


def test_names_that_are_no_utf8_can_be_written(tmp_path):
    rich = make_rich()
    odd = replace(rich, dataset=replace(rich.dataset, name="data\udcff"))
    save_result(tmp_path / "bench.json", odd)
    outs = ("--out", "a.md", "--out", "a.csv", "--out", "a.html")
    assert edgeseg("report", "bench.json", *outs, cwd=tmp_path).returncode == 0
    assert "data\\udcff" in (tmp_path / "a.html").read_text()


@pytest.mark.parametrize("missing", ["altair", "vl_convert", "jinja2"])
def test_without_the_extra_a_page_says_what_to_install_and_the_rest_works(bench, tmp_path, missing):
    code = f"import sys; sys.modules['{missing}'] = None; from edgeseg.cli import main; main()"

    def run(*arguments):
        command = [sys.executable, "-c", code, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    done = run("report", bench, "--out", "a.md", "--out", "a.html")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert f"the page needs {missing}" in done.stderr
    assert "pip install 'edgeseg[report]'" in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert run("report", bench, "--out", "a.md", "--out", "a.csv").returncode == 0
