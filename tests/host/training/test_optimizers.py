"""Optimizers and schedules."""

import numpy as np
import pytest

from edgeseg.networks.training import OPTIMIZERS, TrainingConfig

pytestmark = pytest.mark.host
optimizers = pytest.importorskip("edgeseg.host.training.optimizers", reason="needs TensorFlow")


def test_every_configured_optimizer_exists():
    assert set(optimizers.OPTIMIZERS) == set(OPTIMIZERS)


def test_the_papers_schedule_holds_40_of_100_epochs_then_falls_to_1e_7():
    schedule = optimizers.Schedule("paper", 1e-4, 100)
    assert float(schedule(0)) == pytest.approx(1e-4)
    assert float(schedule(40)) == pytest.approx(1e-4)
    assert float(schedule(41)) < 1e-4
    assert float(schedule(100)) == pytest.approx(1e-7, rel=1e-3)


def test_the_cosine_schedule_halves_midway_and_ends_at_zero():
    schedule = optimizers.Schedule("cosine", 1e-3, 100)
    assert float(schedule(0)) == pytest.approx(1e-3)
    assert float(schedule(50)) == pytest.approx(5e-4)
    assert float(schedule(100)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("kind", ["paper", "cosine"])
def test_a_schedule_never_rises(kind):
    rates = [float(optimizers.Schedule(kind, 1e-3, 50)(step)) for step in range(60)]
    assert np.all(np.diff(rates) <= 0)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_optimizer_starts_at_the_configured_rate(name):
    config = TrainingConfig(optimizer=name, learning_rate=3e-4)
    built = optimizers.build_optimizer(config, steps_per_epoch=10)
    assert float(built.learning_rate) == pytest.approx(3e-4)
