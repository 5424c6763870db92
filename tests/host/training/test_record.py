"""What run.json states: written, read again, and read as version 0.1 wrote it."""

import json

import pytest

from edgeseg.errors import TrainingError
from edgeseg.host.training.record import BestEpoch, Environment, Origin, RunRecord, Score, TrainedOn
from edgeseg.model.fine_tuning import PruningOptions, QatOptions
from edgeseg.model.interface import Decoder, DecoderKind, MapTensor, Meaning, float_interface
from edgeseg.networks.training import TrainingConfig
from edgeseg.networks.unet import UNetConfig
from edgeseg.records import from_data, to_data

#: As `edgeseg train` of version 0.1 left it, but for the sizes.
V01 = {
    "schema_version": 1,
    "name": "unet-4-3levels",
    "network": {"base_filters": 4, "levels": 3, "decoder": "transpose", "input_size": 64, "widths": []},
    "training": {
        "optimizer": "rmsprop", "loss": "jaccard-bce", "schedule": "cosine", "learning_rate": 0.005,
        "epochs": 6, "batch_size": 3, "crop_size": 64, "flip": True, "rotate": True, "brightness": 0.1,
        "contrast": 0.2, "seed": 0,
        "mixed_precision": False, "xla": False,
        "preprocessing": {"kind": "scale", "low": 1.0, "high": 99.8, "min_range": 16},
    },
    "origin": {"method": "scratch"},
    "dataset": {
        "name": "data", "root": "/data", "digest": "0355", "images": {"train": 18, "val": 6, "test": 6}
    },
    "environment": {
        "edgeseg": "0.1.0", "python": "3.11.7", "packages": {"tensorflow": "2.21.0"}, "platform": "Linux",
        "cores": 2, "gpus": [],
    },
    "best": {"epoch": 4, "val_dice": 0.95},
    "finished": True,
}  # fmt: skip
V01_QAT = V01 | {
    "origin": {
        "method": "int8-qat",
        "settings": {"epochs": 2, "batch_size": 6, "learning_rate": 2e-05, "teacher": 0.5},
        "parent_sha256": "763b",
    },
    "best": {"epoch": 0, "val_dice": 0.957},
    "ranges": {"image": [0.0, 1.0], "skip0": [-1.5, 8.25]},
    "agreement": {"0": 1.0, "1": 0.99},
    "start": {"val_dice": 0.957},
}


def read(data):
    fields = {key: value for key, value in data.items() if key != "schema_version"}
    return from_data(RunRecord, fields, where="run.json", error=TrainingError)


def test_a_record_of_version_0_1_is_read__without_an_interface():
    record = read(V01)
    assert UNetConfig.from_dict(record.network) == UNetConfig(base_filters=4, levels=3, input_size=64)
    assert record.origin == Origin()
    assert record.best == BestEpoch(epoch=4, score=Score(figure="dice", value=0.95))
    assert record.interface is None
    assert record.finished
    assert not record.origin.quantization_aware


def test_a_fine_tuned_record_of_version_0_1_knows_its_method_settings_and_ranges():
    record = read(V01_QAT)
    assert record.origin.settings == QatOptions(epochs=2)
    assert record.origin.quantization_aware
    assert record.ranges == {"image": (0.0, 1.0), "skip0": (-1.5, 8.25)}
    assert record.agreement == {"0": 1.0, "1": 0.99}
    assert record.start == Score(figure="dice", value=0.957)


@pytest.mark.parametrize("stored", [V01, V01_QAT])
def test_what_version_0_1_stated_is_stated_in_the_same_way(stored):
    assert {"schema_version": 1, **to_data(read(stored))} == stored


@pytest.mark.parametrize(
    ("best", "sentence"),
    [
        ({"epoch": 4}, "expected one figure, as val_dice, but got none"),
        (
            {"epoch": 4, "val_dice": 0.9, "val_f1": 0.8},
            "expected one figure, as val_dice, but got val_dice, val_f1",
        ),
        ({"epoch": 4.5, "val_dice": 0.9}, "expected a whole number as the epoch, but got 4.5"),
        ({"val_dice": 0.9}, "expected 'epoch', but it is not there"),
    ],
)
def test_a_best_epoch_that_does_not_fit_is_refused(best, sentence):
    with pytest.raises(TrainingError, match=sentence):
        read(V01 | {"best": best})


def test_a_record_is_read_as_it_was_written():
    maps = [MapTensor(name=f"class {k}", meaning=Meaning.CLASS, channel=k) for k in range(3)]
    record = RunRecord(
        name="unet-16",
        network=UNetConfig().to_dict(),
        training=TrainingConfig(epochs=3),
        interface=float_interface(
            256, 256, channels=3, maps=maps, decoder=Decoder(kind=DecoderKind.ARGMAX), pixel_size_um=0.5
        ),
        origin=Origin(settings=PruningOptions(sparsity=0.8), parent_sha256="0" * 64),
        dataset=TrainedOn(name="cells", root="/cells", digest="d", images={"train": 1, "val": 1, "test": 0}),
        environment=Environment(
            edgeseg="1", python="3", packages={}, platform="Linux", cores=2, gpus=("H100",)
        ),
    )
    assert read(json.loads(json.dumps({"schema_version": 1, **to_data(record)}))) == record


def test_a_method_that_this_version_does_not_know_is_refused_by_its_name():
    origin = {"method": "pruend", "settings": {}, "parent_sha256": "0"}
    with pytest.raises(TrainingError, match="no method 'pruend'; did you mean 'pruned'"):
        read(V01 | {"origin": origin})


def test_a_setting_that_this_version_does_not_know_is_refused_by_its_name():
    origin = {"method": "int8-qat", "settings": {"epoch": 2}, "parent_sha256": "0"}
    with pytest.raises(TrainingError, match="the settings of int8-qat has epoch, which is not known"):
        read(V01 | {"origin": origin})
