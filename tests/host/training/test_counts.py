"""The pixel counts of training crops are those of the mask that the maps are decoded to."""

import numpy as np
import pytest

from edgeseg.metrics import pixels
from edgeseg.metrics.pixels import ConfusionCounts
from edgeseg.model.encoding import MaskDecoder
from edgeseg.model.interface import Centres, Decoder, DecoderKind, Meaning, float_interface
from support.interfaces import maps_of

pytestmark = pytest.mark.host
counts = pytest.importorskip("edgeseg.host.training.counts", reason="needs TensorFlow")

CELLS = [Meaning.CENTRE, Meaning.FOREGROUND, Meaning.OFFSET_Y, Meaning.OFFSET_X]
GROUPED = Decoder(kind=DecoderKind.CENTRES, centres=Centres(bump=2, reach=4))


@pytest.mark.parametrize(
    ("decoder", "meanings"),
    [
        (Decoder(), [Meaning.FOREGROUND]),
        (GROUPED, CELLS),
        (Decoder(kind=DecoderKind.ARGMAX), [Meaning.CLASS] * 3),
    ],
)
def test_they_are_the_counts_of_the_decoded_mask(decoder, meanings):
    """The targets carry a teacher's answer behind the truth, which is not counted."""
    rng, stated = np.random.default_rng(0), float_interface(8, 8, maps=maps_of(*meanings), decoder=decoder)
    truth = (rng.random((2, 8, 8, len(meanings))) > 0.5).astype(np.float32)
    if decoder.kind is DecoderKind.ARGMAX:
        truth = np.eye(3, dtype=np.float32)[rng.integers(3, size=(2, 8, 8))]
    output = rng.random(truth.shape, np.float32)
    targets = np.concatenate([truth, rng.random(truth.shape, np.float32)], axis=-1)
    found = ConfusionCounts(*(int(each(targets, output)) for each in counts.mask_counts(stated)))
    decoder = MaskDecoder(stated)
    masks = [[decoder.mask(tuple(np.moveaxis(each, -1, 0))) for each in batch] for batch in (truth, output)]
    expected = [pixels.count(*pair) for pair in zip(*masks, strict=True)]
    assert found == sum(expected, start=ConfusionCounts(0, 0, 0, 0))
