"""From truth to what each map of a network is to learn, by the task of the network."""

import numpy as np
import pytest

from edgeseg.data.truth import Truth
from edgeseg.errors import ConfigError
from edgeseg.host.training.targets import Targets
from edgeseg.model.interface import Decoder, DecoderKind, Meaning, float_interface
from support.interfaces import cells_interface, maps_of

LABELS = np.array([[0, 1, 1], [0, 0, 2]], np.int32)
TRUTH = Truth(LABELS, "labels")


CELLS = cells_interface(2, 3)
CLASSES = float_interface(2, 3, maps=maps_of(*[Meaning.CLASS] * 3), decoder=Decoder(kind=DecoderKind.ARGMAX))


def test_the_target_of_the_foreground_is_the_mask():
    targets = Targets(float_interface(2, 3))
    made = targets.make(targets.keep(TRUTH))
    assert made.dtype == np.float32
    assert np.array_equal(made[..., 0], [[0, 1, 1], [0, 0, 1]])


def test_no_more_than_the_mask_is_kept_where_that_is_enough():
    assert Targets(float_interface(2, 3)).keep(TRUTH).dtype == np.bool_


def test_maps_that_no_task_has_are_refused():
    with pytest.raises(ConfigError, match=r"threshold \(mask\), but its interface states argmax"):
        Targets(CLASSES)


def test_labels_are_kept_for_a_task_that_asks_for_them():
    targets = Targets(CELLS)
    kept = targets.keep(TRUTH)
    assert np.array_equal(kept, LABELS)
    made = targets.make(kept)
    assert made.shape == (2, 3, 4)
    assert np.array_equal(made[..., 0], LABELS != 0)
    assert made[1, 2, 1] == 1  # a cell of one pixel is its own centre
