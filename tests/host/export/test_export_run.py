"""From a trained run to files: what is written, what is refused, and that it is repeatable."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from edgeseg.audit.audit import audit_model, judge
from edgeseg.errors import ArtifactError, CheckError, ConfigError, OutputError, TrainingError
from edgeseg.host.export.export_options import ExportOptions
from edgeseg.model.artifact import load_artifact
from edgeseg.model.recipe import INT8_MIXED, QUICK, RECIPES, promised
from edgeseg.records import to_data
from support.blob_images import write_blobs
from support.command import edgeseg_process

pytestmark = pytest.mark.host
export = pytest.importorskip("edgeseg.host.export.export_run", reason="needs TensorFlow")
convert = pytest.importorskip("edgeseg.host.export.convert", reason="needs TensorFlow")
model_files = pytest.importorskip("edgeseg.host.training.model_files", reason="needs TensorFlow")
run_folder = pytest.importorskip("edgeseg.host.training.run_folder", reason="needs TensorFlow")


@pytest.fixture(scope="module")
def run(blob_run):
    return blob_run


@pytest.fixture(scope="module")
def exported(run, blobs, tmp_path_factory):
    out = tmp_path_factory.mktemp("models")
    made = export.export_run(run, blobs, [RECIPES[variant] for variant in QUICK], out)
    return {artifact.variant: artifact for artifact in made}


def test_every_quick_variant_is_written_with_a_sidecar_that_loads(exported):
    assert list(exported) == list(QUICK)
    for artifact in exported.values():
        assert load_artifact(artifact.path).sidecar == artifact.sidecar


def test_names_say_network_data_size_and_variant(exported, blobs):
    assert exported["int8-ptq"].path.name == f"unet-4-3levels_{blobs.name}_64_int8-ptq.tflite"


def test_every_file_keeps_the_promise_of_its_recipe(exported):
    for variant, artifact in exported.items():
        audit = audit_model(artifact.data, name=artifact.path.name, names=artifact.names)
        assert judge(audit, RECIPES[variant]) == ()
        assert audit == artifact.sidecar.audit


def test_int8_is_the_smallest_kind_and_float16_half(exported):
    size = {variant: len(artifact.data) for variant, artifact in exported.items()}
    assert size["int8-ptq"] < size["float16"] < size["float32"]


def test_the_calibrated_file_alone_has_a_manifest(exported, blobs):
    assert [v for v, a in exported.items() if a.sidecar.calibration] == ["int8-ptq"]
    manifest = exported["int8-ptq"].sidecar.calibration
    assert set(manifest.stems) <= {sample.stem for sample in blobs.split("train")}


def test_verification_is_on_validation_images_and_within_its_bound(exported):
    for variant, artifact in exported.items():
        facts = artifact.sidecar.verification
        assert (facts.split, facts.images) == ("val", 6)
        assert RECIPES[variant].min_agreement <= facts.agreement <= 1
        assert len(facts.worst) == 5
    assert exported["float32"].sidecar.verification.agreement == pytest.approx(1, abs=1e-4)


def test_the_int8_input_takes_the_cameras_grey_value_by_one_xor(exported):
    """Scale 1/255 and zero point -128, though no training image reaches white."""
    port = exported["int8-ptq"].sidecar.audit.inputs[0]
    assert port.scale == pytest.approx(1 / 255, rel=1e-6)
    assert port.zero_point == -128


def test_no_path_of_this_machine_is_in_a_sidecar(exported, blobs):
    for artifact in exported.values():
        assert str(blobs.root) not in json.dumps(to_data(artifact.sidecar))


def test_what_was_made_in_the_same_way_is_kept(run, blobs, exported):
    out = exported["float32"].path.parent
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    again = export.export_run(run, blobs, [RECIPES[variant] for variant in QUICK], out)
    assert [artifact.variant for artifact in again] == list(QUICK)
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == before


def test_only_what_is_missing_is_made(run, blobs, exported, tmp_path):
    shutil.copytree(exported["float32"].path.parent, tmp_path / "models")
    lost = tmp_path / "models" / exported["float16"].path.name
    lost.unlink()
    before = {path: path.stat().st_mtime_ns for path in lost.parent.glob("*.tflite")}
    export.export_run(run, blobs, [RECIPES["float32"], RECIPES["float16"]], lost.parent)
    assert lost.read_bytes() == exported["float16"].data
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize(
    ("changed", "how"),
    [
        ({"calibration_count": 5}, r"another calibration_count \(200, now 5\)"),
        ({"seed": 1}, r"another seed \(0, now 1\)"),
    ],
)
def test_what_was_made_otherwise_is_not_replaced_without_force(run, blobs, exported, changed, how):
    out = exported["int8-ptq"].path.parent
    with pytest.raises(OutputError, match=f"was made with {how}; pass --force"):
        export.export_run(run, blobs, [RECIPES["int8-ptq"]], out, options=ExportOptions(**changed))


def test_the_file_of_another_run_is_not_replaced_without_force(run, blobs, exported, tmp_path):
    shutil.copytree(run.path, tmp_path / "run", ignore=shutil.ignore_patterns("variants"))
    other = run_folder.open_run(tmp_path / "run")
    model = model_files.load_best(other)
    model.get_layer("logits").bias.assign_add([1.0])
    model_files.save_model(model, other.best_model)
    with pytest.raises(OutputError, match="was made from another run; pass --force"):
        export.export_run(other, blobs, [RECIPES["float32"]], exported["float32"].path.parent)


def test_a_damaged_file_is_not_taken_for_a_finished_one(run, blobs, exported, tmp_path):
    shutil.copytree(exported["float32"].path.parent, tmp_path / "models")
    path = tmp_path / "models" / exported["float32"].path.name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ArtifactError, match="was cut or replaced"):
        export.export_run(run, blobs, [RECIPES["float32"]], path.parent)


def test_named_layers_stay_in_float_and_no_others(run, blobs, tmp_path):
    pytest.importorskip("ai_edge_quantizer", reason="needs the extra quantize")
    options = ExportOptions(keep_float="down0", calibration_count=10)
    (artifact,) = export.export_run(run, blobs, [INT8_MIXED], tmp_path, options=options)
    assert artifact.sidecar.recipe.float_layers
    assert all("down0" in layer for layer in artifact.sidecar.recipe.float_layers)
    assert artifact.sidecar.audit.float_operators
    audit = audit_model(artifact.data, name="mixed", names=artifact.names)
    assert judge(audit, promised(artifact.sidecar.recipe)) == ()
    assert artifact.sidecar.verification.agreement >= 0.99


def test_a_name_that_fits_no_layer_is_refused_with_those_that_are_there(run, blobs, tmp_path):
    pytest.importorskip("ai_edge_quantizer", reason="needs the extra quantize")
    with pytest.raises(ConfigError, match=r"fits --keep-float 'down9'; there are .*down0"):
        export.export_run(run, blobs, [INT8_MIXED], tmp_path, options=ExportOptions(keep_float="down9"))
    assert list(tmp_path.iterdir()) == []


def test_another_data_set_is_refused(run, tmp_path):
    with pytest.raises(TrainingError, match="--data"):
        export.export_run(run, write_blobs(tmp_path / "other", seed=9), [RECIPES["float32"]], tmp_path)


def test_a_file_that_disagrees_with_its_model_is_not_written(run, blobs, tmp_path, monkeypatch):
    """The bound is raised to one that no quantized file can reach."""
    strict = replace(RECIPES["int8-ptq"], min_agreement=1.01)
    with pytest.raises(CheckError, match=r"of mask pixels, expected at least 101\.00%"):
        export.export_run(run, blobs, [strict], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_one_that_disagrees_is_taken_by_who_asks_for_less(run, blobs, tmp_path):
    strict = replace(RECIPES["int8-ptq"], min_agreement=1.01)
    options = ExportOptions(min_agreement=0.5)
    (artifact,) = export.export_run(run, blobs, [strict], tmp_path, options=options)
    assert artifact.sidecar.recipe.min_agreement == 0.5  # says so, and does not claim the usual


def test_asking_for_more_than_the_variant_changes_nothing(run, blobs, tmp_path):
    usual = RECIPES["dynamic-int8"]
    (artifact,) = export.export_run(run, blobs, [usual], tmp_path, options=ExportOptions(min_agreement=1))
    assert artifact.sidecar.recipe.min_agreement == usual.min_agreement


def test_a_file_that_breaks_its_recipe_is_not_written(run, blobs, tmp_path):
    """A recipe that asks for integer activations but converts without calibration."""
    false = replace(RECIPES["dynamic-int8"], activations="int8")
    with pytest.raises(CheckError, match="is not what its name says, so it was not written"):
        export.export_run(run, blobs, [false], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_not_finite_are_refused(run):
    from edgeseg.host.training.build import build_network

    model = build_network(run.network, input_size=64, batch_size=1)
    kernel = model.get_layer("logits").trainable_variables[0]
    kernel.assign(np.full(kernel.shape, np.inf, np.float32))
    with pytest.raises(TrainingError, match=r"logits/kernel.* hold NaN or infinite values"):
        convert.convert(model, RECIPES["float32"])


@pytest.mark.slow
def test_a_second_export_in_another_process_gives_the_same_bytes(run, exported, tmp_path):
    result = edgeseg_process("export", run.path, "--out", tmp_path / "again")
    assert result.returncode == 0, result.stderr
    for artifact in exported.values():
        assert (tmp_path / "again" / artifact.path.name).read_bytes() == artifact.data
        sidecar = artifact.path.with_suffix(".json").name
        assert (tmp_path / "again" / sidecar).read_text() == (artifact.path.with_suffix(".json")).read_text()
    assert "int8-ptq" in result.stdout
