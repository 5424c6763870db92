"""Files that version 0.1 wrote are read by every command that reads such files."""

import csv
import json
import os
import re
import shutil
from datetime import datetime

import cv2
import numpy as np
import pytest

from support.command import edgeseg, refused
from support.paths import TESTS

HERE = TESTS / "fixtures" / "v0_1"
MODELS = sorted((HERE / "models").glob("*.tflite*"))
VARIANTS = [re.sub(r".*_64_(.*)\.tflite(\.xz)?", r"\1", path.name) for path in MODELS]
IMAGE = HERE / "blobs" / "images" / "blob_0_r1c1.png"
INT8 = HERE / "models" / "unet-4-3levels_blobs_64_int8-ptq.tflite"
#: Those that were benched.
BENCHED = [path for path in MODELS if re.search(r"_(float32|int8-ptq|pruned)\.tflite", path.name)]

#: The settings that the fine-tuned variants were made with.
FINE_TUNED = (
    "--set", "qat.epochs=2", "--set", "pruning.epochs=4", "--set", "clustering.epochs=1",
    "--set", "slim.epochs=4", "--keep", "0.5",
)  # fmt: skip


def done(ended):
    assert ended.returncode == 0, ended.stderr
    return ended


def copied(name, folder):
    """A copy that a command may change."""
    return shutil.copytree(HERE / name, folder / name)


def written_at(path):
    """When each file below was last written."""
    return {each: each.stat().st_mtime_ns for each in path.rglob("*") if each.is_file()}


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class TestDataSet:
    def test_an_import_has_no_errors(self):
        assert "0 errors" in done(edgeseg("data", "check", HERE / "blobs")).stdout

    def test_force_knows_what_an_earlier_import_made(self, tmp_path):
        copied("blobs", tmp_path)
        source = tmp_path / "source"
        shutil.copytree(HERE / "blobs" / "images", source / "images")
        shutil.copytree(HERE / "blobs" / "masks", source / "labels")
        arguments = ("data", "import", source, tmp_path / "blobs", "--format", "labels", "--tile", 32)
        assert edgeseg(*arguments).returncode == 2
        done(edgeseg(*arguments, "--force"))
        assert json.loads((tmp_path / "blobs" / "manifest.json").read_text())["tile"] == 32

    @pytest.mark.host
    def test_an_import_trains(self, tmp_path):
        pytest.importorskip("tensorflow", reason="needs TensorFlow")
        small = ("base_filters=2", "levels=2", "input_size=64", "crop_size=64")
        settings = [each for setting in small for each in ("--set", setting)]
        done(edgeseg("train", HERE / "blobs", "--out", tmp_path / "run", "--epochs", 1, *settings))
        stored = json.loads((tmp_path / "run" / "run.json").read_text())
        assert (
            stored["dataset"]["digest"]
            == json.loads((HERE / "run" / "run.json").read_text())["dataset"]["digest"]
        )


@pytest.mark.parametrize("path", MODELS, ids=VARIANTS)
class TestModel:
    def test_its_sidecar_is_taken(self, path):
        shown = done(edgeseg("inspect", path, "--json")).stdout
        sidecar = json.loads((path.parent / f"{path.name.partition('.')[0]}.json").read_text())
        assert json.loads(shown)["audit"]["operators"] == sidecar["audit"]["operators"]

    def test_it_finds_the_same_mask(self, path, tmp_path):
        done(edgeseg("predict", path, IMAGE, "--out", tmp_path))
        variant = VARIANTS[MODELS.index(path)]
        new = (tmp_path / "masks" / IMAGE.name).read_bytes()
        assert new == (HERE / "masks" / f"{variant}.png").read_bytes()


def test_measured_again_every_file_has_the_counts_of_then():
    """Pixels and cells of every test image."""
    quick = ("--rounds", 1, "--time", 0.01, "--samples", 1, "--warmup", 0)
    now = json.loads(done(edgeseg("bench", *BENCHED, "--data", HERE / "blobs", *quick, "--json")).stdout)
    then = json.loads((HERE / "bench.json").read_text())

    def counts(result):
        return {
            model["name"]: [
                {key: value for key, value in image.items() if key != "ious"}  # new since then
                for image in model["measurements"][0]["quality"]
            ]
            for model in result["models"]
        }

    assert counts(now) == counts(then)


class TestPrediction:
    @pytest.fixture
    def folder(self, tmp_path, monkeypatch):
        """The folder beside its images, which were last changed when they were then."""
        copied("blobs", tmp_path)
        out = copied("prediction", tmp_path)
        for row in rows(out / "images.csv"):
            changed = datetime.fromisoformat(row["time"]).timestamp() + 0.0005
            os.utime(tmp_path / row["source"], (changed, changed))
        monkeypatch.chdir(tmp_path)
        return out

    def predict(self, out, *arguments, images=("0",)):
        paths = sorted(
            str(each) for index in images for each in (HERE / "blobs" / "images").glob(f"blob_{index}_*")
        )
        relative = [path[len(str(HERE)) + 1 :] for path in paths]
        return edgeseg("predict", INT8, *relative, "--out", out, "--pixel-size", 0.5, *arguments)

    def test_it_is_gone_on_with(self, folder):
        before = written_at(folder / "masks")
        old = (folder / "cells.csv").read_text()
        done(self.predict(folder, images="01"))
        assert len(rows(folder / "images.csv")) == 8
        assert (folder / "cells.csv").read_text().startswith(old)
        assert {path: written_at(folder / "masks")[path] for path in before} == before

    def test_gone_on_with_it_stays_without_labels_and_this_is_said(self, folder):
        assert "version 0.1 began" in done(self.predict(folder, images="01")).stderr
        assert not (folder / "labels").exists()
        assert json.loads((folder / "predict.json").read_text())["schema_version"] == 2

    def test_force_does_not_touch_labels_that_it_did_not_make(self, folder):
        own = folder / "labels" / "blob_0_r0c0.tif"
        own.parent.mkdir()
        own.write_text("mine")
        refused(self.predict(folder, "--force"), "were not made by the prediction there")
        assert own.read_text() == "mine"

    def test_made_again_it_is_the_same(self, folder, tmp_path):
        done(self.predict(tmp_path / "again"))
        old, new = (rows(each / "cells.csv") for each in (folder, tmp_path / "again"))
        assert [{name: row[name] for name in old[0]} for row in new] == old
        for old in (folder / "masks").iterdir():
            assert (tmp_path / "again" / "masks" / old.name).read_bytes() == old.read_bytes()

    def test_force_replaces_it(self, folder):
        done(self.predict(folder, "--force", images="1"))
        assert {path.name[:6] for path in (folder / "labels").iterdir()} == {"blob_1"}
        assert {row["name"][:6] for row in rows(folder / "images.csv")} == {"blob_1"}
        assert {path.name[:6] for path in (folder / "masks").iterdir()} == {"blob_1"}


class TestBench:
    def test_two_results_compare(self):
        shown = done(edgeseg("compare", HERE / "bench.json", HERE / "again.json", "--json")).stdout
        changes = json.loads(shown)["changes"]
        assert {each["change"] for each in changes if each["metric"] == "bytes"} == {1.0}

    def test_one_is_reported(self, tmp_path):
        pytest.importorskip("altair", reason="needs the extra report")
        outs = [each for suffix in ("html", "md", "csv") for each in ("--out", tmp_path / f"report.{suffix}")]
        done(edgeseg("report", HERE / "bench.json", *outs))
        names = {row["model"] for row in rows(tmp_path / "report.csv")}
        assert {path.name for path in BENCHED} <= names

    def test_budgets_of_then_hold(self):
        done(edgeseg("check", HERE / "bench.json", "--budget", HERE / "budgets.toml"))

    def test_files_are_judged_by_budgets_of_then(self, tmp_path):
        """Without the limit of Dice, which no file holds."""
        budgets = tmp_path / "budgets.toml"
        budgets.write_text((HERE / "budgets.toml").read_text().replace("min_dice = 0.5\n", ""))
        for path in BENCHED:
            shutil.copy(path, tmp_path)
        ended = done(edgeseg("check", tmp_path, "--budget", budgets, "--json"))
        assert {each["file"] for each in json.loads(ended.stdout)["files"]} == {path.name for path in BENCHED}

    def test_a_baseline_that_is_recorded_again_gains_the_figures_of_cells_and_stays_else(self, tmp_path):
        budgets = shutil.copy(HERE / "budgets.toml", tmp_path)
        done(edgeseg("check", HERE / "bench.json", "--budget", budgets, "--update"))
        lines = (tmp_path / "budgets.toml").read_text().splitlines()
        new = ("cell_f1 =", "cell_ap =", "count_error =", "area_error =")
        assert sum(line.startswith(new) for line in lines) == 3 * len(new)
        kept = [line for line in lines if not line.startswith(new)]
        assert kept == (HERE / "budgets.toml").read_text().splitlines()


@pytest.mark.host
class TestRun:
    @pytest.fixture(autouse=True)
    def _needs_tensorflow(self):
        pytest.importorskip("tensorflow", reason="needs TensorFlow")

    def export(self, run, out, variants=VARIANTS):
        variants = [each for variant in variants for each in ("--variant", variant)]
        return edgeseg("export", run, "--data", HERE / "blobs", "--out", out, *variants, *FINE_TUNED)

    def test_what_was_exported_of_it_is_kept(self, tmp_path):
        """No fine-tuning is done again, no file made; the verdict of then, over tiles, is judged again."""
        run, models = copied("run", tmp_path), copied("models", tmp_path)
        before = written_at(models)
        done(self.export(run, models))
        after = written_at(models)
        (judged,) = (path for path in after if after[path] != before[path])
        assert judged.name == "unet-4-3levels_blobs_64_int8-qat.json"
        assert before.keys() == after.keys()
        verdict = json.loads(judged.read_text())["referee"]
        assert verdict["sources"] < verdict["images"]

    def test_its_data_set_is_known_where_labels_came_later(self, tmp_path):
        run, models, data = (copied(name, tmp_path) for name in ("run", "models", "blobs"))
        (data / "labels").mkdir()
        for path in (data / "masks").iterdir():
            _, labels = cv2.connectedComponents(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))
            cv2.imwrite(str(data / "labels" / path.name), labels.astype(np.uint16))
        export = ("export", run, "--data", data, "--out", models, "--variant", "float32")
        before = written_at(models)
        done(edgeseg(*export))
        assert written_at(models) == before
        (data / "masks" / IMAGE.name).unlink()
        ended = edgeseg(*export)
        assert (ended.returncode, "is not the one that" in ended.stderr) == (2, True)

    @pytest.mark.slow
    def test_it_gives_the_files_of_then(self, tmp_path):
        """One of each kind, from the finished runs, without training."""
        run = copied("run", tmp_path)
        weights = {path: path.read_bytes() for path in run.rglob("best.keras")}
        done(self.export(run, tmp_path / "again", ("float32", "int8-qat", "pruned-clustered-int8", "slim")))
        assert {path: path.read_bytes() for path in run.rglob("best.keras")} == weights
        for path in (tmp_path / "again").glob("*.tflite*"):
            done(edgeseg("predict", path, IMAGE, "--out", tmp_path / path.name))
            variant = VARIANTS[[each.name for each in MODELS].index(path.name)]
            new, old = (
                cv2.imread(str(each), cv2.IMREAD_GRAYSCALE)
                for each in (tmp_path / path.name / "masks" / IMAGE.name, HERE / "masks" / f"{variant}.png")
            )
            assert np.mean(new == old) > 0.995, (
                variant
            )  # the last digit of a range may differ between processors

    def test_one_that_was_killed_goes_on(self, tmp_path):
        run = copied("interrupted", tmp_path)
        before = (run / "history.csv").read_text().splitlines()
        done(edgeseg("train", HERE / "blobs", "--out", run, "--resume"))
        after = (run / "history.csv").read_text().splitlines()
        assert after[:3] == before[:3]  # the two epochs that the checkpoint holds
        assert len(rows(run / "history.csv")) == 6
        stored = json.loads((run / "run.json").read_text())
        assert stored["finished"]
        assert stored["best"]["val_dice"] > 0.7


class TestStudy:
    @pytest.fixture
    def folder(self, tmp_path):
        return copied("study", tmp_path)

    def test_its_status_is_shown(self, folder):
        tasks = json.loads(done(edgeseg("study", "status", folder, "--json")).stdout)["tasks"]
        assert len(tasks) == 10

    def test_it_is_reported(self, folder, tmp_path):
        pytest.importorskip("altair", reason="needs the extra report")
        outs = [each for suffix in ("html", "md", "csv") for each in ("--out", tmp_path / f"study.{suffix}")]
        done(edgeseg("study", "report", folder, *outs))
        cells = {(row["loss"], row["optimizer"]) for row in rows(tmp_path / "study.csv")}
        assert cells == {("bce", "adam"), ("jaccard-bce", "rmsprop")}
