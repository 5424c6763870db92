"""From truth to what each map of a network is to learn, by the meaning of the map."""

import numpy as np
import pytest

from edgeseg.data.truth import Truth
from edgeseg.errors import ConfigError
from edgeseg.host.training import targets
from edgeseg.model.interface import MapTensor, Meaning, foreground_maps

LABELS = np.array([[0, 1, 1], [0, 0, 2]], np.int32)
CENTRE = MapTensor(name="centre", meaning=Meaning.CENTRE, channel=1)


def test_the_target_of_the_foreground_is_the_mask():
    made = targets.FOREGROUND.make(targets.FOREGROUND.keep(Truth(LABELS, "labels")))
    assert made.dtype == np.float32
    assert np.array_equal(made[..., 0], [[0, 1, 1], [0, 0, 1]])


def test_no_more_than_the_mask_is_kept_where_that_is_enough():
    assert targets.FOREGROUND.keep(Truth(LABELS, "labels")).dtype == np.bool_


def test_a_map_that_nothing_can_teach_is_refused_by_its_name():
    with pytest.raises(ConfigError, match=r"maps that can be trained \(foreground\), but 'centre' is of the"):
        targets.Targets([*foreground_maps(), CENTRE])


def test_labels_are_kept_for_maps_that_ask_for_them(monkeypatch):
    second = targets.MapMaker(lambda truth, _map: (truth == 2).astype(np.float32), needs_labels=True)
    monkeypatch.setattr(targets, "MAKERS", {**targets.MAKERS, Meaning.CENTRE: second})
    both = targets.Targets([*foreground_maps(), CENTRE])
    kept = both.keep(Truth(LABELS, "labels"))
    assert np.array_equal(kept, LABELS)
    made = both.make(kept)
    assert made.shape == (2, 3, 2)
    assert np.array_equal(made[..., 0], LABELS != 0)
    assert np.array_equal(made[..., 1], LABELS == 2)
