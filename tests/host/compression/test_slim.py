"""Slimming: the surgery is exact, the limits hold, the teacher teaches, and a killed run resumes."""

from dataclasses import replace

import numpy as np
import pytest

from edgeseg.errors import ConfigError, TrainingError
from edgeseg.host.export.export_options import ExportOptions
from edgeseg.model.fine_tuning import FineTuning, SlimOptions
from edgeseg.model.interface import float_interface
from edgeseg.model.recipe import RECIPES
from edgeseg.networks.layers import cuttable
from edgeseg.networks.pocket import PocketConfig
from edgeseg.networks.training import TrainingConfig
from edgeseg.networks.unet import UNetConfig
from support.blob_images import write_blobs

pytestmark = pytest.mark.host
slim = pytest.importorskip("edgeseg.host.compression.slim", reason="needs TensorFlow")
importance = pytest.importorskip("edgeseg.host.compression.importance", reason="needs TensorFlow")
surgery = pytest.importorskip("edgeseg.host.compression.surgery", reason="needs TensorFlow")
distillation = pytest.importorskip("edgeseg.host.compression.distillation", reason="needs TensorFlow")
export = pytest.importorskip("edgeseg.host.export.export_run", reason="needs TensorFlow")
export_latency = pytest.importorskip("edgeseg.host.export.latency", reason="needs TensorFlow")
counts = pytest.importorskip("edgeseg.host.training.counts", reason="needs TensorFlow")
job_of = pytest.importorskip("edgeseg.host.compression.derive", reason="needs TensorFlow").job_of
fit = pytest.importorskip("edgeseg.host.training.fit", reason="needs TensorFlow")
losses = pytest.importorskip("edgeseg.host.training.losses", reason="needs TensorFlow")
model_files = pytest.importorskip("edgeseg.host.training.model_files", reason="needs TensorFlow")
run_folder = pytest.importorskip("edgeseg.host.training.run_folder", reason="needs TensorFlow")
build = pytest.importorskip("edgeseg.host.training.build", reason="needs TensorFlow")

NETWORK = UNetConfig(base_filters=8, levels=3, input_size=64)
NETWORKS = {
    "transpose": NETWORK,
    "bilinear": replace(NETWORK, decoder="bilinear"),
    "colour, 4 maps": replace(NETWORK, levels=2, channels=3, maps=4),
    "pocket": PocketConfig(filters=(8, 12), blocks=(2, 1), input_size=64),
    "pocket, colour, 4 maps": PocketConfig(
        stem=2, filters=(8, 12), blocks=(1, 2), input_size=64, channels=3, maps=4
    ),
}
TRAINING = TrainingConfig(epochs=4, batch_size=6, crop_size=32, learning_rate=5e-3)
OPTIONS = SlimOptions(epochs=2, batch_size=6, keep=0.4)


def random_model(network, seed):
    """Weights of every layer at random, scales and variances well above zero."""
    rng, model = np.random.default_rng(seed), build.build_network(network)
    for weight in model.weights:
        low, high = (0.3, 1.5) if "norm" in weight.name else (-0.3, 0.3)
        weight.assign(rng.uniform(low, high, weight.shape).astype(np.float32))
    return model


def silence(model, convolution, channels):
    """Make channels zero for every image: scale and shift, or kernel and bias."""
    ending = "_norm" if convolution.normalized else ""
    layer = model.get_layer(convolution.name + ending)
    first, second, *rest = layer.get_weights()
    first[channels if convolution.normalized else np.s_[:, :, channels]] = 0
    second[channels] = 0
    layer.set_weights([first, second, *rest])


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("seed", [0, 1])
def test_removing_channels_that_are_always_zero_changes_nothing(network, seed):
    """The law of the surgery: with some channels silenced and removed, the outputs are the same."""
    model, rng, kept = random_model(network, seed), np.random.default_rng(seed), {}
    for each in cuttable(network.layers):
        order = rng.permutation(each.channels)
        split = int(rng.integers(1, len(order)))
        kept[each.name] = np.sort(order[:split])
        silence(model, each, order[split:])
    narrow = build.build_network(replace(network, widths=tuple(map(len, kept.values()))))
    surgery.carry_over(model, narrow, network, kept)
    image = rng.random((2, 32, 64, network.channels), np.float32)
    expected = model(image).numpy()
    assert np.ptp(expected) > 0.01
    np.testing.assert_allclose(narrow(image).numpy(), expected, atol=1e-5)


def random_batch(network, seed):
    rng = np.random.default_rng(seed)
    images = rng.random((2, 32, 32, network.channels), np.float32)
    return images, (rng.random((2, 32, 32, network.maps)) > 0.7).astype(np.float32)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_silenced_channels_do_not_matter_and_the_others_do(network):
    model = random_model(network, 0)
    chosen = {each.name: [1, 3] for each in cuttable(network.layers)}
    for each in cuttable(network.layers):
        silence(model, each, chosen[each.name])
    matter = importance.channel_importance(
        model, network, losses.bce, [random_batch(network, 0), random_batch(network, 1)]
    )
    assert {name: len(values) for name, values in matter.items()} == {
        each.name: each.channels for each in cuttable(network.layers)
    }
    assert all(not values[chosen[name]].any() and values.any() for name, values in matter.items())


@pytest.mark.parametrize("name", ["merge0b", "up0"])
def test_importance_is_the_slope_of_the_loss_along_the_way_to_a_removed_channel(name):
    """Against a small step on that way, for a channel with BatchNorm and for one without."""
    model, batch, step = random_model(NETWORK, 0), random_batch(NETWORK, 0), 1e-2
    each = next(each for each in cuttable(NETWORK.layers) if each.name == name)
    estimated = importance.channel_importance(model, NETWORK, losses.bce, [batch])[name][2]
    layer = model.get_layer(name + ("_norm" if each.normalized else ""))
    first, second, *rest = layer.get_weights()

    def loss(factor):
        scaled = [first.copy(), second.copy()]
        scaled[0][2 if each.normalized else np.s_[:, :, 2]] *= factor
        scaled[1][2] *= factor
        layer.set_weights([*scaled, *rest])
        return float(losses.bce(batch[1], model(batch[0])))

    assert abs(loss(1 + step) - loss(1 - step)) / (2 * step) == pytest.approx(estimated, rel=0.02)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_removing_nothing_changes_nothing(network):
    model, same = random_model(network, 0), build.build_network(network)
    every = {each.name: np.arange(each.channels) for each in cuttable(network.layers)}
    surgery.carry_over(model, same, network, every)
    for before, after in zip(model.get_weights(), same.get_weights(), strict=True):
        assert np.array_equal(before, after)


def random_importance(network, seed=0):
    rng = np.random.default_rng(seed)
    return {each.name: rng.random(each.channels) for each in cuttable(network.layers)}


@pytest.mark.parametrize("keep", [0.7, 0.4, 0.25])
def test_the_share_of_macs_is_kept_and_nearly_used_up(keep):
    network = UNetConfig(base_filters=32, input_size=64)
    narrow = slim.slim_network(random_importance(network), network, SlimOptions(keep=keep))
    assert keep - 0.05 < narrow.macs / network.macs <= keep


def test_without_a_limit_a_fifth_is_kept_and_all_limits_hold_together():
    network = UNetConfig(base_filters=16, levels=3, input_size=64)
    matter, macs = random_importance(network), network.macs

    def slimmed(**limits):
        return slim.slim_network(matter, network, SlimOptions(**limits))

    assert slimmed().macs <= macs / 5
    assert slimmed(keep=0.2) == slimmed() == slimmed(keep=0.9, target_macs=macs // 5)
    assert slimmed(keep=0.9, target_bytes=100_000).file_bytes <= 100_000


def test_limits_that_hold_already_are_refused():
    with pytest.raises(ConfigError, match=r"nothing to remove: unet-8-3levels with its 24,969,216 mult"):
        slim.slim_network(random_importance(NETWORK), NETWORK, SlimOptions(target_macs=10**9))


def test_a_limit_that_no_network_keeps_is_refused():
    with pytest.raises(ConfigError, match="no network fits that keeps 4 channels a layer"):
        slim.slim_network(random_importance(NETWORK), NETWORK, SlimOptions(target_bytes=1000))


def test_a_limit_on_latency_is_asked_of_the_networks_and_holds():
    """Of a machine that takes as long as it has multiply-accumulates to compute."""
    network, asked = UNetConfig(base_filters=32, levels=3, input_size=64), []

    def latency(narrow):
        asked.append(narrow.macs / network.macs)
        return asked[-1]

    narrow = slim.slim_network(random_importance(network), network, SlimOptions(target_latency=0.5), latency)
    assert 0.4 < narrow.macs / network.macs <= 0.5
    assert len(asked) < 12


def test_the_latency_of_a_narrow_network_is_measured_against_the_whole_ones():
    """A hundredth of the work: less time on any machine."""
    whole = UNetConfig(base_filters=32, levels=3, input_size=64)
    ratio = export_latency.latency_ratio(whole, UNetConfig(base_filters=2, levels=3, input_size=64))
    assert 0 < ratio < 1


def test_a_teacher_without_weight_is_refused():
    with pytest.raises(ConfigError, match=r"while slim\.teacher, its weight, is 0"):
        SlimOptions(teacher=0.0, teacher_run="other")


def test_the_teachers_answer_is_the_second_channel_of_the_targets():
    teacher, rng = random_model(NETWORK, 0), np.random.default_rng(0)
    images, truth = (rng.random((2, 32, 32, 1), np.float32) for _ in range(2))
    same, targets = distillation.with_answers(teacher)((images, truth))
    assert same is images
    assert np.array_equal(targets[..., :1], truth)
    np.testing.assert_allclose(targets[..., 1:], teacher(images).numpy(), atol=1e-6)


def test_the_distilled_loss_is_the_weighted_sum_of_both():
    rng = np.random.default_rng(0)
    truth, answer, probability = (rng.random((2, 8, 8, 1), np.float32) for _ in range(3))
    targets = np.concatenate([truth, answer], axis=-1)
    loss = losses.LOSSES["dice-bce"]
    expected = 0.7 * loss(truth, probability) + 0.3 * losses.bce(answer, probability)
    assert float(distillation.distilled(loss, 0.3)(targets, probability)) == pytest.approx(float(expected))


@pytest.fixture(scope="module")
def parent(blobs, tmp_path_factory):
    run = run_folder.create_run(
        tmp_path_factory.mktemp("runs") / "run", NETWORK, TRAINING, blobs, force=False
    )
    fit.fit(run, blobs)
    return run


def copy_of(parent, dataset, folder):
    """A run of its own with the same best model."""
    run = run_folder.create_run(folder / "run", parent.network, parent.training, dataset, force=False)
    run.best_model.write_bytes(parent.best_model.read_bytes())
    return run


def history(run):
    return [{**row, "seconds": 0} for row in run_folder.read_history(run)]


@pytest.fixture(scope="module")
def slimmed(parent, blobs):
    return slim.slim_run(job_of(parent, blobs), OPTIONS)


def test_a_slim_run_is_an_ordinary_run_with_a_narrower_network(slimmed, parent):
    reopened = run_folder.open_run(parent.path / "variants" / "slim")
    assert reopened == slimmed
    assert reopened.network.widths
    assert reopened.network.name.startswith("unet-8-3levels-slim")
    assert model_files.load_best(reopened).count_params() < model_files.load_best(parent).count_params() / 2
    assert reopened.origin.settings == OPTIONS
    assert [row["epoch"] for row in history(reopened)] == [1, 2]


def test_the_pixel_counts_of_training_read_the_truth_and_not_the_teacher():
    targets = np.array([[1, 0.0], [1, 0.0], [1, 0.0], [0, 1.0], [0, 1.0]], np.float32)
    probability = np.array([[0.9], [0.8], [0.1], [0.7], [0.2]], np.float32)
    kinds = counts.mask_counts(float_interface(8, 8))
    counted = {name: int(kind(targets, probability)) for name, kind in zip(counts.NAMES, kinds, strict=True)}
    assert counted == {"tp": 2, "fp": 1, "fn": 1, "tn": 1}


def test_a_finished_slim_run_is_left_alone(slimmed, parent, blobs):
    before = slimmed.best_model.stat().st_mtime_ns
    assert slim.slim_run(job_of(parent, blobs), OPTIONS) == slimmed
    assert slimmed.best_model.stat().st_mtime_ns == before


def test_other_limits_are_refused_until_force_begins_again(slimmed, parent, blobs, tmp_path):
    with pytest.raises(TrainingError, match=r"was begun with another keep \(0\.4, now 0\.6\); pass --force"):
        slim.slim_run(job_of(parent, blobs), replace(OPTIONS, keep=0.6))


@pytest.mark.slow
def test_an_interrupted_slim_run_ends_where_an_undisturbed_one_ends(slimmed, parent, blobs, tmp_path):
    """Stopped in the second epoch, teacher and all; the same bits."""
    again = copy_of(parent, blobs, tmp_path)

    def stop(done, total, note):
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        slim.slim_run(job_of(again, blobs, progress=stop), OPTIONS)
    resumed = slim.slim_run(job_of(again, blobs), OPTIONS)
    assert history(resumed) == history(slimmed)
    pairs = zip(*(model_files.load_best(run).get_weights() for run in (resumed, slimmed)), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_the_teacher_makes_a_difference(slimmed, parent, blobs, tmp_path):
    alone = slim.slim_run(job_of(copy_of(parent, blobs, tmp_path), blobs), replace(OPTIONS, teacher=0.0))
    assert alone.network == slimmed.network
    assert history(alone) != history(slimmed)


def test_another_run_may_teach(slimmed, parent, blobs, tmp_path):
    """One that has learnt nothing, so that what it taught can be told from what the parent did."""
    other = run_folder.create_run(tmp_path / "teacher", NETWORK, TRAINING, blobs, force=False)
    model_files.save_model(build.build_network(NETWORK), other.best_model)
    options = replace(OPTIONS, teacher_run=str(other.path))
    taught = slim.slim_run(job_of(copy_of(parent, blobs, tmp_path), blobs), options)
    assert taught.network == slimmed.network
    assert history(taught) != history(slimmed)


def test_a_teacher_that_has_seen_other_images_is_refused(parent, blobs, tmp_path):
    images = write_blobs(tmp_path / "others", seed=9)
    other = run_folder.create_run(tmp_path / "teacher", NETWORK, TRAINING, images, force=False)
    model_files.save_model(build.build_network(NETWORK), other.best_model)
    with pytest.raises(TrainingError, match="was trained on other images than"):
        slim.slim_run(job_of(parent, blobs), replace(OPTIONS, teacher_run=str(other.path)))


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (replace(NETWORK, channels=3), "was trained for another kind of image than"),
        (UNetConfig(base_filters=1, levels=7, input_size=64), "divisible by 64, but .* on crops of 32"),
    ],
)
def test_a_teacher_that_takes_other_images_is_refused(parent, blobs, tmp_path, network, sentence):
    other = run_folder.create_run(tmp_path / "teacher", network, TRAINING, blobs, force=False)
    model_files.save_model(build.build_network(network), other.best_model)
    with pytest.raises(TrainingError, match=sentence):
        slim.slim_run(job_of(parent, blobs), replace(OPTIONS, teacher_run=str(other.path)))


def test_a_teacher_that_was_not_trained_is_refused(parent, blobs, tmp_path):
    other = run_folder.create_run(tmp_path / "teacher", NETWORK, TRAINING, blobs, force=False)
    with pytest.raises(TrainingError, match=r"the teacher .* holds no finished epoch"):
        slim.slim_run(job_of(parent, blobs), replace(OPTIONS, teacher_run=str(other.path)))


def test_a_run_that_was_not_trained_cannot_be_slimmed(blobs, tmp_path):
    run = run_folder.create_run(tmp_path / "run", NETWORK, TRAINING, blobs, force=False)
    with pytest.raises(TrainingError, match="no finished epoch"):
        slim.slim_run(job_of(run, blobs), OPTIONS)


@pytest.mark.slow
def test_slim_files_hold_the_macs_of_the_widths_and_the_bytes_that_were_estimated(
    slimmed, parent, blobs, tmp_path
):
    options = ExportOptions(fine_tuning=FineTuning(slim=OPTIONS))
    recipes = [RECIPES["slim"], RECIPES["slim-int8-ptq"]]
    for artifact in export.export_run(parent, blobs, recipes, tmp_path, options=options):
        assert artifact.sidecar.audit.macs == slimmed.network.macs
        assert artifact.sidecar.network == slimmed.network.to_dict()
        assert artifact.sidecar.origin["method"] == "slim"
        if artifact.variant == "slim":
            assert 0 <= slimmed.network.file_bytes - len(artifact.data) < 1_000


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"keep": 1.2}, "expected slim.keep from 0 to 1, but got 1.2"),
        ({"target_macs": -1}, "expected slim.target_macs from 0"),
        ({"target_bytes": -1}, "expected slim.target_bytes from 0"),
        ({"teacher": 2}, "expected slim.teacher from 0 to 1, but got 2"),
    ],
)
def test_settings_out_of_range_are_one_sentence(setting, sentence):
    with pytest.raises(ConfigError, match=sentence):
        SlimOptions(**setting)
