"""Every family becomes files that are what its layers say: its smallest preset, with fresh weights."""

from dataclasses import replace

import numpy as np
import pytest

from edgeseg.audit.audit import audit_model, judge
from edgeseg.model.lean import make_lean
from edgeseg.model.recipe import FLOAT32, INT8_PTQ
from edgeseg.networks.families import FAMILIES
from support.outputs import outputs

pytestmark = [pytest.mark.host, pytest.mark.slow]
build = pytest.importorskip("edgeseg.host.training.build", reason="needs TensorFlow")
convert = pytest.importorskip("edgeseg.host.export.convert", reason="needs TensorFlow")


def smallest(family):
    networks = [each.network for each in FAMILIES[family].presets.values()]
    return replace(min(networks, key=lambda network: network.parameters), input_size=64)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_files_of_a_family_keep_their_promise_and_cost_what_its_layers_count(family):
    network = smallest(family)
    model, rng = build.rebuild_for_export(build.build_network(network), network), np.random.default_rng(0)
    # The converter leaves out a bias that is all zeros, as fresh ones are.
    shifted = (each + rng.uniform(0.01, 0.02, each.shape) * (each.ndim == 1) for each in model.get_weights())
    model.set_weights(list(shifted))
    images = rng.integers(0, 256, (2, 64, 64), np.uint8)
    for recipe in (FLOAT32, INT8_PTQ):
        data = convert.convert(model, recipe, images if recipe.calibrated else None)
        audit = audit_model(data, name=network.name)
        assert judge(audit, recipe) == ()
        assert audit.partitions == 1
        assert (audit.macs, audit.parameters) == (network.macs, network.parameters)
        lean = make_lean(data, name="lean").data
        for runtime in ("litert", "litert-builtin"):
            found = outputs(lean, runtime)
            assert found is not None
            assert found == outputs(data, runtime)
        if recipe is FLOAT32:
            assert 0 <= network.file_bytes - len(lean) < 1_000
