"""Opening a data set: what is taken, in which order, and what is refused in one sentence."""

import cv2
import numpy as np
import pytest

from edgeseg.data.dataset import open_dataset
from edgeseg.data.images import write_png
from edgeseg.data.layout import judge_splits, split_rows
from edgeseg.errors import DatasetError
from edgeseg.labels.pieces import connected_pieces


def make(root, stems, *, suffix=".png"):
    for number, stem in enumerate(stems):
        image = np.random.default_rng(number).integers(0, 256, (8, 10)).astype(np.uint8)
        for folder, values in (("images", image), ("masks", (image > 200).astype(np.uint8) * 255)):
            (root / folder).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(root / folder / f"{stem}{suffix}"), values)
    return root


@pytest.fixture
def root(tmp_path):
    return make(tmp_path / "cells", ["b", "a", "c_r0c0", "c_r0c1", "d"])


def test_samples_are_sorted_by_stem(root):
    dataset = open_dataset(root)
    assert dataset.name == "cells"
    assert [sample.stem for sample in dataset.samples] == ["a", "b", "c_r0c0", "c_r0c1", "d"]


def test_tiles_of_one_image_are_in_one_split(root):
    by_stem = {sample.stem: sample for sample in open_dataset(root).samples}
    assert by_stem["c_r0c0"].source_image == by_stem["c_r0c1"].source_image == "c"
    assert by_stem["c_r0c0"].split == by_stem["c_r0c1"].split


def test_splits_csv_decides(root):
    (root / "splits.csv").write_text("stem,split,source_image\na,test,plate 1\nb,train,\nc_r0c0,val\n")
    dataset = open_dataset(root)
    assert [(s.stem, s.split, s.source_image) for s in dataset.samples] == [
        ("a", "test", "plate 1"),
        ("b", "train", "b"),
        ("c_r0c0", "val", "c"),
    ]
    assert [sample.stem for sample in dataset.split("val")] == ["c_r0c0"]


def test_splits_csv_of_a_spreadsheet_is_read(root):
    """Byte-order mark, Windows line ends, columns in another order, one too many."""
    (root / "splits.csv").write_bytes("\ufeffsplit,stem,by\r\ntest,a,Ångström\r\n".encode())
    rows, _ = judge_splits(root / "splits.csv", {"a": root / "images" / "a.png"})
    assert rows == {"a": ("test", "a")}


def test_a_sample_reads_grey_and_bool(root):
    image, truth = open_dataset(root).samples[0].read()
    mask = truth.mask
    assert (image.dtype, mask.dtype, image.shape, mask.shape) == (np.uint8, np.bool_, (8, 10), (8, 10))
    np.testing.assert_array_equal(mask, image > 200)


@pytest.mark.parametrize("suffix", [".tif", ".bmp", ".png"])
def test_image_and_mask_may_be_of_any_kind(tmp_path, suffix):
    root = make(tmp_path, ["a"], suffix=suffix)
    image, truth = open_dataset(root).samples[0].read()
    np.testing.assert_array_equal(truth.mask, image > 200)


def test_a_mask_of_another_size_is_refused_on_reading(root):
    write_png(root / "masks" / "a.png", np.zeros((8, 9), np.uint8))
    with pytest.raises(DatasetError, match=r"the size of its image, 10x8, in .*a\.png, but it is 9x8"):
        open_dataset(root).samples[0].read()


def test_the_digest_tells_any_change(root):
    digests = [open_dataset(root).digest]
    write_png(root / "masks" / "a.png", np.zeros((8, 10), np.uint8))
    digests.append(open_dataset(root).digest)
    (root / "splits.csv").write_text("stem,split\na,test\nb,train\nc_r0c0,val\nc_r0c1,val\nd,train\n")
    digests.append(open_dataset(root).digest)
    (root / "splits.csv").write_text("stem,split\na,train\nb,test\nc_r0c0,val\nc_r0c1,val\nd,train\n")
    digests.append(open_dataset(root).digest)
    assert len(set(digests)) == 4


def test_the_digest_does_not_depend_on_the_place(root, tmp_path):
    root_digest = open_dataset(root).digest
    root.rename(tmp_path / "moved")
    assert open_dataset(tmp_path / "moved").digest == root_digest


def test_an_unknown_and_an_empty_split_are_told_apart(root):
    (root / "splits.csv").write_text("stem,split\na,train\n")
    with pytest.raises(DatasetError, match="expected a split named train, val, test, but got 'tset'"):
        open_dataset(root).split("tset")
    with pytest.raises(DatasetError, match=r"the split 'test' of .* is empty; see its splits\.csv"):
        open_dataset(root).split("test")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (
            lambda root: (root / "masks" / "a.png").unlink(),
            r"images/a\.png in .*: the image has no mask; `edgeseg data check .*` lists every problem",
        ),
        (lambda root: (root / "images" / "a.png").unlink(), r"masks/a\.png in .*: the mask has no image"),
        (
            lambda root: (root / "masks").rename(root / "elsewhere"),
            "labels/ or masks/ .* but there is neither",
        ),
        (lambda root: (root / "images").rename(root / "elsewhere"), "expected a folder of images at"),
        (lambda root: root.rename(f"{root}_moved"), r"a data set at \S+, but there is no such folder"),
        (
            lambda root: (root / "images" / "a.tif").touch(),
            r"images/a\.png and images/a\.tif in .*: two files with one stem",
        ),
        (
            lambda root: [path.unlink() for path in (root / "images").iterdir()],
            r"images/ in .*: no image \(PNG",
        ),
    ],
)
def test_folders_that_do_not_fit_are_refused(root, spoil, sentence):
    spoil(root)
    with pytest.raises(DatasetError, match=sentence):
        open_dataset(root)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("stem,split\na,training\n", "line 2: expected train, val or test as split, but got 'training'"),
        ("stem,split\na\n", "line 2: .* but got ''"),
        ("stem,split\nz,train\n", r"splits\.csv in .*: line 2: no image 'z'"),
        ("stem,split\na,train\na,test\n", "line 3: 'a' a second time; remove one of the lines"),
        (
            "name,part\na,train\n",
            r"expected the columns stem,split\[,source_image\] in .*, but got name,part",
        ),
        ("", "but got nothing"),
        (
            "stem,split\n" + "a" * 200_000 + ",train\n",
            "cannot read .* as CSV after line 1: field larger than",
        ),
        (b"\xff\xfe\x00", "cannot read .* as UTF-8 text"),
    ],
)
def test_a_splits_csv_that_does_not_fit_is_refused(root, text, sentence):
    (root / "splits.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DatasetError, match=sentence):
        open_dataset(root)


def test_rows_are_given_as_they_are(root):
    (root / "splits.csv").write_text("stem,split,source_image,x\na,nonsense,p,1\nb\n")
    assert list(split_rows(root / "splits.csv")) == [
        (2, {"stem": "a", "split": "nonsense", "source_image": "p"}),
        (3, {"stem": "b", "split": "", "source_image": ""}),
    ]


def number_cells(root, *, keep_masks=True):
    """Label images of two cells that touch, for every image of `root`."""
    for path in sorted((root / "images").iterdir()):
        labels = np.zeros((8, 10), np.uint16)
        labels[1:7, 1:4], labels[1:7, 4:8] = 7, 300
        write_png(root / "labels" / f"{path.stem}.png", labels)
        if not keep_masks:
            (root / "masks" / path.name).unlink()
    if not keep_masks:
        (root / "masks").rmdir()
    return root


def test_a_mask_s_cells_are_its_connected_pieces(root):
    image, truth = open_dataset(root).samples[0].read()
    assert (truth.kind, truth.labels.dtype, truth.shape) == ("masks", np.int32, (8, 10))
    np.testing.assert_array_equal(truth.labels, connected_pieces(image > 200))


@pytest.mark.parametrize("keep_masks", [True, False])
def test_labels_are_the_truth_beside_masks_and_without(root, keep_masks):
    dataset = open_dataset(number_cells(root, keep_masks=keep_masks))
    _, truth = dataset.samples[0].read()
    assert dataset.kind == truth.kind == "labels"
    assert np.unique(truth.labels).tolist() == [0, 7, 300]
    np.testing.assert_array_equal(truth.mask, truth.labels > 0)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("a.tif", np.full((8, 10), 60_000, np.uint16)),
        ("a.tif", np.full((8, 10), 60_000, np.int32)),
        ("a.tif", np.full((8, 10), 3, np.float32)),
        ("a.png", np.full((8, 10), 3, np.uint8)),
    ],
)
def test_labels_of_any_depth_are_read(root, name, labels):
    number_cells(root)
    (root / "labels" / "a.png").unlink()
    cv2.imwrite(str(root / "labels" / name), labels)
    _, truth = open_dataset(root).samples[0].read()
    np.testing.assert_array_equal(truth.labels, labels.astype(np.int32))


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (
            np.full((8, 10), 65_536, np.int32),
            "numbers of cells up to 65,535 in .*, but the largest is 65,536",
        ),
        (np.full((8, 10), -1, np.int32), "expected whole numbers from 0 as labels"),
        (np.full((8, 10), 0.5, np.float32), "expected whole numbers from 0 as labels"),
        (np.zeros((8, 10, 3), np.uint8), "a label image with one channel in .*, but it has 3"),
        (np.zeros((8, 9), np.uint16), r"a label image of the size of its image, 10x8, in .*, but it is 9x8"),
    ],
)
def test_labels_that_do_not_fit_are_refused_on_reading(root, labels, sentence):
    number_cells(root)
    (root / "labels" / "a.png").unlink()
    cv2.imwrite(str(root / "labels" / "a.tif"), labels)
    with pytest.raises(DatasetError, match=sentence):
        open_dataset(root).samples[0].read()


def test_an_image_without_label_image_is_refused_though_it_has_a_mask(root):
    (number_cells(root) / "labels" / "a.png").unlink()
    with pytest.raises(DatasetError, match=r"images/a\.png in .*: the image has no label image"):
        open_dataset(root)


def test_a_folder_labels_without_images_is_no_truth(root):
    """Detectors keep boxes as text files in a folder of this name."""
    (root / "labels").mkdir()
    (root / "labels" / "a.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    assert open_dataset(root).kind == "masks"
    assert open_dataset(root).samples[0].labels_path is None


def test_the_digest_of_masks_is_that_of_version_0_1(tmp_path):
    """Run folders keep it."""
    for folder, data in (("images", b"image"), ("masks", b"mask")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x_r0c1.png").write_bytes(data)
    (tmp_path / "splits.csv").write_text("stem,split\nx_r0c1,val\n")
    dataset = open_dataset(tmp_path)
    assert dataset.digest == dataset.masks_digest
    assert dataset.digest == "a78e0e2aadd4aff1dc038f7ff47027ffffe01f8a1c3e72b2811fb4da26357f17"


def test_labels_enter_the_digest_and_masks_beside_them_do_not(root):
    by_masks = open_dataset(root).digest
    labelled = open_dataset(number_cells(root))
    assert labelled.digest != by_masks == labelled.masks_digest
    (root / "masks" / "a.png").write_bytes(b"another")
    assert open_dataset(root).digest == labelled.digest
    assert open_dataset(root).masks_digest != by_masks
    write_png(root / "labels" / "a.png", np.ones((8, 10), np.uint16))
    assert open_dataset(root).digest != labelled.digest
    (root / "masks" / "a.png").unlink()
    assert open_dataset(root).masks_digest is None


def test_the_same_files_as_masks_or_as_labels_are_other_data(root):
    digest = open_dataset(root).digest
    (root / "masks").rename(root / "labels")
    assert open_dataset(root).digest != digest
