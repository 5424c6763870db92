"""The task `cells`: targets turn as images turn, sizes follow from the cells, odd labels are taken."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgeseg.data.dataset import open_dataset
from edgeseg.data.images import write_png
from edgeseg.errors import ConfigError, DatasetError
from edgeseg.host.training.tasks.cells import CELLS, measure_centres, offsets_to_centres
from edgeseg.model.interface import float_interface
from support.interfaces import cells_interface

LABELS = hnp.arrays(
    np.int32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=10), elements=st.integers(0, 4)
)


def target(labels, bump=2.0, reach=8):
    return CELLS.target(labels, cells_interface(*labels.shape, bump=bump, reach=reach))


def turned_maps(maps, turns, mirrored):
    """Maps of an image that is mirrored from left to right, then turned by quarters against the clock."""
    foreground, centre, down, across = np.moveaxis(maps, -1, 0)
    if mirrored:
        foreground, centre, down, across = (each[:, ::-1] for each in (foreground, centre, down, 1 - across))
    for _ in range(turns):
        # What points to the right points up afterwards, and what points down points to the right.
        foreground, centre, down, across = map(np.rot90, (foreground, centre, 1 - across, down))
    return np.stack([foreground, centre, down, across], axis=-1)


def labelled(root, *labels):
    """A data set of these labels, all in the training split."""
    lines = ["stem,split"]
    for number, each in enumerate(labels):
        write_png(root / "images" / f"{number}.png", np.full(each.shape, 90, np.uint8))
        write_png(root / "labels" / f"{number}.png", each)
        lines.append(f"{number},train")
    (root / "splits.csv").write_text("\n".join(lines) + "\n")
    return open_dataset(root)


def disc(labels, x, y, radius, number):
    return cv2.circle(labels, (x, y), radius, number, -1)


@given(LABELS, st.integers(0, 3), st.booleans())
def test_targets_of_a_turned_image_are_the_turned_targets(labels, turns, mirrored):
    moved = np.rot90(labels[:, ::-1] if mirrored else labels, turns)
    assert np.allclose(target(moved), turned_maps(target(labels), turns, mirrored), atol=1e-6)


@given(LABELS)
def test_each_cell_has_one_centre_among_its_own_pixels_or_between_them(labels):
    places, numbers, away = offsets_to_centres(labels)
    centres = np.stack(np.divmod(places, labels.shape[1])) + away
    for number in range(1, numbers.max(initial=0) + 1):
        mine = numbers == number
        assert np.allclose(centres[:, mine], centres[:, mine][:, :1])


def test_the_centre_of_a_bent_cell_lies_within_it():
    """The mean of its pixels does not: it lies in the bow of the C."""
    labels = np.zeros((21, 21), np.int32)
    cv2.ellipse(labels, (10, 10), (8, 8), 0, 50, 310, 1, 3)
    rows, columns = np.nonzero(labels)
    assert labels[round(rows.mean()), round(columns.mean())] == 0
    row, column = np.unravel_index(target(labels)[..., 1].argmax(), labels.shape)
    assert labels[row, column] == 1


def test_offsets_lead_to_the_centre_and_the_bump_is_1_there():
    labels = disc(np.zeros((30, 40), np.int32), 25, 12, 6, 3)
    made = target(labels, reach=8)
    assert np.unravel_index(made[..., 1].argmax(), labels.shape) == (12, 25)
    assert made[12, 25].tolist() == [1, 1, 0.5, 0.5]
    assert made[9, 27].tolist() == pytest.approx([1, np.exp(-13 / 8), 0.5 + 3 / 16, 0.5 - 2 / 16])
    assert made[0, 0].tolist() == [0, 0, 0.5, 0.5]


def test_offsets_beyond_the_reach_are_cut_to_it():
    made = target(np.ones((1, 31), np.int32), reach=4)
    assert made[0, [0, 5, 15, 25, 30], 3].tolist() == [1, 1, 0.5, 0, 0]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_sizes_follow_from_the_training_cells(kind, tmp_path):
    """Discs of 20 pixels, one of 60, and none in the second image: the median is that of the small ones."""
    labels = np.zeros((100, 160), kind)
    for number, (x, y, radius) in enumerate([(20, 20, 10), (60, 20, 10), (100, 60, 30)], start=1):
        disc(labels, x, y, radius, number)
    centres = measure_centres(labelled(tmp_path, labels, np.zeros_like(labels)))
    assert centres.bump == pytest.approx(0.15 * 20, rel=0.05)
    assert 28 <= centres.reach <= 30  # all offsets but the longest 0.5 %


def test_small_cells_have_a_bump_all_the_same(tmp_path):
    labels = np.zeros((16, 16), np.uint8)
    labels[4, 4] = labels[9, 9] = 1
    centres = measure_centres(labelled(tmp_path, labels))
    assert (centres.bump, centres.reach) == (0.5, 3)


def test_labels_without_a_cell_are_refused(tmp_path):
    dataset = labelled(tmp_path, np.zeros((16, 16), np.uint8))
    with pytest.raises(DatasetError, match=r"expected cells in the training images of .*labels are empty"):
        CELLS.describe(dataset)


def test_a_network_without_centre_maps_has_no_such_targets():
    with pytest.raises(ConfigError, match="expected a network with centre and offset maps"):
        CELLS.target(np.ones((4, 4), np.int32), float_interface(4, 4))


def test_numbers_with_gaps_and_of_32_bits_are_as_good_as_any():
    dense = disc(disc(np.zeros((40, 40), np.int32), 12, 12, 7, 1), 27, 27, 7, 2)
    sparse = np.array([0, 7, 2**30], np.int32)[dense]
    assert np.array_equal(target(dense), target(sparse))


def test_a_label_in_two_pieces_has_one_centre_that_both_point_to():
    labels = disc(disc(np.zeros((40, 80), np.int32), 20, 20, 9, 5), 60, 20, 6, 5)
    made = target(labels, bump=3, reach=64)
    assert (made[..., 1] == 1).sum() == 1
    row, column = np.unravel_index(made[..., 1].argmax(), labels.shape)
    assert labels[row, column] == 5
    at = np.argwhere(labels)
    aims = at + (made[labels != 0, 2:] - 0.5) * 128
    assert np.allclose(aims, (row, column), atol=1e-3)


def test_cells_that_do_not_touch_are_learnt_all_the_same(tmp_path):
    labels = disc(disc(np.zeros((40, 40), np.uint16), 10, 10, 5, 1), 30, 30, 5, 2)
    dataset = labelled(tmp_path, labels)
    maps, decoder = CELLS.describe(dataset)
    interface = float_interface(40, 40, maps=maps, decoder=decoder)
    truth = dataset.samples[0].read()[1].labels
    answers = [(truth, tuple(np.moveaxis(CELLS.target(truth, interface), -1, 0)))]
    assert CELLS.judge(answers, interface) == {"f1": 1, "dice": 1, "peak": interface.decoder.centres.peak}


@pytest.mark.parametrize(("height", "peak"), [(1, 0.22), (0.27, 0.15), (0.17, 0.1)])
def test_the_least_height_of_a_centre_is_chosen_where_it_finds_the_cells(height, peak):
    """Bumps as low as those of a network that is not sure where centres are."""
    labels = np.zeros((80, 80), np.int32)
    for number, (y, x) in enumerate(((20, 20), (20, 39), (60, 40)), start=1):
        disc(labels, y, x, 10, number)
    interface = cells_interface(80, 80, bump=4, reach=16)
    foreground, centre, *offsets = np.moveaxis(CELLS.target(labels, interface), -1, 0)
    judged = CELLS.judge([(labels, (foreground, height * centre, *offsets))], interface)
    assert (judged["f1"], judged["peak"]) == (1, peak)
    settled = CELLS.settle(interface, judged)
    assert settled.decoder.centres == replace(interface.decoder.centres, peak=peak)
