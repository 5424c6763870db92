"""Predicting files into a folder: what is written, and what happens when something goes wrong."""

import csv
import json

import cv2
import numpy as np
import pytest
import tifffile

from edgeseg import files
from edgeseg.errors import ConfigError, DatasetError, OutputError
from edgeseg.model import preprocessing
from edgeseg.model.artifact import load_artifact
from edgeseg.model.segmenter import Segmenter
from edgeseg.prediction import output
from edgeseg.prediction import predict as module
from edgeseg.prediction.inputs import collect_inputs
from edgeseg.prediction.predict_options import PredictOptions, default_threads
from edgeseg.prediction.sources import open_files
from support.paths import MODELS

MODEL = MODELS / "blobs_int8.tflite"
LENGTHS = ("centroid_x", "centroid_y", "bbox_x", "bbox_y", "bbox_width", "bbox_height")


def blobs_at(*centres, shape=(64, 64), radius=8):
    rng = np.random.default_rng(len(centres))
    grey = np.full(shape, 110, np.uint8)
    for centre in centres:
        cv2.circle(grey, centre, radius, 165, -1)
    return np.clip(grey + rng.normal(0, 8, shape), 0, 255).astype(np.uint8)


def write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)
    return path


@pytest.fixture
def three(tmp_path):
    """No, one and two cells; the last image is larger than a tile."""
    return (
        write(tmp_path / "in" / "none.png", blobs_at()),
        write(tmp_path / "in" / "one.png", blobs_at((30, 20))),
        write(tmp_path / "in" / "two.tif", blobs_at((20, 20), (100, 60), shape=(90, 130))),
    )


def predict(images, out, *, force=False, artifact=None, **options):
    artifact = artifact or load_artifact(MODEL)
    return module.predict(artifact, open_files(images), out, PredictOptions(**options), force=force)


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def listing(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_every_file_is_there_and_nothing_else(three, tmp_path):
    predict(three, tmp_path / "out")
    assert listing(tmp_path / "out") == [
        "cells.csv", "images.csv", "labels/none.tif", "labels/one.tif", "labels/two.tif",
        "masks/none.png", "masks/one.png", "masks/two.png",
        "overlays/none.jpg", "overlays/one.jpg", "overlays/two.jpg", "predict.json",
    ]  # fmt: skip


def test_without_overlays_there_is_no_such_folder(three, tmp_path):
    predict(three, tmp_path / "out", overlays=False)
    assert not (tmp_path / "out" / "overlays").exists()


def test_cells_are_found_where_they_are(three, tmp_path):
    made = predict(three, tmp_path / "out")
    assert [image.cells for image in made.images] == [0, 1, 2]
    rows = table(tmp_path / "out" / "cells.csv")
    assert [(row["image"], row["cell"]) for row in rows] == [
        ("one.png", "1"),
        ("two.tif", "1"),
        ("two.tif", "2"),
    ]
    centres = [(float(row["centroid_x_px"]), float(row["centroid_y_px"])) for row in rows]
    for found, true in zip(centres, [(30, 20), (20, 20), (100, 60)], strict=True):
        assert found == pytest.approx(true, abs=0.7)
    assert all(float(row["area_px"]) == pytest.approx(np.pi * 8.3**2, rel=0.15) for row in rows)
    assert all(float(row["mean_intensity"]) == pytest.approx(165, abs=6) for row in rows)


def test_an_image_without_cells_is_listed_with_none(three, tmp_path):
    predict(three, tmp_path / "out")
    rows = table(tmp_path / "out" / "images.csv")
    assert [(row["image"], row["width_px"], row["height_px"], row["cells"]) for row in rows] == [
        ("none.png", "64", "64", "0"),
        ("one.png", "64", "64", "1"),
        ("two.tif", "130", "90", "2"),
    ]


def test_areas_add_up_to_the_written_masks(three, tmp_path):
    predict(three, tmp_path / "out")
    cells, images = table(tmp_path / "out" / "cells.csv"), table(tmp_path / "out" / "images.csv")
    for path, row in zip(three, images, strict=True):
        mask = cv2.imread(str(tmp_path / "out" / "masks" / f"{path.stem}.png"), cv2.IMREAD_UNCHANGED)
        assert mask.dtype == np.uint8
        assert set(np.unique(mask)) <= {0, 255}
        area = sum(int(cell["area_px"]) for cell in cells if cell["image"] == path.name)
        assert area == np.count_nonzero(mask) == int(row["area_px"])
        assert float(row["coverage"]) == pytest.approx(area / mask.size)


def test_labels_are_the_cells_of_the_table_and_the_mask(three, tmp_path):
    predict(three, tmp_path / "out", pixel_size=0.65)
    cells = table(tmp_path / "out" / "cells.csv")
    for path in three:
        labels = tifffile.imread(tmp_path / "out" / "labels" / f"{path.stem}.tif")
        mask = cv2.imread(str(tmp_path / "out" / "masks" / f"{path.stem}.png"), cv2.IMREAD_UNCHANGED)
        assert labels.dtype == np.uint16
        assert np.array_equal(labels > 0, mask > 0)
        rows = {int(row["cell"]): row for row in cells if row["image"] == path.name}
        assert set(rows) == set(np.unique(labels)) - {0}
        for number, row in rows.items():
            y, x = np.nonzero(labels == number)
            assert float(row["area_um2"]) == pytest.approx(len(y) * 0.65**2)
            assert float(row["centroid_x_um"]) == pytest.approx(x.mean() * 0.65)
            assert float(row["centroid_y_um"]) == pytest.approx(y.mean() * 0.65)


def test_numbers_are_written_where_they_are_asked_for(three, tmp_path):
    predict(three, tmp_path / "out")
    predict(three, tmp_path / "numbered", numbers=True)
    for name, differ in (("none", False), ("one", True), ("two", True)):
        one, other = (
            (tmp_path / out / "overlays" / f"{name}.jpg").read_bytes() for out in ("out", "numbered")
        )
        assert (one != other) is differ


def test_numbers_without_overlays_are_refused():
    with pytest.raises(ConfigError, match="numbers are written into overlays, but none are drawn"):
        PredictOptions(numbers=True, overlays=False)


def test_a_picture_in_packed_labels_has_the_same_results(three, tmp_path, monkeypatch):
    predict(three, tmp_path / "out")
    for module_ in ("edgeseg.labels.numbering", "edgeseg.prediction.predict"):
        monkeypatch.setattr(f"{module_}.LARGE", 99)
    predict(three, tmp_path / "packed")
    for name in listing(tmp_path / "out"):
        one, other = ((tmp_path / out / name).read_bytes() for out in ("out", "packed"))
        if name.startswith("masks/"):  # packed in another way
            one, other = (cv2.imdecode(np.frombuffer(each, np.uint8), -1).tobytes() for each in (one, other))
        assert one == other or name == "predict.json"


def test_pixel_size_scales_lengths_and_areas(three, tmp_path):
    predict(three, tmp_path / "px")
    predict(three, tmp_path / "um", pixel_size=0.65)
    for px, um in zip(
        table(tmp_path / "px" / "cells.csv"), table(tmp_path / "um" / "cells.csv"), strict=True
    ):
        assert um["mean_intensity"] == px["mean_intensity"]
        assert float(um["area_um2"]) == pytest.approx(0.65**2 * float(px["area_px"]))
        for name in LENGTHS:
            assert float(um[f"{name}_um"]) == pytest.approx(0.65 * float(px[f"{name}_px"]))


def test_min_area_takes_specks_out_of_mask_and_table(tmp_path):
    image = write(tmp_path / "specks.png", blobs_at((30, 30), (8, 55), radius=4))
    plain = predict([image], tmp_path / "all", min_area=0)
    areas = sorted(int(row["area_px"]) for row in table(tmp_path / "all" / "cells.csv"))
    assert len(areas) > 1
    clean = predict([image], tmp_path / "large", min_area=areas[-1])
    assert clean.images[0].cells == 1
    assert plain.images[0].mask_pixels - clean.images[0].mask_pixels == sum(areas[:-1])


def test_the_manifest_tells_what_was_run(three, tmp_path):
    made = predict(three, tmp_path / "out", min_area=5)
    manifest = json.loads((tmp_path / "out" / "predict.json").read_text())
    assert manifest["complete"] is True
    assert manifest["schema_version"] == output.SCHEMA_VERSION
    assert manifest["model"]["sha256"] == files.sha256(MODEL)
    assert manifest["options"] == {
        "overlap": 24, "min_area": 5, "pixel_size": None, "overlays": True, "numbers": False,
        "rois": False, "geojson": False, "threads": 1,
    }  # fmt: skip
    assert manifest["inputs"] == [str(path) for path in three]
    assert [image["cells"] for image in manifest["images"]] == [0, 1, 2]
    assert manifest["cells"] == made.cells == 3


def test_a_percentile_model_sees_the_whole_image_stretched(tmp_path):
    """Two tiles of one image are stretched alike: once, before cutting."""
    prepared = preprocessing.Preprocessing(kind="percentile")
    dark = write(tmp_path / "dark.png", blobs_at((20, 20), (100, 60), shape=(90, 130)) // 4)
    model = tmp_path / "m" / "model.tflite"
    files.write_bytes(model, MODEL.read_bytes())
    facts = {"schema_version": 1, "bytes": model.stat().st_size, "sha256": files.sha256(model)}
    files.write_json(model.with_suffix(".json"), {**facts, "preprocessing": prepared.to_dict()})
    predict([dark], tmp_path / "out", artifact=load_artifact(model), min_area=0)
    stretched = preprocessing.apply(cv2.imread(str(dark), cv2.IMREAD_UNCHANGED), prepared)
    plain = write(tmp_path / "plain" / "dark.png", stretched)
    predict([plain], tmp_path / "reference", min_area=0)
    assert (tmp_path / "out/masks/dark.png").read_bytes() == (
        tmp_path / "reference/masks/dark.png"
    ).read_bytes()


def test_conversions_are_noted(tmp_path):
    grey = blobs_at((30, 20))
    colour = write(tmp_path / "colour.png", cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))
    deep = write(tmp_path / "deep.tif", grey.astype(np.uint16) * 16)
    both = write(tmp_path / "both.png", cv2.cvtColor(grey.astype(np.uint16) * 16, cv2.COLOR_GRAY2BGR))
    made = predict([colour, deep, both], tmp_path / "out")
    notes = [
        ("colour converted to grey",),
        ("16 bits mapped to 8 by percentiles",),
        ("colour converted to grey", "16 bits mapped to 8 by percentiles"),
    ]
    assert [image.notes for image in made.images] == notes
    assert [image.notes for image in predict([], tmp_path / "out").images] == notes


def test_bad_images_do_not_stop_the_others(three, tmp_path):
    empty = tmp_path / "empty.png"
    empty.touch()
    cut = tmp_path / "cut.png"
    cut.write_bytes(three[0].read_bytes()[:200])
    made = predict([empty, three[0], cut, *three[1:]], tmp_path / "out")
    assert [image.source for image in made.images] == list(map(str, three))
    assert [failed.source for failed in made.failed] == [str(empty), str(cut)]
    manifest = json.loads((tmp_path / "out" / "predict.json").read_text())
    assert [failed["source"] for failed in manifest["failed"]] == [str(empty), str(cut)]


def test_where_no_image_can_be_read_nothing_is_written_or_lost(three, tmp_path):
    bad = tmp_path / "bad.png"
    bad.touch()
    predict([bad], tmp_path / "new")
    assert not (tmp_path / "new").exists()
    predict(three, tmp_path / "out")
    before = listing(tmp_path / "out")
    predict([bad], tmp_path / "out", force=True)
    assert listing(tmp_path / "out") == before


def test_earlier_results_are_refused_before_anything_is_computed(three, tmp_path, monkeypatch):
    predict(three, tmp_path / "out")
    monkeypatch.setattr(Segmenter, "invoke", lambda *_: pytest.fail("computed"))
    with pytest.raises(OutputError, match=r"holds results already.*--force"):
        predict(three, tmp_path / "out", min_area=99)


def test_force_replaces_the_earlier_results_and_nothing_else(three, tmp_path):
    predict(three, tmp_path / "out")
    (tmp_path / "out" / "masks" / "mine.png").touch()
    (tmp_path / "out" / "labels" / "mine.tif").touch()
    predict(three[:1], tmp_path / "out", overlays=False, force=True)
    assert listing(tmp_path / "out") == [
        "cells.csv", "images.csv", "labels/mine.tif", "labels/none.tif", "masks/mine.png", "masks/none.png",
        "predict.json",
    ]  # fmt: skip


@pytest.mark.parametrize("part", ["masks", "labels"])
def test_force_does_not_touch_the_truth_of_a_data_set(part, three, tmp_path):
    truth = write(tmp_path / "data" / part / "one.png", np.zeros((64, 64), np.uint8))
    before = truth.read_bytes()
    with pytest.raises(OutputError, match="were not made by a prediction"):
        predict(three, tmp_path / "data", force=True)
    assert truth.read_bytes() == before


@pytest.mark.parametrize("name", ["masks/one.png", "labels/one.tif", "overlays/one.jpg"])
def test_an_input_among_the_results_is_refused(name, three, tmp_path):
    predict(three, tmp_path / "out")
    with pytest.raises(OutputError, match="lies where the results go"):
        predict([tmp_path / "out" / name], tmp_path / "out", force=True)
    assert (tmp_path / "out" / name).exists()


def test_a_run_that_is_cut_short_leaves_its_results_and_says_so(three, tmp_path, monkeypatch):
    """The disk fills up at the third mask."""
    write_bytes = files.write_bytes

    def full(path, data, *, durable=True):
        if path.name == "two.png":
            raise files.output_error(path, OSError(28, "No space left on device"))
        write_bytes(path, data, durable=durable)

    monkeypatch.setattr(output.files, "write_bytes", full)
    with pytest.raises(OutputError, match="the disk is full"):
        predict(three, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "predict.json").read_text())["complete"] is False
    assert [row["image"] for row in table(tmp_path / "out" / "cells.csv")] == ["one.png"]
    monkeypatch.undo()
    made = predict(three, tmp_path / "out")
    assert (made.earlier, len(made.new)) == (2, 1)
    predict(three, tmp_path / "whole")
    for name in ("cells.csv", "images.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_progress_counts_tiles_of_all_images(three, tmp_path):
    calls = []
    module.predict(
        load_artifact(MODEL),
        open_files(three),
        tmp_path / "out",
        PredictOptions(),
        progress=lambda *each: calls.append(each),
    )
    assert calls[0] == (1, 3, "none.png")
    assert calls[-1] == (10, 10, "two.tif")
    assert [call[0] for call in calls] == list(range(1, 11))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"min_area": -1}, "least area of 0 pixels or more, but got -1"),
        ({"pixel_size": 0.0}, "pixel size above 0 micrometres, but got 0"),
        ({"pixel_size": float("nan")}, "but got nan"),
        ({"pixel_size": float("inf")}, "but got inf"),
    ],
)
def test_options_out_of_range_are_refused(options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        PredictOptions(**options)


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (3, 3), (4, 4), (64, 4)])
def test_by_default_each_core_has_a_thread_up_to_four(cores, threads, monkeypatch):
    """Of the cores that this process may use, not of those that the machine has."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _process: set(range(cores)), raising=False)
    assert default_threads() == threads


def test_folders_give_their_images_sorted(tmp_path):
    names = ("b.png", "a.tif", "C.JPG", "notes.txt", ".hidden.png")
    for name in names:
        (tmp_path / name).touch()
    assert [path.name for path in collect_inputs([tmp_path])] == ["C.JPG", "a.tif", "b.png"]


def test_two_images_of_one_stem_are_refused(tmp_path):
    for name in ("a/x.png", "b/x.tif"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    with pytest.raises(DatasetError, match=r"x\.png and .*x\.tif share a name"):
        collect_inputs([tmp_path / "a", tmp_path / "b"])
    with pytest.raises(DatasetError, match=r"x\.png is named twice"):
        collect_inputs([tmp_path / "a", tmp_path / "a" / "x.png"])


def test_a_data_set_folder_is_pointed_to_its_images(tmp_path):
    write(tmp_path / "images" / "x.png", blobs_at())
    with pytest.raises(DatasetError, match=r"did you mean .*images"):
        collect_inputs([tmp_path])
