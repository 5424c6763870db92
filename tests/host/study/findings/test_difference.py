"""Laws of differences and their intervals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeseg.host.study.combination import parse_combination
from edgeseg.host.study.findings.difference import between_combinations, between_variants, seed_spread
from support.study_results import IMAGES, results_of

ADAM, NADAM = parse_combination("bce+adam"), parse_combination("bce+nadam")

_WORLDS = iter(range(10**6))


def differing(tmp_path, seeds, nadam):
    """Three trainings of the base that differ as given, and one of another combination."""

    def hits(combination, seed, _step):
        extra = seeds[seed] if combination == "bce+adam" else nadam
        return [hit + extra for hit in IMAGES]

    return results_of(tmp_path / str(next(_WORLDS)), hits)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("worlds")


@settings(max_examples=10, deadline=None)
@given(st.tuples(*[st.integers(0, 7)] * 3), st.integers(0, 7))
def test_turned_round_a_difference_changes_its_sign(folder, seeds, nadam):
    results = differing(folder, seeds, nadam)
    a, b = results.of(ADAM, "float32"), results.of(NADAM, "float32")
    there, back = (between_combinations(results, *pair, "dice") for pair in ((a, b), (b, a)))
    assert there.value == pytest.approx(-back.value)
    assert there.interval == pytest.approx((-back.interval[1], -back.interval[0]))


def test_the_spread_of_seeds_is_the_variance_of_their_means(tmp_path):
    spread = seed_spread(differing(tmp_path, (0, 2, 4), 0), "float32", "dice")
    assert (spread.variance, spread.freedom) == (pytest.approx(0.02**2), 2)


def test_seeds_that_differ_more_make_the_interval_wider(tmp_path):
    def width(seeds):
        results = differing(tmp_path, seeds, 3)
        found = between_combinations(
            results, results.of(ADAM, "float32"), results.of(NADAM, "float32"), "dice"
        )
        return found.interval[1] - found.interval[0]

    assert width((2, 3, 4)) < width((0, 3, 6))


def test_between_files_of_a_network_seeds_do_not_count(tmp_path):
    results = differing(tmp_path, (0, 3, 6), 0)
    found = between_variants(results, results.of(ADAM, "pruned"), results.of(ADAM, "float32"), "dice")
    assert (found.value, found.interval) == (0, (0, 0))
