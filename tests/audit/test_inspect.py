"""`edgeseg inspect`, as a user runs it."""

import json
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from edgeseg.cli import app
from edgeseg.errors import ArtifactError, CheckError, ConfigError
from edgeseg.files import sha256, write_json
from edgeseg.model.recipe import recipe
from edgeseg.model.sidecar import SCHEMA_VERSION
from support.command import edgeseg
from support.network_files import FILES as NETWORKS
from support.paths import AUDIT_MODELS, MODELS

HERE, SHARED = AUDIT_MODELS, MODELS


def inspect(*arguments):
    return CliRunner().invoke(app, ["inspect", *map(str, arguments)])


@pytest.fixture
def exported(tmp_path):
    """Copies a model and gives it a sidecar of a variant."""

    def make(model, variant):
        path = tmp_path / "net.tflite"
        shutil.copy(model, path)
        facts = {
            "schema_version": SCHEMA_VERSION, "bytes": path.stat().st_size, "sha256": sha256(path),
            "recipe": {"variant": variant},
        }  # fmt: skip
        write_json(path.with_suffix(".json"), facts)
        return path

    return make


def test_the_page_of_a_foreign_file():
    result = inspect(SHARED / "blobs_int8.tflite")
    assert result.exit_code == 0
    for line in [
        "sidecar     none: the file is taken as it is",
        "parameters  7,397",
        "takes       grey, 64x64, black 0 and white 1",
        "gives       foreground (above 0.5)",
        "MACs        6,324,224",
        "memory      69,632 bytes for activations, 348,160 bytes arena of the built-in kernels (estimates)",
        "kernels      13 int8; 13 of 13 per channel; 0.62% zeros",
        "activations  19 int8",
    ]:
        assert line in result.stdout.splitlines()
    assert "partitions  1 of XNNPACK, every operator inside" in result.stdout
    (note,) = result.stdout.partition("\nnotes:\n")[2].splitlines()
    assert note.startswith(
        "  - assumed, since no sidecar states it: it takes grey images, black as 0 and white"
    )


def test_the_page_names_float_islands_and_split_partitions():
    assert "float islands: " in inspect(HERE / "int8_float_island.tflite").stdout
    assert "3 partitions because shapes are dynamic" in inspect(SHARED / "blobs_dynamic_batch.tflite").stdout


def test_tensors_lists_every_stored_tensor():
    lines = inspect(SHARED / "blobs_int8.tflite", "--tensors").stdout.splitlines()
    assert sum(" kernel " in line for line in lines) == 13
    assert sum(" bias " in line for line in lines) == 13


def test_json_holds_the_audit():
    facts = json.loads(inspect(HERE / "int8_nearest.tflite", "--json").stdout)
    assert facts["sidecar"] is None
    assert facts["variant"] == "unknown"
    assert not facts["judged"]
    assert facts["bytes"] == (HERE / "int8_nearest.tflite").stat().st_size > facts["gzip_bytes"]
    assert [operator["name"] for operator in facts["audit"]["undelegated"]] == ["RESIZE_NEAREST_NEIGHBOR"]
    assert facts["notes"]


def test_json_and_tensors_exclude_each_other():
    assert isinstance(inspect(SHARED / "blobs_int8.tflite", "--json", "--tensors").exception, ConfigError)


def test_a_kept_promise_is_said(exported):
    result = inspect(exported(SHARED / "blobs_int8.tflite", "int8-ptq"))
    assert result.exit_code == 0
    assert "sidecar     verified: length and SHA-256 match" in result.stdout
    assert "variant     int8-ptq: as promised" in result.stdout


def test_a_broken_promise_prints_the_page_and_exits_1(exported):
    path = exported(HERE / "int8_float_island.tflite", "int8-ptq")
    result = edgeseg("inspect", path)
    assert result.returncode == CheckError.exit_code == 1
    assert "int8-ptq: NOT as promised" in result.stdout
    assert result.stderr.startswith(f"error: {path} is not what its sidecar says (int8-ptq): ")
    assert "operator 4 DEQUANTIZE" in result.stderr
    assert json.loads(edgeseg("inspect", path, "--json").stdout)["findings"]


def test_a_variant_of_another_version_is_not_judged(exported):
    result = inspect(exported(SHARED / "blobs_int8.tflite", "int4-dreams"))
    assert result.exit_code == 0
    assert "int4-dreams, which this version of edgeseg cannot judge" in result.stdout


def test_a_flipped_byte_is_found_by_the_sidecar(exported):
    path = exported(SHARED / "blobs_int8.tflite", "int8-ptq")
    data = bytearray(path.read_bytes())
    data[9000] ^= 1
    path.write_bytes(data)
    result = edgeseg("inspect", path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {path} was changed after its export")


@pytest.mark.parametrize("length", [0, 5, 100, 12_000])
def test_a_cut_file_is_one_sentence(tmp_path, length):
    path = tmp_path / "cut.tflite"
    path.write_bytes((SHARED / "blobs_int8.tflite").read_bytes()[:length])
    assert isinstance(inspect(path).exception, ArtifactError)


def test_a_file_that_crashes_the_runtime_is_still_shown(tmp_path):
    data = bytearray((HERE / "sparse.tflite").read_bytes())
    data[6826] = 31
    path = tmp_path / "crash.tflite"
    path.write_bytes(data)
    result = edgeseg("inspect", path)
    assert (result.returncode, result.stderr) == (0, "")
    assert "partitions  unknown, see notes" in result.stdout
    assert "partitions unknown: " in result.stdout
    assert "DENSIFY" in result.stdout


def test_recipes_are_judged_by_their_name(exported):
    """The sidecar's other fields cannot soften what the variant promises."""
    assert recipe("int8-ptq").full_integer
    path = exported(SHARED / "blobs_float32.tflite", "int8-ptq")
    assert isinstance(inspect(path).exception, CheckError)


def test_inspect_loads_no_tensorflow_and_no_opencv():
    """What would make it slow."""
    code = (
        "import sys; sys.argv = ['edgeseg', 'inspect', sys.argv[1]]\n"
        "from edgeseg.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'keras', 'tf_keras', 'cv2'}\n"
        "sys.exit(not heavy.isdisjoint(name.split('.')[0] for name in sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code, str(SHARED / "blobs_int8.tflite")], check=False)
    assert result.returncode == 0


def test_channels_and_maps_are_told():
    result = inspect(NETWORKS / "rgb_4maps_int8.tflite")
    assert "takes       colour, 32x32, black 0 and white 1" in result.stdout
    assert "gives       class 0, class 1, class 2, class 3 (the largest decides)" in result.stdout
    stated = json.loads(inspect(NETWORKS / "rgb_4maps_int8.tflite", "--json").stdout)["interface"]
    assert (stated["input"]["channels"], len(stated["maps"])) == (3, 4)


def test_a_file_that_cannot_be_run_as_a_network_is_inspected_and_says_so():
    result = inspect(NETWORKS / "logits_int8.tflite")
    assert result.exit_code == 0
    assert "not for `edgeseg predict`: cannot run" in result.stdout
    assert json.loads(inspect(NETWORKS / "logits_int8.tflite", "--json").stdout)["interface"] is None
