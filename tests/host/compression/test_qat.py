"""Quantization-aware fine-tuning from a trained run to a file, resumed, refused, and judged."""

import signal

import pytest

from edgeseg.audit.audit import audit_model, judge
from edgeseg.errors import ConfigError, TrainingError
from edgeseg.host.export.export_options import ExportOptions
from edgeseg.metrics import pixels
from edgeseg.model.fine_tuning import FineTuning, QatOptions
from edgeseg.model.recipe import INT8_PTQ, INT8_QAT
from support.command import edgeseg
from support.run_processes import copy_of, start, wait_for_checkpoint

pytestmark = pytest.mark.host
export = pytest.importorskip("edgeseg.host.export.export_run", reason="needs TensorFlow")
run_folder = pytest.importorskip("edgeseg.host.training.run_folder", reason="needs TensorFlow")

QAT = ExportOptions(fine_tuning=FineTuning(qat=QatOptions(epochs=2)))


@pytest.fixture(scope="module")
def run(blob_run):
    return blob_run


@pytest.fixture(scope="module")
def exported(run, blobs, tmp_path_factory):
    """Both int8 variants, and what the progress was told."""
    told = []
    made = export.export_run(
        run,
        blobs,
        [INT8_PTQ, INT8_QAT],
        tmp_path_factory.mktemp("models"),
        options=QAT,
        progress=lambda *step: told.append(step),
    )
    return {artifact.variant: artifact for artifact in made}, told


def tuned(run):
    return run_folder.open_run(run.path / "variants" / "int8-qat")


def test_the_file_keeps_its_promise_and_agrees_with_its_keras_model(exported):
    artifact = exported[0]["int8-qat"]
    assert judge(audit_model(artifact.data, name="qat"), INT8_QAT) == ()
    assert artifact.sidecar.verification.agreement >= 0.999
    assert artifact.sidecar.audit.quantize_operators == 0


def test_the_epoch_is_chosen_by_what_its_file_segments(run, exported, blobs):
    """The validation Dice of what is kept is that of the exported file, to the pixel."""
    from edgeseg.model import preprocessing
    from edgeseg.model.segmenter import Segmenter

    segmenter, counts = Segmenter(exported[0]["int8-qat"]), []
    for sample in blobs.split("val"):
        image, truth = sample.read()
        mask = segmenter.mask(preprocessing.apply(image, run.training.preprocessing))
        counts.append(pixels.count(truth.mask, mask))
    stated = run_folder.read_record(tuned(run)).best.score.value
    assert pixels.pooled(counts)["dice"] == pytest.approx(stated, abs=1e-9)


def test_agreement_is_watched_and_recorded_for_every_epoch(run, exported):
    agreement = run_folder.read_record(tuned(run)).agreement
    assert list(agreement) == ["0", "1", "2"]
    assert all(share >= 0.99 for share in agreement.values())


def test_what_is_kept_is_the_best_of_the_start_and_all_epochs(run, exported):
    stated = run_folder.read_record(tuned(run))
    epochs = [row["val_dice"] for row in run_folder.read_history(tuned(run))]
    judged = [stated.start.value, *epochs]
    assert stated.best.score.value == pytest.approx(max(judged))
    assert stated.best.epoch == judged.index(max(judged))


@pytest.mark.slow
def test_where_the_steps_do_harm_the_start_is_kept(run, blobs, tmp_path):
    """A learning rate of 1 ruins every weight."""
    parent = run_folder.open_run(copy_of(run, tmp_path / "run"))
    options = ExportOptions(fine_tuning=FineTuning(qat=QatOptions(epochs=1, learning_rate=1.0)))
    (artifact,) = export.export_run(parent, blobs, [INT8_QAT], tmp_path / "models", options=options)
    stated = run_folder.read_record(tuned(parent))
    (ruined,) = run_folder.read_history(tuned(parent))
    assert (stated.best.epoch, stated.best.score.value) == (0, stated.start.value)
    assert ruined["val_dice"] < stated.start.value
    assert artifact.sidecar.verification.dice_file == pytest.approx(stated.start.value)


def test_the_ranges_are_in_the_run_and_belong_to_this_data(run, exported):
    ranges = run_folder.read_record(tuned(run)).ranges
    assert ranges["image"] == (0.0, 1.0)
    assert all(low <= 0 < high for low, high in ranges.values())
    assert (-6.0, 6.0) not in ranges.values()


def test_the_sidecar_says_what_was_done_and_from_what(run, exported):
    origin = exported[0]["int8-qat"].sidecar.origin
    assert origin["method"] == "int8-qat"
    assert origin["settings"]["epochs"] == 2
    assert len(origin["parent_sha256"]) == 64


def test_progress_counts_the_steps_of_the_fine_tuning(exported):
    steps = [(done, total) for done, total, note in exported[1] if note.startswith("epoch")]
    assert steps == [(done, 6) for done in range(1, 7)]


def test_the_referee_says_which_to_ship_in_the_sidecar(exported):
    verdict = exported[0]["int8-qat"].sidecar.referee
    assert verdict.ship in ("int8-qat", "int8-ptq")
    assert verdict.sentence.startswith(f"ship {verdict.ship}: ")
    assert verdict.images == 6
    assert exported[0]["int8-ptq"].sidecar.referee is None


def test_a_rival_that_was_made_elsewhere_is_not_judged(run, exported, blobs, tmp_path):
    """The file that lies in its place has no sidecar, so nobody knows what it was made from."""
    plain = exported[0]["int8-ptq"]
    (tmp_path / plain.path.name).write_bytes(plain.data)
    (artifact,) = export.export_run(run, blobs, [INT8_QAT], tmp_path, options=QAT)
    assert artifact.sidecar.referee is None


def test_a_finished_fine_tuning_is_not_run_again(run, exported, blobs, tmp_path):
    before = (tuned(run).path / "history.csv").read_bytes()
    (again,) = export.export_run(run, blobs, [INT8_QAT], tmp_path, options=QAT)
    assert again.data == exported[0]["int8-qat"].data
    assert (tuned(run).path / "history.csv").read_bytes() == before


def test_other_settings_are_refused_without_force(run, exported, blobs, tmp_path):
    options = ExportOptions(fine_tuning=FineTuning(qat=QatOptions(epochs=3)))
    with pytest.raises(TrainingError, match=r"another epochs \(2, now 3\); pass --force"):
        export.export_run(run, blobs, [INT8_QAT], tmp_path, options=options)
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_was_not_trained_is_refused(run, blobs, tmp_path):
    fresh = run_folder.create_run(tmp_path / "run", run.network, run.training, blobs, force=False)
    with pytest.raises(TrainingError, match="holds no finished epoch yet; train it"):
        export.export_run(fresh, blobs, [INT8_QAT], tmp_path / "models", options=QAT)
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("recipe", [INT8_PTQ, INT8_QAT])
def test_a_fine_tuning_is_not_exported_as_if_it_were_a_trained_run(run, exported, blobs, tmp_path, recipe):
    with pytest.raises(TrainingError, match="is a quantization-aware fine-tuning; export the run that it"):
        export.export_run(tuned(run), blobs, [recipe], tmp_path, options=QAT)


@pytest.mark.parametrize(
    ("setting", "value"), [("epochs", 0), ("batch_size", 0), ("learning_rate", 0), ("teacher", 1.5)]
)
def test_settings_out_of_range_are_refused(setting, value):
    with pytest.raises(ConfigError, match=f"expected qat.{setting} from"):
        QatOptions(**{setting: value})


SETTINGS = ("--variant", "int8-qat", "--set", "qat.epochs=3", "--set", "qat.batch_size=3")


@pytest.mark.slow
def test_an_interrupted_fine_tuning_says_so_and_ends_in_the_bytes_of_an_undisturbed_one(run, tmp_path):
    """Ctrl-C after the first epoch, which leaves no more than `kill -9` would, then to the end."""
    whole, broken = copy_of(run, tmp_path / "whole"), copy_of(run, tmp_path / "broken")
    ended = edgeseg("export", whole, "--out", tmp_path / "a", *SETTINGS)
    assert ended.returncode == 0, ended.stderr

    with start("export", broken, "--out", tmp_path / "b", *SETTINGS) as process:
        wait_for_checkpoint(broken / "variants" / "int8-qat", process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=500)
    assert process.returncode == 130
    assert "interrupted; the same command goes on" in errors
    assert "Traceback" not in errors
    assert not list(tmp_path.glob("b/*"))

    ended = edgeseg("export", broken, "--out", tmp_path / "b", *SETTINGS)
    assert ended.returncode == 0, ended.stderr
    (one,), (other,) = (list((tmp_path / name).glob("*.tflite")) for name in "ab")
    assert one.read_bytes() == other.read_bytes()
