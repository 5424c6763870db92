"""`data check` finds every problem, each under its own code, and invents none."""

import shutil

import cv2
import numpy as np
import pytest

from edgeseg.data.check import check_dataset
from edgeseg.data.dataset import open_dataset
from edgeseg.data.images import write_png
from edgeseg.data.problems import SEVERITIES
from edgeseg.errors import DatasetError

STEMS = [f"f{index}" for index in range(6)]
SPLITS = dict(zip(STEMS, ["train", "train", "train", "train", "val", "test"], strict=True))


def picture(seed):
    return np.random.default_rng(seed).integers(0, 256, (16, 20)).astype(np.uint8)


def write_splits(root, splits, sources=None):
    lines = [f"{stem},{split},{(sources or {}).get(stem, stem)}\n" for stem, split in splits.items()]
    (root / "splits.csv").write_text("stem,split,source_image\n" + "".join(lines))


@pytest.fixture
def root(tmp_path):
    """Six good images, a quarter of each mask foreground."""
    for seed, stem in enumerate(STEMS):
        mask = np.zeros((16, 20), np.uint8)
        mask[:8, :10] = 255
        write_png(tmp_path / "images" / f"{stem}.png", picture(seed))
        write_png(tmp_path / "masks" / f"{stem}.png", mask)
    write_splits(tmp_path, SPLITS)
    return tmp_path


def label(root, cells=None, *, keep_masks=True):
    """Label images for all: one cell that fills the mask; and of f1 the given cells, number -> rectangles."""
    for stem in STEMS:
        labels = np.zeros((16, 20), np.uint16)
        for number, places in (cells if cells and stem == "f1" else {1: [(0, 0, 8, 10)]}).items():
            for top, left, height, width in places:
                labels[top : top + height, left : left + width] = number
        write_png(root / "labels" / f"{stem}.png", labels)
    if not keep_masks:
        shutil.rmtree(root / "masks")
    return root


def labels(root, name):
    return root / "labels" / name


def found(root):
    return {(problem.code, problem.files) for problem in check_dataset(root).problems}


def test_a_good_data_set_has_no_problems_and_is_described(root):
    report = check_dataset(root)
    assert report.problems == ()
    assert report.notes == ()
    assert (report.images, report.sizes, report.depths, report.colour) == (6, {"20x16": 6}, {8: 6}, 0)
    assert [(s.name, s.images, s.source_images, s.foreground) for s in report.splits] == [
        ("train", 4, 4, 0.25),
        ("val", 1, 1, 0.25),
        ("test", 1, 1, 0.25),
    ]


def test_without_splits_csv_the_division_is_edgeseg_s_and_said(root):
    (root / "splits.csv").unlink()
    report = check_dataset(root)
    counts = {split.name: split.images for split in report.splits}
    assert counts == {name: len(open_dataset(root).split(name)) for name in counts}
    assert report.notes == ("no splits.csv: divided 60.1 / 19.95 / 19.95 % by source image",)


def images(root, name):
    return root / "images" / name


def masks(root, name):
    return root / "masks" / name


def truncate(path):
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def spoil_values(root):
    write_png(masks(root, "f1.png"), picture(0))


def spoil_background(root):
    write_png(masks(root, "f1.png"), np.where(picture(0) > 99, np.uint8(1), np.uint8(2)))


def spoil_sources(root):
    write_splits(root, SPLITS, {"f0": "plate", "f5": "plate"})


def list_twice(root):
    path = root / "splits.csv"
    path.write_text(path.read_text() + "f0,train,f0\n")


def copy_as_colour_tiff(root, copy):
    """The same picture in another kind of file and in colour."""
    image = cv2.imread(str(images(root, "f0.png")), cv2.IMREAD_UNCHANGED)
    images(root, f"{copy}.png").unlink()
    cv2.imwrite(str(images(root, f"{copy}.tif")), cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))


def write_stack(root):
    images(root, "f0.png").unlink()
    images(root, "f0.tif").write_bytes(cv2.imencodemulti(".tif", [picture(0), picture(9)])[1].tobytes())


@pytest.mark.parametrize(
    ("spoil", "code", "files"),
    [
        (lambda r: masks(r, "f1.png").unlink(), "missing-mask", ("images/f1.png",)),
        (lambda r: images(r, "f1.png").rename(r / "x.png"), "missing-image", ("masks/f1.png",)),
        (lambda r: images(r, "f1.png").write_bytes(b""), "unreadable-image", ("images/f1.png",)),
        (lambda r: truncate(images(r, "f1.png")), "unreadable-image", ("images/f1.png",)),
        (lambda r: truncate(masks(r, "f1.png")), "unreadable-mask", ("masks/f1.png",)),
        (lambda r: images(r, "f1.bmp").touch(), "stem-twice", ("images/f1.bmp", "images/f1.png")),
        (
            lambda r: write_png(masks(r, "f1.png"), np.zeros((8, 20), np.uint8)),
            "size-mismatch",
            ("images/f1.png", "masks/f1.png"),
        ),
        (
            lambda r: write_png(masks(r, "f1.png"), np.zeros((16, 20, 3), np.uint8)),
            "colour-mask",
            ("masks/f1.png",),
        ),
        (spoil_values, "mask-values", ("masks/f1.png",)),
        (spoil_background, "mask-values", ("masks/f1.png",)),
        (
            lambda r: write_png(masks(r, "f1.png"), np.zeros((16, 20), np.uint8)),
            "empty-mask",
            ("masks/f1.png",),
        ),
        (
            lambda r: write_png(masks(r, "f1.png"), np.full((16, 20), 255, np.uint8)),
            "full-mask",
            ("masks/f1.png",),
        ),
        (
            lambda r: write_png(images(r, "f1.png"), np.full((16, 20), 9, np.uint8)),
            "blank-image",
            ("images/f1.png",),
        ),
        (
            lambda r: copy_as_colour_tiff(r, "f5"),
            "duplicate-across-splits",
            ("images/f0.png", "images/f5.tif"),
        ),
        (lambda r: copy_as_colour_tiff(r, "f1"), "duplicate-in-split", ("images/f0.png", "images/f1.tif")),
        (spoil_sources, "source-across-splits", ("splits.csv",)),
        (lambda r: write_splits(r, {**SPLITS, "f9": "train"}), "unknown-stem", ("splits.csv",)),
        (lambda r: write_splits(r, {**SPLITS, "f0": "training"}), "unknown-split", ("splits.csv",)),
        (list_twice, "listed-twice", ("splits.csv",)),
        (
            lambda r: write_splits(r, {stem: split for stem, split in SPLITS.items() if stem != "f0"}),
            "not-listed",
            ("images/f0.png",),
        ),
        (lambda r: (r / "splits.csv").write_text("a,b\n"), "unreadable-splits", ("splits.csv",)),
        (lambda r: write_splits(r, {**SPLITS, "f5": "val"}), "empty-split", ()),
        (write_stack, "several-pages", ("images/f0.tif",)),
        (lambda r: images(r, "notes.txt").touch(), "not-an-image", ("images/notes.txt",)),
        (lambda r: shutil.rmtree(r / "masks"), "missing-folder", ("masks/",)),
        (lambda r: [path.unlink() for path in (r / "masks").iterdir()], "no-images", ("masks/",)),
        (lambda r: labels(label(r), "f1.png").unlink(), "missing-label", ("images/f1.png",)),
        (lambda r: truncate(labels(label(r), "f1.png")), "unreadable-label", ("labels/f1.png",)),
        (
            lambda r: label(r, {1: [(0, 0, 4, 4)], 9: [(0, 6, 4, 4), (8, 6, 4, 4)]}),
            "cell-in-pieces",
            ("labels/f1.png",),
        ),
        (lambda r: label(r, {1: [(0, 0, 4, 4)], 2: [(8, 8, 3, 5)]}), "speck", ("labels/f1.png",)),
        (lambda r: label(r, {1: [(0, 0, 8, 9)]}), "mask-disagrees", ("masks/f1.png",)),
        (lambda r: truncate(masks(label(r), "f1.png")), "mask-disagrees", ("masks/f1.png",)),
        (
            lambda r: label(r, {255: [(0, 0, 4, 4), (8, 6, 4, 4)]}),
            "labels-are-masks",
            ("labels/f1.png",),
        ),
    ],
)
def test_each_problem_has_its_code_and_names_its_files(root, spoil, code, files):
    spoil(root)
    problems = [problem for problem in check_dataset(root).problems if problem.code == code]
    assert [problem.files for problem in problems] == [files]
    assert problems[0].severity == SEVERITIES[code]
    assert str(root) + "/images/" not in problems[0].message


def test_every_code_is_tested():
    marks = test_each_problem_has_its_code_and_names_its_files.pytestmark
    assert {case[1] for case in marks[0].args[1]} == set(SEVERITIES)


def test_all_problems_are_found_at_once(root):
    masks(root, "f0.png").unlink()
    truncate(images(root, "f1.png"))
    spoil = np.zeros((16, 20), np.uint8)
    write_png(masks(root, "f2.png"), spoil)
    write_png(masks(root, "f3.png"), picture(3))
    images(root, "f4.png").write_bytes(images(root, "f5.png").read_bytes())
    assert found(root) == {
        ("missing-mask", ("images/f0.png",)),
        ("unreadable-image", ("images/f1.png",)),
        ("mask-values", ("masks/f3.png",)),
        ("duplicate-across-splits", ("images/f4.png", "images/f5.png")),
        ("empty-mask", ("masks/f2.png",)),
    }


def test_errors_come_before_warnings(root):
    write_png(masks(root, "f0.png"), np.zeros((16, 20), np.uint8))
    masks(root, "f5.png").unlink()
    report = check_dataset(root)
    assert [problem.severity for problem in report.problems] == ["error", "warning"]
    assert (len(report.errors), len(report.warnings)) == (1, 1)


def test_blank_pictures_are_no_duplicates(root):
    for stem in ("f0", "f5"):
        write_png(images(root, f"{stem}.png"), np.zeros((16, 20), np.uint8))
    assert found(root) == {("blank-image", ("images/f0.png", "images/f5.png"))}


def test_a_duplicate_that_splits_csv_leaves_out_does_not_matter(root):
    images(root, "f0.png").write_bytes(images(root, "f5.png").read_bytes())
    write_splits(root, {stem: split for stem, split in SPLITS.items() if stem != "f0"})
    assert found(root) == {("not-listed", ("images/f0.png",))}


def test_16_bits_and_colour_are_notes_not_problems(root):
    write_png(images(root, "f0.png"), picture(0).astype(np.uint16) * 200)
    write_png(images(root, "f1.png"), np.random.default_rng(1).integers(0, 256, (16, 20, 3)).astype(np.uint8))
    report = check_dataset(root)
    assert report.problems == ()
    assert report.notes == (
        "1 of 6 images in colour: converted to grey",
        "1 of 6 images of 16 bits: mapped to 8 by their own percentiles",
    )


def test_a_data_set_without_errors_opens_and_one_with_structural_errors_does_not(root):
    assert check_dataset(root).errors == ()
    assert len(open_dataset(root).samples) == 6
    masks(root, "f0.png").unlink()
    assert check_dataset(root).errors
    with pytest.raises(DatasetError):
        open_dataset(root)


def test_progress_is_told_to_the_end(root):
    seen = []
    check_dataset(root, progress=lambda done, total, note: seen.append((done, total, note)))
    assert seen == [(number, 6, stem) for number, stem in enumerate(STEMS, start=1)]


def test_no_folder_is_a_sentence(tmp_path):
    with pytest.raises(DatasetError, match="expected the folder of a data set at"):
        check_dataset(tmp_path / "nowhere")


def test_an_empty_folder_is_a_report(tmp_path):
    assert found(tmp_path) == {("missing-folder", ("images/",)), ("missing-folder", ("masks/",))}


class TestLabels:
    def test_a_good_data_set_has_no_problems_with_masks_or_without(self, root):
        assert check_dataset(label(root)).problems == ()
        report = check_dataset(label(root, keep_masks=False))
        assert (report.problems, report.notes, report.truth) == ((), (), "labels")

    def test_masks_tell_no_cells(self, root):
        assert [split.cells for split in check_dataset(root).splits] == [None] * 3
        assert check_dataset(root).truth == "masks"

    def test_cells_that_touch_are_counted_and_what_perfect_masks_reach_is_said(self, root):
        """Of nine cells three hang together by a corner and a side: masks would find six and a triple one."""
        cells = {
            1: [(0, 0, 4, 4)], 2: [(4, 4, 4, 4)], 3: [(4, 8, 4, 4)], 4: [(0, 13, 4, 4)],
        }  # fmt: skip
        report = check_dataset(label(root, cells, keep_masks=False))
        train, val, _ = report.splits
        assert (train.cells.cells, train.cells.touching, train.cells.by_masks.f1) == (7, 3, 2 * 4 / (7 + 5))
        assert (val.cells.cells, val.cells.touching, val.cells.by_masks.f1) == (1, 0, 1)
        (note,) = report.notes
        assert note == (
            "3 of 9 cells touch another: split into connected pieces, even perfect masks would find cells "
            "with an F1 of 0.75"
        )
        assert report.to_dict()["splits"][0]["cells"]["by_masks"]["f1"] == 2 / 3

    def test_a_blank_label_image_is_an_empty_field(self, root):
        label(root)
        write_png(labels(root, "f1.png"), np.zeros((16, 20), np.uint16))
        write_png(masks(root, "f1.png"), np.zeros((16, 20), np.uint8))
        assert found(root) == {("empty-mask", ("labels/f1.png",))}
        assert check_dataset(root).splits[0].cells.cells == 3

    @pytest.mark.parametrize(
        ("image", "sentence"),
        [
            (np.full((16, 20), 70_000, np.int32), "numbers of cells up to 65,535"),
            (np.zeros((16, 20, 3), np.uint8), "a label image with one channel"),
        ],
    )
    def test_label_images_that_cannot_be_taken_say_why(self, root, image, sentence):
        labels(label(root), "f1.png").unlink()
        cv2.imwrite(str(labels(root, "f1.tif")), image)
        (problem,) = check_dataset(root).problems
        assert (problem.code, problem.files) == ("unreadable-label", ("labels/f1.tif",))
        assert sentence in problem.message

    def test_a_label_image_of_another_size_is_found(self, root):
        label(root, keep_masks=False)
        write_png(labels(root, "f1.png"), np.ones((8, 20), np.uint16))
        assert ("size-mismatch", ("images/f1.png", "labels/f1.png")) in found(root)

    def test_text_files_in_labels_are_said_and_the_masks_used(self, root):
        (root / "labels").mkdir()
        labels(root, "f0.txt").touch()
        assert found(root) == {("not-an-image", ("labels/f0.txt",))}
        assert check_dataset(root).truth == "masks"
