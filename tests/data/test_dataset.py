"""Opening a data set: what is taken, in which order, and what is refused in one sentence."""

import cv2
import numpy as np
import pytest

from edgeseg.data.dataset import open_dataset, read_splits, split_rows
from edgeseg.data.images import write_png
from edgeseg.errors import DatasetError


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
    assert read_splits(root, ["a"]) == {"a": ("test", "a")}


def test_a_sample_reads_grey_and_bool(root):
    image, mask = open_dataset(root).samples[0].read()
    assert (image.dtype, mask.dtype, image.shape, mask.shape) == (np.uint8, np.bool_, (8, 10), (8, 10))
    np.testing.assert_array_equal(mask, image > 200)


@pytest.mark.parametrize("suffix", [".tif", ".bmp", ".png"])
def test_image_and_mask_may_be_of_any_kind(tmp_path, suffix):
    root = make(tmp_path, ["a"], suffix=suffix)
    image, mask = open_dataset(root).samples[0].read()
    np.testing.assert_array_equal(mask, image > 200)


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
            r"a in .* has no mask \(1 such\); `edgeseg data check",
        ),
        (lambda root: (root / "images" / "a.png").unlink(), "a in .* has no image"),
        (lambda root: (root / "masks").rename(root / "labels"), "masks/ is missing"),
        (lambda root: (root / "images" / "a.tif").touch(), r"a\.tif and a\.png|a\.png and a\.tif"),
        (lambda root: [path.unlink() for path in (root / "images").iterdir()], "but there are none"),
    ],
)
def test_folders_that_do_not_fit_are_refused(root, spoil, sentence):
    spoil(root)
    with pytest.raises(DatasetError, match=sentence):
        open_dataset(root)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("stem,split\na,training\n", "expected train, val or test as split in .* line 2, but got 'training'"),
        ("stem,split\na\n", "line 2, but got ''"),
        ("stem,split\nz,train\n", "line 2 names 'z', but there is no such image"),
        ("stem,split\na,train\na,test\n", "line 3 names 'a' a second time"),
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
