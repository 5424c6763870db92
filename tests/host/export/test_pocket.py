"""A network of the second family through everything that is made of a network."""

import csv
import json

import pytest

from edgeseg.audit.audit import audit_model, judge
from edgeseg.host.export.export_options import ExportOptions
from edgeseg.model.artifact import load_artifact
from edgeseg.model.fine_tuning import ClusteringOptions, FineTuning, PruningOptions, QatOptions, SlimOptions
from edgeseg.model.recipe import RECIPES, promised
from edgeseg.networks.families import network_from_dict
from edgeseg.networks.pocket import PocketConfig
from edgeseg.networks.training import TrainingConfig
from support.command import edgeseg

pytestmark = [pytest.mark.host, pytest.mark.slow]
export = pytest.importorskip("edgeseg.host.export.export_run", reason="needs TensorFlow")
fit = pytest.importorskip("edgeseg.host.training.fit", reason="needs TensorFlow")
run_folder = pytest.importorskip("edgeseg.host.training.run_folder", reason="needs TensorFlow")

NETWORK = PocketConfig(filters=(16, 24), blocks=(1, 1), input_size=64)
OPTIONS = ExportOptions(
    fine_tuning=FineTuning(
        qat=QatOptions(epochs=1),
        pruning=PruningOptions(epochs=4),
        clustering=ClusteringOptions(epochs=1),
        slim=SlimOptions(epochs=4, keep=0.5),
    )
)


@pytest.fixture(scope="module")
def run(blobs, tmp_path_factory):
    training = TrainingConfig(epochs=8, batch_size=2, crop_size=64, learning_rate=1e-2, optimizer="adam")
    path = tmp_path_factory.mktemp("pocket") / "run"
    run = run_folder.create_run(path, NETWORK, training, blobs, force=False)
    fit.fit(run, blobs)
    return run


@pytest.fixture(scope="module")
def exported(run, blobs, tmp_path_factory):
    """Every variant, in one export."""
    out = tmp_path_factory.mktemp("models")
    made = export.export_run(run, blobs, list(RECIPES.values()), out, options=OPTIONS)
    return {artifact.variant: artifact for artifact in made}


def audit_of(artifact):
    return audit_model(artifact.data, name=artifact.path.name, names=artifact.names)


def test_it_learns(run):
    assert max(row["val_dice"] for row in run_folder.read_history(run)) > 0.8


def test_a_run_is_read_back_with_its_network(run):
    assert run_folder.open_run(run.path).network == NETWORK
    assert json.loads((run.path / "run.json").read_text())["network"]["family"] == "pocket"


@pytest.mark.parametrize("variant", RECIPES)
def test_each_variant_keeps_what_its_recipe_promises(exported, variant):
    audit = audit_of(exported[variant])
    assert judge(audit, promised(exported[variant].sidecar.recipe)) == ()
    assert audit.partitions == 1
    if RECIPES[variant].full_integer:
        assert not audit.float_operators


@pytest.mark.parametrize("variant", RECIPES)
def test_macs_and_parameters_in_the_file_are_those_of_the_layers(exported, variant):
    artifact = exported[variant]
    audit, network = audit_of(artifact), network_from_dict(artifact.sidecar.network)
    assert (audit.macs, audit.parameters) == (network.macs, network.parameters)
    assert (network == NETWORK) == (not variant.startswith("slim"))


@pytest.mark.parametrize("variant", [name for name in RECIPES if name.endswith("int8-qat")])
def test_rounding_in_training_costs_no_conversions(exported, variant):
    """What goes in and out of the depth-to-space has one scale."""
    audit = audit_of(exported[variant])
    assert audit.quantize_operators == 0
    assert "DEPTH_TO_SPACE" in audit.operators


@pytest.mark.parametrize("variant", ["float32", "slim"])
def test_the_float_files_have_the_bytes_that_were_estimated(exported, variant):
    artifact = exported[variant]
    estimated = network_from_dict(artifact.sidecar.network).file_bytes
    assert 0 <= estimated - len(artifact.data) < 1_000


def test_it_is_benched(exported, blobs, tmp_path):
    out = tmp_path / "bench.json"
    files = [exported[variant].path for variant in ("float32", "int8-ptq")]
    ended = edgeseg("bench", *files, "--data", blobs.root, "--quick", "--out", out)
    assert ended.returncode == 0, ended.stderr
    assert len(json.loads(out.read_text())["models"]) == 2


def test_it_predicts(exported, blobs, tmp_path):
    out = tmp_path / "masks"
    ended = edgeseg("predict", exported["int8-ptq"].path, blobs.root / "images", "--out", out)
    assert ended.returncode == 0, ended.stderr
    with (out / "images.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 30


@pytest.mark.parametrize(
    ("variant", "options"), [("int8-ptq", ()), ("int8-mixed", ("--keep-float", "logits"))]
)
def test_its_float_file_is_quantized_without_tensorflow(exported, blobs, tmp_path, variant, options):
    pytest.importorskip("ai_edge_quantizer")
    arguments = ("--data", blobs.root, "--out", tmp_path, "--variant", variant, *options)
    ended = edgeseg("quantize", exported["float32"].path, *arguments)
    assert ended.returncode == 0, ended.stderr
    (made,) = map(load_artifact, tmp_path.glob("*.tflite"))
    audit = audit_of(made)
    assert judge(audit, promised(made.sidecar.recipe)) == ()
    assert audit.operators["DEPTH_TO_SPACE"] == 1
    assert (audit.quantize_operators + audit.dequantize_operators == 0) == (variant == "int8-ptq")
