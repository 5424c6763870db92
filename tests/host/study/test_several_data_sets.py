"""A study of several data sets is one of each, side by side."""

import json
from pathlib import Path

import pytest

from edgeseg.errors import ConfigError, ResultError
from edgeseg.host.study.datasets import split_datasets
from edgeseg.host.study.folder import find_studies
from edgeseg.host.study.plan_file import StudyFile
from support.blob_images import write_blobs
from support.command import edgeseg
from support.study_cases import TRAINING
from support.study_results import as_the_paper, write_study


def plan(text=""):
    return StudyFile(Path("studies/mine.toml"), text).plan()


def test_one_data_set_has_its_study_in_the_folder_itself():
    assert split_datasets(plan('dataset = "a"'), (), Path("out")) == [(None, Path("out"))]
    assert split_datasets(plan(), (Path("b"),), Path("out")) == [(Path("b"), Path("out"))]


def test_of_several_each_has_a_folder_of_its_name():
    found = split_datasets(plan('dataset = ["a", "/data/b"]'), (), Path("out"))
    assert found == [(Path("studies/a"), Path("out/a")), (Path("/data/b"), Path("out/b"))]


def test_the_command_line_overrules_the_file():
    found = split_datasets(plan('dataset = "a"'), (Path("b"), Path("c")), Path("out"))
    assert [folder.name for _, folder in found] == ["b", "c"]


def test_two_folders_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="expected data sets in folders of different names, but two are"):
        split_datasets(plan('dataset = ["a/cells", "b/cells"]'), (), Path("out"))


def test_the_studies_in_a_folder_are_found_by_name(tmp_path):
    for name in ("b", "a"):
        write_study(tmp_path / name, as_the_paper, plan='combinations = ["bce+adam"]')
    (tmp_path / "notes").mkdir()
    assert [each.path.name for each in find_studies(tmp_path)] == ["a", "b"]
    assert [each.path for each in find_studies(tmp_path / "a")] == [tmp_path / "a"]


def test_where_there_is_none_is_a_sentence(tmp_path):
    with pytest.raises(ResultError, match=r"expected a study at .*, but there is none"):
        find_studies(tmp_path)


def test_a_report_is_of_one_data_set(tmp_path):
    for name in ("a", "b"):
        write_study(tmp_path / name, as_the_paper, plan='combinations = ["bce+adam"]')
    done = edgeseg("study", "report", tmp_path, "--out", tmp_path / "r.md")
    assert done.returncode == 2
    assert f"{tmp_path} holds the studies of several data sets (a, b); name one's folder" in done.stderr


@pytest.mark.host
@pytest.mark.slow
def test_all_are_run_though_the_first_fails_and_status_shows_them(tmp_path):
    write_blobs(tmp_path / "first", size=32)
    write_blobs(tmp_path / "second")
    study = tmp_path / "both.toml"
    study.write_text(f"""
dataset = ["first", "second"]
combinations = ["bce+adam"]
variants = ["float32"]
{TRAINING.replace("epochs = 8", "epochs = 1")}
[bench]
rounds = 1
seconds = 0.02
samples = 3
warmup_seconds = 0.02
""")
    out = tmp_path / "out"
    done = edgeseg("study", "run", study, "--out", out)
    assert done.returncode == 1, done.stderr
    assert "expected images of at least crop_size 64" in done.stderr
    told = json.loads(edgeseg("study", "status", out, "--json").stdout)
    assert {name: each["counts"] for name, each in told["studies"].items()} == {
        "first": {"failed": 1, "blocked": 2},
        "second": {"done": 3},
    }
    shown = edgeseg("study", "status", out).stdout
    assert shown.index("first\n") < shown.index("second\n")
