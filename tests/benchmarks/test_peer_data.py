"""benchmarks/peers/stardist/peer_data.py reads what edgeseg reads."""

import numpy as np
import pytest

from edgeseg.data.dataset import open_dataset
from edgeseg.data.images import write_png
from peer_data import InputError, read_split
from support.label_images import discs, grey_for


@pytest.fixture
def data(tmp_path):
    rows = ["stem,split,source_image"]
    for index in range(5):
        labels = discs(count=9, size=40, radius=6, seed=index)
        grey = grey_for(labels)
        image = np.stack([grey, grey // 2, 255 - grey], axis=-1) if index == 3 else grey
        write_png(tmp_path / "images" / f"cells_{index}.png", image)
        write_png(tmp_path / "labels" / f"cells_{index}.png", labels.astype(np.uint16))
        rows.append(f"cells_{index},{'train' if index < 4 else 'val'},cells_{index}")
    (tmp_path / "splits.csv").write_text("\n".join(reversed(rows[1:] + rows[:1])) + "\n")
    return tmp_path


@pytest.mark.parametrize("split", ["train", "val"])
def test_images_and_labels_of_a_split_are_those_that_edgeseg_reads(data, split):
    theirs = read_split(data, split)
    ours = open_dataset(data).split(split)

    assert [each.stem for each in theirs] == [each.stem for each in ours]
    for their, our in zip(theirs, ours, strict=True):
        image, truth = our.read()
        # Colour is rounded from fixed-point sums by OpenCV.
        assert np.abs(their.read_image().astype(int) - image).max() <= 1
        assert np.array_equal(their.read_labels(), truth.labels)


def test_an_image_without_labels_is_named(data):
    (data / "labels" / "cells_2.png").unlink()

    with pytest.raises(InputError, match=r"a label image of cells_2 .* \(1 such\)"):
        read_split(data, "train")


def test_an_empty_split_is_refused(data):
    with pytest.raises(InputError, match="images in the split 'test'"):
        read_split(data, "test")


def test_a_folder_without_splits_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"expected a splits\.csv"):
        read_split(tmp_path, "train")
