"""`edgeseg data check` and `edgeseg data import` as a user meets them."""

import json
import shutil

import numpy as np
import pytest

from edgeseg.data.images import write_png
from support.command import edgeseg


@pytest.fixture
def run():
    """Run a command: exit code, stdout, stderr."""

    def command(*arguments):
        ended = edgeseg(*arguments)
        return ended.returncode, ended.stdout, ended.stderr

    return command


@pytest.fixture
def cells(tmp_path):
    """Six images of 40x48 with label images."""
    for number in range(6):
        rng = np.random.default_rng(number)
        labels = np.zeros((40, 48), np.uint8)
        labels[5:15, 5:20], labels[20:35, 10:40] = 1, 2
        write_png(
            tmp_path / "cells" / "images" / f"f{number}.png", rng.integers(0, 256, (40, 48)).astype(np.uint8)
        )
        write_png(tmp_path / "cells" / "labels" / f"f{number}.png", labels)
    return tmp_path / "cells"


@pytest.fixture
def dataset(run, cells, tmp_path):
    assert run("data", "import", cells, tmp_path / "set", "--format", "labels", "--tile", "32")[0] == 0
    return tmp_path / "set"


@pytest.fixture
def masked(dataset):
    """The data set without its label images."""
    shutil.rmtree(dataset / "labels")
    return dataset


def test_import_says_what_it_made_and_check_finds_no_problem(run, cells, tmp_path):
    out = tmp_path / "set"
    code, stdout, stderr = run("data", "import", cells, out, "--format", "labels", "--tile", "32")
    assert code == 0
    assert stdout.splitlines() == [
        f"{out}: 6 tiles of 32x32 pixels from 6 images, with labels",
        "",
        "split  tiles  source images",
        "-----  -----  -------------",
        "train      4              4",
        "val        1              1",
        "test       1              1",
    ]
    assert "Importing: 6/6" in stderr
    code, stdout, _ = run("data", "check", out)
    assert code == 0
    assert stdout.splitlines()[0] == f"{out}: 6 images with labels; 32x32 (6)"
    assert stdout.splitlines()[2].split()[-6:] == ["touching", "cut", "F1", "of", "perfect", "masks"]
    assert stdout.splitlines()[4].split()[-6:] == ["8", "0.0", "%", "100.0", "%", "1.000"]
    assert stdout.splitlines()[-1] == "no problems"


def test_check_lists_errors_and_warnings_and_exits_with_2(run, masked):
    (masked / "masks" / "f0.png").unlink()
    (masked / "images" / "f1.png").write_bytes(b"")
    write_png(masked / "masks" / "f2.png", np.zeros((32, 32), np.uint8))
    code, stdout, _ = run("data", "check", masked)
    assert code == 2
    assert [line.split()[:3] for line in stdout.splitlines()[-6:-2]] == [
        ["--------", "----------------", "-------------"],
        ["error", "missing-mask", "images/f0.png"],
        ["error", "unreadable-image", "images/f1.png"],
        ["warning", "empty-mask", "masks/f2.png"],
    ]
    assert stdout.splitlines()[-1] == "2 errors, 1 warning"


def test_warnings_alone_are_no_failure(run, masked):
    for number in range(5):
        write_png(masked / "masks" / f"f{number}.png", np.zeros((32, 32), np.uint8))
    code, stdout, _ = run("data", "check", masked)
    assert code == 0
    assert "masks/f0.png masks/f1.png masks/f2.png and 2 more" in stdout
    assert stdout.splitlines()[-1] == "0 errors, 1 warning (--json names every file)"


def test_check_as_json_names_every_file(run, masked):
    for number in range(5):
        write_png(masked / "masks" / f"f{number}.png", np.zeros((32, 32), np.uint8))
    code, stdout, _ = run("data", "check", masked, "--json")
    report = json.loads(stdout)
    assert (code, report["schema_version"], report["errors"], report["warnings"]) == (0, 1, 0, 1)
    assert report["problems"][0]["files"] == [f"masks/f{number}.png" for number in range(5)]
    assert [split["images"] for split in report["splits"]] == [4, 1, 1]


def test_quiet_leaves_stderr_empty(run, dataset):
    (dataset / "splits.csv").unlink()
    assert run("-q", "data", "check", dataset)[2] == ""
    assert "no splits.csv: divided" in run("data", "check", dataset)[2]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("check", "nowhere"), "error: expected the folder of a data set at nowhere, but there is none"),
        (("import", "cells", "new", "--format", "labls"), "error: no format 'labls'; did you mean 'labels'?"),
        (("import", "cells", "new", "--format", "coco", "--masks", "x"), "the format coco takes no --masks"),
        (("import", "cells", "new", "--format", "paired"), "expected a folder of images at cells/masks"),
        (("import", "cells", "cells", "--format", "labels", "--force"), "cells was not made by this command"),
        (("import", "cells", "set", "--format", "labels"), "error: set exists already"),
        (("import", "cells", "new", "--format", "labels"), "every image of cells is smaller than 256x256"),
        (("import", "cells", "new"), "Missing option '--format'"),
    ],
)
def test_wrong_usage_is_one_sentence_and_makes_nothing(dataset, tmp_path, arguments, sentence):
    result = edgeseg("-q", "data", *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cells", "set"]


def test_force_replaces_an_import(run, cells, dataset):
    code, stdout, _ = run("data", "import", cells, dataset, "--format", "labels", "--tile", "16", "--force")
    assert code == 0
    assert f"{dataset}: 36 tiles of 16x16 pixels from 6 images" in stdout
