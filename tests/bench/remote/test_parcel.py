"""What is sent to another machine: unpacked by tar, read by a shell."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from edgeseg.bench.bench_options import BenchOptions
from edgeseg.bench.models import display_names
from edgeseg.bench.quality import spread
from edgeseg.bench.remote.parcel import part_sent, write_parcel
from edgeseg.cli.bench_on import bench_arguments
from edgeseg.data.dataset import open_dataset
from edgeseg.data.images import write_png
from edgeseg.errors import ArtifactError, ConfigError, DatasetError
from support.blob_images import write_blobs
from support.paths import MODELS

INT8 = MODELS / "blobs_int8.tflite"
ODD = 'it\'s a "model" $(id) ü; -q.tflite'


def unpacked(folder, models, **settings):
    """The parcel as tar unpacks it, and the arguments that a shell gives to the command in it."""
    there = folder / "there"
    there.mkdir()
    settings = {
        "dataset": None,
        "split": "test",
        "options": BenchOptions(),
        "arguments": bench_arguments,
        "command": "printf '%s\\n'",
    } | settings
    write_parcel(folder / "p.tar", models, **settings)
    subprocess.run(["tar", "-xof", folder / "p.tar", "-C", there], check=True)
    said = subprocess.run(["sh", "bench.sh"], cwd=there, capture_output=True, text=True, check=True)
    return there, said.stdout.splitlines()


def test_odd_names_arrive_as_they_are(tmp_path):
    shutil.copy(INT8, tmp_path / ODD)
    there, arguments = unpacked(tmp_path, [tmp_path / ODD])
    assert arguments[:2] == ["bench", f"models/{ODD}"]
    assert (there / "models" / ODD).read_bytes() == INT8.read_bytes()


def test_a_name_that_is_no_text_arrives_as_it_is(tmp_path):
    name = b"caf\xe9.tflite".decode(errors="surrogateescape")
    shutil.copy(INT8, tmp_path / name)
    there, _ = unpacked(tmp_path, [tmp_path / name], command="true")
    assert [path.name for path in (there / "models").iterdir()] == [name]


def test_containers_and_sidecars_go_along_and_nothing_else(tmp_path):
    for name in ("a.tflite", "a.json", "b.tflite.xz", "b.json", "c.tflite", "c.json"):
        (tmp_path / "models" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "models" / name).write_bytes(INT8.read_bytes())
    there, _ = unpacked(tmp_path, [tmp_path / "models" / "a.tflite", tmp_path / "models" / "b.tflite.xz"])
    sent = sorted(path.name for path in (there / "models").iterdir())
    assert sent == ["a.json", "a.tflite", "b.json", "b.tflite.xz"]


def test_two_files_of_one_name_are_called_there_as_here(tmp_path):
    models = [tmp_path / "one" / "m.tflite", tmp_path / "two" / "m.tflite"]
    for model in models:
        model.parent.mkdir()
        shutil.copy(INT8, model)
    there, arguments = unpacked(tmp_path, models)
    assert display_names([there / name for name in arguments[1:3]]) == display_names(models)


def test_a_linked_file_is_sent_by_its_content(tmp_path):
    (tmp_path / "m.tflite").symlink_to(INT8)
    there, _ = unpacked(tmp_path, [tmp_path / "m.tflite"])
    assert not (there / "models" / "m.tflite").is_symlink()
    assert (there / "models" / "m.tflite").read_bytes() == INT8.read_bytes()


def test_the_split_arrives_whole_and_alone(tmp_path):
    data = write_blobs(tmp_path / "data")
    there, arguments = unpacked(tmp_path, [INT8], dataset=data, split="val")
    arrived = open_dataset(there / "data")
    assert arrived.digest == part_sent(data, "val", None).digest
    assert [sample.stem for sample in arrived.samples] == [sample.stem for sample in data.split("val")]
    assert arguments[-4:] == ["--data", "data", "--split", "val"]


def test_labels_are_sent_instead_of_masks(tmp_path):
    data = write_blobs(tmp_path / "data")
    for sample in data.samples:
        write_png(data.root / "labels" / f"{sample.stem}.png", np.full((64, 64), 300, np.uint16))
    data = open_dataset(data.root)
    there, _ = unpacked(tmp_path, [INT8], dataset=data, split="val")
    arrived = open_dataset(there / "data")
    assert arrived.digest == part_sent(data, "val", None).digest
    assert arrived.kind == arrived.samples[0].read()[1].kind == "labels"
    assert not (there / "data" / "masks").exists()


def test_of_some_images_no_other_is_sent(tmp_path):
    data = write_blobs(tmp_path / "data")
    there, _ = unpacked(tmp_path, [INT8], dataset=data, split="val", options=BenchOptions(images=2))
    arrived = open_dataset(there / "data")
    assert arrived.digest == part_sent(data, "val", 2).digest
    assert [each.stem for each in arrived.samples] == [each.stem for each in spread(data.split("val"), 2)]


def test_the_reference_is_named_by_its_name_there(tmp_path):
    _, arguments = unpacked(tmp_path, [INT8], reference=INT8.parent / ".." / "models" / INT8.name)
    assert arguments[-2:] == ["--reference", "models/blobs_int8.tflite"]


def test_a_reference_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="expected --reference to be one of the models"):
        unpacked(tmp_path, [INT8], reference=tmp_path / "other.tflite")


def test_a_model_that_cannot_be_read_is_a_sentence(tmp_path):
    with pytest.raises(ArtifactError, match=r"cannot read .*none\.tflite: no such file"):
        unpacked(tmp_path, [tmp_path / "none.tflite"])


def test_an_image_that_is_gone_is_a_sentence(tmp_path):
    data = write_blobs(tmp_path / "data")
    data.split("test")[0].mask_path.unlink()
    with pytest.raises(DatasetError, match=r"cannot read .*masks.*\.png: no such file"):
        unpacked(tmp_path, [INT8], dataset=data)


def test_a_full_disk_is_a_sentence_about_the_disk():
    code = (
        "from pathlib import Path\nfrom edgeseg.bench.bench_options import BenchOptions\n"
        "from edgeseg.bench.remote.parcel import write_parcel\n"
        f"write_parcel(Path('/dev/full'), [Path({str(INT8)!r})] * 2, dataset=None, split='test', "
        "options=BenchOptions(), command='x', arguments=lambda _order: ['bench'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].endswith(
        "cannot write /dev/full: the disk is full; free some space and run again"
    )


@pytest.mark.parametrize("command", ["", "  ", "edgeseg\nid"])
def test_a_command_that_is_none_is_refused(tmp_path, command):
    with pytest.raises(ConfigError, match="expected a command of one line"):
        unpacked(tmp_path, [INT8], command=command)
