"""`--force` deletes what the earlier prediction made below OUT, and nothing elsewhere."""

import csv
import json

import pytest

from support.command import edgeseg, refused
from support.prediction_cases import MODEL, write_image


@pytest.fixture
def image(tmp_path):
    return write_image(tmp_path / "in" / "cell.png")


@pytest.fixture
def out(image, tmp_path):
    """A finished prediction, two folders below the victims."""
    out = tmp_path / "deep" / "out"
    assert edgeseg("predict", MODEL, image, "--out", out).returncode == 0
    return out


@pytest.fixture
def victim(tmp_path):
    (tmp_path / "victim").mkdir()
    for name in ("a.png", "a.jpg", "a.tif", "cell.png", "cell.tif", ".cell.png.x.tmp"):
        (tmp_path / "victim" / name).write_text("mine")
    return tmp_path / "victim"


def below(*folders):
    return {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


def name_result(out, name):
    """Give the row of the one image another name."""
    with (out / "images.csv").open(newline="") as file:
        (row,) = rows = list(csv.DictReader(file))
    row["name"] = name
    with (out / "images.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, row, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("name", ["../../../victim/a", "{victim}/a", "deeper/a", "", "a/"])
def test_a_name_that_leads_elsewhere_is_refused_and_nothing_deleted(name, image, out, victim):
    name_result(out, name.format(victim=victim))
    before = below(out, victim)
    refused(edgeseg("predict", MODEL, image, "--out", out, "--force"), "is no name of a result")
    assert below(out, victim) == before


@pytest.mark.parametrize("part", ["masks", "labels", "overlays"])
def test_a_linked_folder_is_not_emptied(part, image, out, victim):
    (out / part).rename(out.parent / part)
    (out / part).symlink_to(victim)
    before = below(out, victim)
    refused(edgeseg("predict", MODEL, image, "--out", out, "--force"), "expected a place below")
    assert below(out, victim) == before


def test_half_written_files_in_a_linked_folder_stay(image, out, victim):
    """Without --force too."""
    (out / "masks").rename(out.parent / "masks")
    (out / "masks").symlink_to(victim)
    refused(edgeseg("predict", MODEL, image, "--out", out), "expected a place below")
    assert (victim / ".cell.png.x.tmp").exists()


def test_inputs_that_are_no_names_delete_nothing(image, out, victim):
    manifest = json.loads((out / "predict.json").read_text())
    (out / "predict.json").write_text(json.dumps(manifest | {"inputs": [str(victim / "a"), 3, None]}))
    before = below(victim)
    assert edgeseg("predict", MODEL, image, "--out", out, "--force").returncode == 0
    assert below(victim) == before


def test_a_folder_that_is_reached_by_a_link_is_replaced(image, out, tmp_path):
    (tmp_path / "link").symlink_to(out)
    assert edgeseg("predict", MODEL, image, "--out", tmp_path / "link", "--force").returncode == 0
    assert [path.name for path in (out / "masks").iterdir()] == ["cell.png"]
