"""No source image on both sides, and the paper's proportions."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.data.splits import PAPER_COUNTS, SPLITS, assign_splits, source_of

sizes = st.lists(st.integers(1, 20), min_size=1, max_size=40)
seeds = st.integers(0, 2**31 - 1)


def tiles(group_sizes):
    return {f"s{g}_r0c{t}": f"s{g}" for g, size in enumerate(group_sizes) for t in range(size)}


def test_the_paper_s_1088_images_are_654_217_217():
    stems = [f"image{index:04}" for index in range(1088)]
    assert Counter(assign_splits({stem: stem for stem in stems}).values()) == PAPER_COUNTS


@given(sizes, seeds)
def test_a_source_image_is_in_one_split(group_sizes, seed):
    sources = tiles(group_sizes)
    splits = assign_splits(sources, seed=seed)
    assert splits.keys() == sources.keys()
    assert set(splits.values()) <= set(SPLITS)
    assert len({(sources[stem], split) for stem, split in splits.items()}) == len(group_sizes)


@given(sizes, seeds, st.randoms())
def test_the_order_of_the_files_does_not_matter(group_sizes, seed, random):
    sources = tiles(group_sizes)
    shuffled = list(sources.items())
    random.shuffle(shuffled)
    assert assign_splits(dict(shuffled), seed=seed) == assign_splits(sources, seed=seed)


@given(st.integers(3, 400), seeds)
def test_single_images_are_divided_to_the_image(count, seed):
    counts = Counter(assign_splits({str(index): str(index) for index in range(count)}, seed=seed).values())
    held_out = round(count * 217 / 1088)
    assert (counts["val"], counts["test"]) == (held_out, held_out)


@given(st.lists(st.integers(1, 20), min_size=3, max_size=12), seeds)
def test_from_three_source_images_on_no_split_is_empty(group_sizes, seed):
    assert set(assign_splits(tiles(group_sizes), seed=seed).values()) == set(SPLITS)


@given(st.lists(st.integers(1, 20), min_size=10, max_size=40), seeds)
def test_tiles_come_near_the_proportions(group_sizes, seed):
    """No split is off by more than the largest source image: the greedy rule's own bound."""
    counts = Counter(assign_splits(tiles(group_sizes), seed=seed).values())
    for split in SPLITS:
        assert abs(counts[split] - sum(group_sizes) * PAPER_COUNTS[split] / 1088) <= max(group_sizes) + 1


def test_another_seed_is_another_division():
    sources = {str(index): str(index) for index in range(50)}
    assert assign_splits(sources, seed=0) != assign_splits(sources, seed=1)


def test_the_division_never_changes_from_version_to_version():
    """A changed division would put training images of old models into the test set."""
    splits = assign_splits({name: name for name in "abcdefgh"})
    found = {split: "".join(sorted(name for name in splits if splits[name] == split)) for split in SPLITS}
    assert found == {"train": "cfgh", "val": "bd", "test": "ae"}


@pytest.mark.parametrize(
    ("stem", "source"),
    [
        ("set01_r0c2", "set01"),
        ("plate_r1_r10c3", "plate_r1"),
        ("image", "image"),
        ("_r0c0", "_r0c0"),
        ("a_r0c0_b", "a_r0c0_b"),
        ("a_rXc0", "a_rXc0"),
    ],
)
def test_the_source_image_that_a_name_tells(stem, source):
    assert source_of(stem) == source
