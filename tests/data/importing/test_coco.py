"""COCO: polygons and run lengths give the masks they were made of; nothing broken reaches pycocotools."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgeseg.data.check import check_dataset
from edgeseg.data.images import read_image, read_mask, write_png
from edgeseg.data.importing.coco import read_coco
from edgeseg.data.importing.import_options import ImportOptions
from edgeseg.data.importing.importer import import_dataset
from edgeseg.errors import DatasetError, MissingDependencyError

coco_mask = pytest.importorskip("pycocotools.mask")
HEIGHT, WIDTH = 48, 64


def compressed(mask):
    run = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(mask.shape), "counts": run["counts"].decode()}


def uncompressed(mask):
    flat = mask.T.ravel()  # column by column, starting with background
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat]))).tolist()
    return {"size": list(mask.shape), "counts": np.diff([0, *edges, flat.size]).tolist()}


def blobs(seed, count=4):
    """Boolean masks of single cells."""
    rng = np.random.default_rng(seed)
    cells = []
    for _ in range(count):
        cell = np.zeros((HEIGHT, WIDTH), np.uint8)
        centre, axes = (int(rng.integers(WIDTH)), int(rng.integers(HEIGHT))), (int(rng.integers(4, 12)), 8)
        cv2.ellipse(cell, centre, axes, int(rng.integers(180)), 0, 360, 1, -1)
        cells.append(cell > 0)
    return cells


def polygons(mask):
    """One rectangle for each run of pixels in each row."""
    shapes = []
    for y, row in enumerate(mask):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]))).tolist()
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            shapes.append([left, y, right, y, right, y + 1, left, y + 1])
    return shapes


class Coco:
    """A source folder with images and a COCO file that a test may spoil before it is written."""

    def __init__(self, root, count=3):
        self.root = root
        self.images = [
            {"id": n, "file_name": f"cell{n}.png", "width": WIDTH, "height": HEIGHT} for n in range(count)
        ]
        self.annotations = []
        for n in range(count):
            picture = np.random.default_rng(n).integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8)
            write_png(root / "images" / f"cell{n}.png", picture)

    def add(self, image_id, segmentation, **more):
        number = len(self.annotations)
        self.annotations.append(
            {"id": number, "image_id": image_id, "category_id": 1, "segmentation": segmentation, **more}
        )

    def run(self, out, **changes):
        content = {"images": self.images, "annotations": self.annotations, **changes}
        (self.root / "cells.json").write_text(json.dumps(content))
        return import_dataset(self.root, out, ImportOptions(format="coco", tile=0))


@pytest.fixture
def coco(tmp_path):
    return Coco(tmp_path / "src")


@pytest.mark.parametrize("form", [compressed, uncompressed])
def test_run_lengths_give_exactly_the_masks(tmp_path, coco, form):
    for n in range(3):
        for cell in blobs(n):
            coco.add(n, form(cell))
    manifest = coco.run(tmp_path / "out")
    for n, record in enumerate(manifest.images):
        expected = np.any(blobs(n), axis=0)
        np.testing.assert_array_equal(read_mask(tmp_path / "out" / "masks" / f"cell{n}.png"), expected)
        assert (record.objects, record.annotation) == (4, None)
    assert check_dataset(tmp_path / "out").errors == ()


def test_polygons_along_pixel_edges_give_exactly_the_masks(tmp_path, coco):
    for n in range(3):
        for cell in blobs(n):
            coco.add(n, polygons(cell))
    coco.run(tmp_path / "out")
    for n in range(3):
        mask = read_mask(tmp_path / "out" / "masks" / f"cell{n}.png")
        np.testing.assert_array_equal(mask, np.any(blobs(n), axis=0))


def test_polygons_fill_whole_pixels(tmp_path, coco):
    coco.add(0, [[10, 5, 20, 5, 20, 15, 10, 15]])
    coco.run(tmp_path / "out")
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[5:15, 10:20] = True
    np.testing.assert_array_equal(read_mask(tmp_path / "out" / "masks" / "cell0.png"), expected)


def test_polygons_run_lengths_and_crowds_are_united(tmp_path, coco):
    first, second, crowd = np.zeros((3, HEIGHT, WIDTH), bool)
    first[5:15, 10:20] = second[30:40, 1:9] = crowd[20:25, 30:60] = True
    coco.add(0, [[10, 5, 20, 5, 20, 15, 10, 15]])
    coco.add(0, compressed(second))
    coco.add(0, uncompressed(crowd), iscrowd=1)
    manifest = coco.run(tmp_path / "out")
    np.testing.assert_array_equal(read_mask(tmp_path / "out" / "masks" / "cell0.png"), first | second | crowd)
    assert manifest.details["crowds"] == 1


def test_an_image_without_annotations_is_an_empty_field(tmp_path, coco):
    coco.add(0, compressed(blobs(0)[0]))
    manifest = coco.run(tmp_path / "out")
    assert [image.objects for image in manifest.images] == [1, 0, 0]
    assert not read_mask(tmp_path / "out" / "masks" / "cell2.png").any()


def test_an_image_listed_twice_gets_the_annotations_of_both_entries(tmp_path, coco):
    """As in LIVECell, parts of which were annotated twice."""
    coco.images.append({**coco.images[0], "id": 77})
    cells = blobs(0, count=2)
    coco.add(0, compressed(cells[0]))
    coco.add(77, compressed(cells[1]))
    assert len(coco.run(tmp_path / "out").images) == 3
    np.testing.assert_array_equal(read_mask(tmp_path / "out" / "masks" / "cell0.png"), cells[0] | cells[1])


def test_annotations_may_be_an_object_by_id(tmp_path, coco):
    """As in LIVECell's files of a single cell line."""
    coco.add(1, compressed(blobs(1)[0]))
    coco.run(tmp_path / "out", annotations={"0": coco.annotations[0]})
    np.testing.assert_array_equal(read_mask(tmp_path / "out" / "masks" / "cell1.png"), blobs(1)[0])


def test_images_are_found_in_folders_below(tmp_path, coco):
    (coco.root / "images" / "A172").mkdir()
    (coco.root / "images" / "cell0.png").rename(coco.root / "images" / "A172" / "cell0.png")
    assert coco.run(tmp_path / "out").images[0].file == "images/A172/cell0.png"


def test_categories_are_counted_and_the_union_is_said(tmp_path, coco):
    for left, category in ((2, 1), (22, 1), (42, 2)):
        coco.add(0, [[left, 5, left + 9, 5, left + 9, 15, left, 15]])
        coco.annotations[-1]["category_id"] = category
    named = [{"id": 1, "name": "cell"}, {"id": 2, "name": "debris"}]
    manifest = coco.run(tmp_path / "out", categories=named)
    assert manifest.details["categories"] == {"cell": 2, "debris": 1}
    assert manifest.notes == ("all 2 categories are foreground: cell (2), debris (1)",)


small_masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12))


@given(small_masks, st.sampled_from([compressed, uncompressed]))
def test_any_mask_survives_its_run_lengths(tmp_path_factory, mask, form):
    root = tmp_path_factory.getbasetemp() / "any"
    if not (root / "images").exists():
        Coco(root, count=1)
    height, width = mask.shape
    content = {
        "images": [{"id": 0, "file_name": "cell0.png", "width": width, "height": height}],
        "annotations": [{"id": 0, "image_id": 0, "segmentation": form(mask)}],
    }
    (root / "any.json").write_text(json.dumps(content))
    (source,) = read_coco(root / "any.json", root / "images").sources
    np.testing.assert_array_equal(source.read_annotation().labels != 0, mask)


SQUARE = [[10, 5, 20, 5, 20, 15, 10, 15]]
RUN = {"size": [HEIGHT, WIDTH], "counts": [HEIGHT * WIDTH]}


@pytest.mark.parametrize(
    ("segmentation", "sentence"),
    [
        ([], r"expected polygons or run lengths in annotation 0 of .*cells\.json, but got \[\]"),
        (None, "expected polygons or run lengths in annotation 0"),
        ([[1, 2, 3, 4]], "a polygon of at least 3 points, x and y in turn, in annotation 0"),
        ([[1, 2, 3, 4, 5, 6, 7]], "a polygon of at least 3 points"),
        ([["a", 2, 3, 4, 5, 6]], "a polygon of at least 3 points"),
        ([[1, 2, float("nan"), 4, 5, 6]], "a polygon inside its image of 64x48 pixels in annotation 0"),
        ([[1, 2, 1e12, 4, 5, 6]], "a polygon inside its image"),
        ({**RUN, "counts": [5, 3]}, "run lengths that cover the image of 64x48 pixels in annotation 0"),
        ({**RUN, "counts": [HEIGHT * WIDTH + 5, -5]}, "run lengths that cover the image"),
        ({**RUN, "counts": [5, 30000000]}, "run lengths that cover the image"),
        ({**RUN, "size": [WIDTH, HEIGHT]}, "run lengths that cover the image"),
        ({**RUN, "size": 7}, "run lengths that cover the image"),
        ({"size": [HEIGHT, WIDTH]}, "run lengths that cover the image"),
        ({**RUN, "counts": "P4"}, "run lengths that cover the image|are broken"),
        ({**RUN, "counts": "zzzz"}, "run lengths in annotation 0 of .* are broken"),
        ({**RUN, "counts": "P1\u00e9"}, "run lengths in annotation 0 of .* are broken"),
        ({**RUN, "counts": ["x"]}, "run lengths in annotation 0 of .* are broken"),
    ],
)
def test_a_broken_annotation_is_one_sentence(tmp_path, coco, segmentation, sentence):
    coco.add(0, segmentation)
    with pytest.raises(DatasetError, match=sentence):
        coco.run(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"images": None}, r"expected a list 'images' in the COCO file .*cells\.json, but there is none"),
        ({"images": []}, "expected a list 'images'"),
        ({"annotations": "x"}, "expected a list 'annotations'"),
        ({"images": [{"id": 1}]}, "'file_name' in every entry of 'images' in .*, but number 1 has none"),
        ({"images": [7]}, "expected 'id' in every entry of 'images'"),
        ({"annotations": [{"id": 3, "image_id": 0}]}, "'segmentation' in every entry of 'annotations'"),
        (
            {"annotations": [{"id": 3, "image_id": 9, "segmentation": SQUARE}]},
            "annotation 3 of .* is of image 9, not listed",
        ),
        (
            {"images": [{"id": 0, "file_name": "ghost.png", "width": 4, "height": 4}]},
            r"expected the image ghost\.png of .* in .*, but there is no such file",
        ),
        (
            {"images": [{"id": 0, "file_name": "cell0.png", "width": "4", "height": 4}]},
            "expected a file name, width and height in pixels",
        ),
        (
            {"images": [{"id": 0, "file_name": "cell0.png", "width": 8, "height": 4}]},
            r"a mask of the size of .*cell0\.png, 64x48, but its annotation is 8x4",
        ),
        (
            {"images": [{"id": 0, "file_name": f"cell{n}.png", "width": 64, "height": 48} for n in (0, 1)]},
            "two images in .* have the id 0; number them anew",
        ),
        (
            {"images": [{"id": n, "file_name": "cell0.png", "width": 64 + n, "height": 48} for n in (0, 1)]},
            r"gives cell0\.png two sizes",
        ),
    ],
)
def test_a_broken_file_is_one_sentence(tmp_path, coco, changes, sentence):
    with pytest.raises(DatasetError, match=sentence):
        coco.run(tmp_path / "out", **changes)
    assert not (tmp_path / "out").exists()


def test_two_images_of_one_name_in_two_folders_are_told_apart_or_refused(tmp_path, coco):
    for folder in ("a", "b"):
        write_png(coco.root / "images" / folder / "same.png", np.zeros((HEIGHT, WIDTH), np.uint8))
    coco.images.append({**coco.images[0], "id": 9, "file_name": "same.png"})
    with pytest.raises(DatasetError, match=r"expected the image same\.png .* but there is 2 of that name"):
        coco.run(tmp_path / "out")


def test_no_or_several_json_files_need_the_option(tmp_path, coco):
    with pytest.raises(
        DatasetError, match=r"expected one \.json in .*, but found 0; pass --annotations FILE"
    ):
        import_dataset(coco.root, tmp_path / "out", ImportOptions(format="coco"))
    coco.run(tmp_path / "out")
    (coco.root / "other.json").write_text("{")
    with pytest.raises(DatasetError, match="but found 2"):
        import_dataset(coco.root, tmp_path / "out2", ImportOptions(format="coco"))
    chosen = ImportOptions(format="coco", tile=0, annotations=coco.root / "cells.json")
    assert import_dataset(coco.root, tmp_path / "out2", chosen).tiles == 3
    broken = ImportOptions(format="coco", annotations=coco.root / "other.json")
    with pytest.raises(DatasetError, match=r"expected COCO annotations as JSON in .*other\.json"):
        import_dataset(coco.root, tmp_path / "out3", broken)


def test_without_pycocotools_the_sentence_says_what_to_install(tmp_path, coco, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pycocotools", None)
    with pytest.raises(MissingDependencyError, match=r"pip install edgeseg\[coco\]"):
        coco.run(tmp_path / "out")


def labels_of(root, stem="cell0"):
    return read_image(root / "labels" / f"{stem}.png")


@pytest.mark.parametrize("form", [compressed, uncompressed, polygons])
def test_cells_keep_their_own_numbers(tmp_path, coco, form):
    cells = np.zeros((3, HEIGHT, WIDTH), bool)
    cells[0, 5:15, 10:20], cells[1, 5:15, 20:30], cells[2, 30:40, 1:9] = True, True, True
    for cell in cells:
        coco.add(0, form(cell))
    manifest = coco.run(tmp_path / "out")
    assert (manifest.truth, manifest.images[0].shared) == ("labels", 0)
    for number, cell in enumerate(cells, start=1):
        np.testing.assert_array_equal(labels_of(tmp_path / "out") == number, cell)
    assert not labels_of(tmp_path / "out", "cell1").any()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_where_cells_overlap_the_smaller_one_is_on_top_and_it_is_said(tmp_path, coco, order):
    large, small = np.zeros((2, HEIGHT, WIDTH), bool)
    large[5:25, 10:40], small[10:20, 35:45] = True, True
    for which in order:
        coco.add(0, compressed((large, small)[which]))
    manifest = coco.run(tmp_path / "out")
    labels = labels_of(tmp_path / "out")
    np.testing.assert_array_equal(labels == order.index(1) + 1, small)
    np.testing.assert_array_equal(labels == order.index(0) + 1, large & ~small)
    assert manifest.images[0].shared == 50
    assert manifest.notes == (
        "1 of 3 images with cells that overlap: a pixel of several went to the smallest of them",
    )
    assert manifest.to_dict()["images"][0]["shared"] == 50


def test_a_crowd_is_one_label_below_the_cells(tmp_path, coco):
    crowd, cell = np.zeros((2, HEIGHT, WIDTH), bool)
    crowd[5:25, 10:40], cell[0:40, 12:60] = True, True
    coco.add(0, uncompressed(crowd), iscrowd=1)
    coco.add(0, compressed(cell))
    manifest = coco.run(tmp_path / "out")
    np.testing.assert_array_equal(labels_of(tmp_path / "out") == 1, cell)
    np.testing.assert_array_equal(labels_of(tmp_path / "out") == 2, crowd & ~cell)
    assert manifest.notes == ("regions of many objects (iscrowd): 1, each of them one label",)
