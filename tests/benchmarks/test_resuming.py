"""benchmarks/peers/stardist/resuming.py: a training in two sessions ends where one in a single one ends."""

import numpy as np
import pytest

pytestmark = [
    pytest.mark.host,
    # Keras 3 warns about its own code.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

EPOCHS = 7


def session(state, path, *, epochs, minutes=None):
    """As StarDist trains, without random numbers: model and callbacks are new, and epochs count from 0."""
    import keras

    from resuming import Checkpoint

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.5), loss="mse")
    plateau = keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=2)
    numbers = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    model.fit(
        numbers[:, :3], numbers[:, 3:], validation_data=(numbers[:4, :3], numbers[:4, 3:]), batch_size=4,
        shuffle=False, epochs=epochs, verbose=0,
        callbacks=[plateau, Checkpoint(state, path, plateau, seed=1, minutes=minutes)],
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    from resuming import TrainingState

    path = tmp_path_factory.mktemp("undisturbed") / "checkpoint.npz"
    session(TrainingState({"seed": 1}), path, epochs=EPOCHS)
    return TrainingState.read(path)


@pytest.mark.parametrize("first", [1, 4])
def test_weights_moments_and_learning_rate_are_those_of_an_undisturbed_training(undisturbed, tmp_path, first):
    from resuming import TrainingState

    path = tmp_path / "checkpoint.npz"
    session(TrainingState({"seed": 1}), path, epochs=first)
    session(TrainingState.read(path), path, epochs=EPOCHS - first)

    state = TrainingState.read(path)
    assert (state.epochs, state.steps, state.sessions) == (EPOCHS, 3 * EPOCHS, 2)
    assert (state.best, state.best_epoch) == (undisturbed.best, undisturbed.best_epoch)
    assert state.plateau == undisturbed.plateau
    assert [each["val_loss"] for each in state.history] == [each["val_loss"] for each in undisturbed.history]
    for name in ("weights", "best_weights", "optimizer"):
        for ours, theirs in zip(getattr(state, name), getattr(undisturbed, name), strict=True):
            assert np.array_equal(ours, theirs)


def test_the_learning_rate_was_lowered_so_that_the_comparison_means_something(undisturbed):
    assert undisturbed.history[-1]["learning_rate"] < 0.5
    assert undisturbed.best_epoch < EPOCHS


def test_minutes_end_a_training_between_two_steps(tmp_path):
    from resuming import TrainingState

    path = tmp_path / "checkpoint.npz"
    session(TrainingState({"seed": 1}), path, epochs=EPOCHS, minutes=1e-9)

    state = TrainingState.read(path)
    assert (state.epochs, state.steps) == (1, 1)
