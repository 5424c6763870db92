"""A network of three channels and four maps, from training to files: colour in, centres of cells out."""

from dataclasses import fields, replace

import numpy as np
import pytest

from edgeseg.data.dataset import Sample
from edgeseg.host.export.export_options import ExportOptions
from edgeseg.host.training.tasks import registry
from edgeseg.host.training.tasks.cells import CELLS
from edgeseg.metrics import pixels
from edgeseg.model.fine_tuning import FineTuning, QatOptions, SlimOptions
from edgeseg.model.interface import INT8_INPUT, INT8_MAP, Centres, DecoderKind, Meaning
from edgeseg.model.recipe import RECIPES
from edgeseg.model.segmenter import Segmenter
from edgeseg.networks.training import TrainingConfig
from edgeseg.networks.unet import UNetConfig
from support.blob_images import write_blobs

pytestmark = pytest.mark.host
export = pytest.importorskip("edgeseg.host.export.export_run", reason="needs TensorFlow")
fit = pytest.importorskip("edgeseg.host.training.fit", reason="needs TensorFlow")
run_folder = pytest.importorskip("edgeseg.host.training.run_folder", reason="needs TensorFlow")

SIZE = 64
MEANINGS = (Meaning.FOREGROUND, Meaning.CENTRE, Meaning.OFFSET_Y, Meaning.OFFSET_X)
VARIANTS = ("float32", "int8-ptq", "int8-qat", "slim")
NETWORK = UNetConfig(base_filters=8, levels=3, input_size=SIZE, channels=3)
TRAINING = TrainingConfig(optimizer="adam", epochs=12, batch_size=3, crop_size=SIZE, learning_rate=3e-2)
OPTIONS = ExportOptions(
    fine_tuning=FineTuning(qat=QatOptions(epochs=1), slim=SlimOptions(epochs=2, keep=0.6, learning_rate=5e-3))
)


class ColourSample(Sample):
    """A grey image with its negative and its dark half as further channels."""

    def read_image(self):
        grey = super().read_image()
        return np.stack([grey, 255 - grey, grey // 2], axis=-1)


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    dataset = write_blobs(tmp_path_factory.mktemp("colours"))
    samples = [
        ColourSample(**{each.name: getattr(sample, each.name) for each in fields(Sample)})
        for sample in dataset.samples
    ]
    return replace(dataset, samples=tuple(samples))


@pytest.fixture(scope="module")
def run(colours, tmp_path_factory):
    network, interface = registry.fit_network(NETWORK, CELLS, colours)
    # Wide bumps, and offsets of which the farthest is far from the ends, are learnt in few steps.
    interface = replace(interface, decoder=replace(interface.decoder, centres=Centres(bump=5, reach=32)))
    path = tmp_path_factory.mktemp("runs") / "run"
    run = run_folder.create_run(path, network, TRAINING, colours, force=False, interface=interface)
    fit.fit(run, colours)
    return run


@pytest.fixture(scope="module")
def exported(run, colours, tmp_path_factory):
    recipes = [RECIPES[variant] for variant in VARIANTS]
    made = export.export_run(run, colours, recipes, tmp_path_factory.mktemp("models"), options=OPTIONS)
    return {artifact.variant: artifact for artifact in made}


def test_all_maps_are_learnt(run):
    first, *_, last = run_folder.read_history(run)
    assert last["loss"] < first["loss"] / 2
    assert run_folder.best_row(run)["val_dice"] > 0.9


def test_the_epoch_is_kept_that_is_best_by_the_figure_of_the_task(run):
    best = run_folder.read_record(run).best
    assert best.score.figure == "f1"
    assert best.score.value == max(row["val_f1"] for row in run_folder.read_history(run)) > 0.5


@pytest.mark.usefixtures("exported")
def test_a_fine_tuned_run_is_judged_by_the_same_figure(run):
    tuned = run_folder.read_record(run_folder.open_run(run.path / "variants" / "int8-qat"))
    assert tuned.start.figure == tuned.best.score.figure == "f1"
    assert tuned.best.score.value >= tuned.start.value > 0.5


def test_the_run_states_what_each_map_means(run):
    assert [each.meaning for each in run_folder.open_run(run.path).interface.maps] == list(MEANINGS)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_file_has_three_channels_and_four_maps_and_its_sidecar_says_so(exported, variant):
    artifact = exported[variant]
    (image,), (output,) = artifact.sidecar.audit.inputs, artifact.sidecar.audit.outputs
    assert (tuple(image.shape), tuple(output.shape)) == ((1, SIZE, SIZE, 3), (1, SIZE, SIZE, 4))
    interface = artifact.sidecar.interface
    assert interface.channels == 3
    assert [each.meaning for each in interface.maps] == list(MEANINGS)
    assert interface.decoder.kind is DecoderKind.CENTRES


@pytest.mark.parametrize("variant", ["int8-ptq", "int8-qat"])
def test_integer_files_have_the_scales_of_any_other(exported, variant):
    interface = exported[variant].sidecar.interface
    assert interface.input.quantization.scale == pytest.approx(INT8_INPUT.scale, rel=1e-6)
    assert {each.quantization for each in interface.maps} == {INT8_MAP}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_map_was_compared_with_the_keras_model(exported, variant):
    verification = exported[variant].sidecar.verification
    assert [each.name for each in verification.maps] == [each.value for each in MEANINGS]
    assert all(each.error <= 0.02 for each in verification.maps)
    assert verification.agreement >= RECIPES[variant].min_agreement


def test_a_file_gives_the_maps_that_it_was_taught(exported, colours):
    """The foreground of a training image, and a centre that is higher inside cells than outside."""
    sample = colours.split("train")[0]
    image, truth = sample.read()
    foreground, bump, *_ = Segmenter(exported["float32"]).invoke(image)
    assert pixels.count(truth.mask, foreground > 0.5).dice > 0.9
    assert bump[truth.mask].mean() > bump[~truth.mask].mean() + 0.1
