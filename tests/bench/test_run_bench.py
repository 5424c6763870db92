"""The whole bench, on real files and in real child processes."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgeseg.bench.bench_options import BenchOptions
from edgeseg.bench.figures import AGREEMENT
from edgeseg.bench.result_file import load_result
from edgeseg.bench.run_bench import run_bench
from edgeseg.cli import app
from edgeseg.data.images import read_mask, write_png
from edgeseg.errors import DatasetError, EdgesegError, ResultError
from support.blob_images import write_blobs
from support.command import edgeseg
from support.network_files import FILES as NETWORKS
from support.paths import MODELS

INT8, FLOAT32 = MODELS / "blobs_int8.tflite", MODELS / "blobs_float32.tflite"
QUICK = {"seconds": 0.0, "samples": 5, "warmup_seconds": 0.0, "rounds": 1}
QUICK_FLAGS = ["--time", "0", "--samples", "5", "--warmup", "0", "--rounds", "1"]


@pytest.fixture(scope="module")
def both(blobs):
    options = BenchOptions(**QUICK | {"rounds": 2})
    heard = []
    found = run_bench(
        [FLOAT32, INT8], dataset=blobs, options=options, progress=lambda *step: heard.append(step)
    )
    return found, heard


def test_every_model_is_measured(both):
    found, _ = both
    assert found.complete
    assert [model.name for model in found.models] == ["blobs_float32.tflite", "blobs_int8.tflite"]
    assert not found.failures


def test_each_round_keeps_its_raw_samples_and_its_warm_up(both):
    for model in both[0].models:
        for measurement in model.measurements:
            assert [len(run.laps.counted) for run in measurement.runs] == [3, 3]
            assert [len(run.laps.warmup) for run in measurement.runs] == [3, 3]


def test_bytes_digest_and_audit_are_those_of_the_file(both):
    for path, model in zip([FLOAT32, INT8], both[0].models, strict=True):
        assert model.size.raw_bytes == path.stat().st_size
        assert model.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert model.audit.partitions == 1
    assert not both[0].models[1].audit.float_operators


def test_quality_is_measured_on_the_split_and_both_models_find_the_blobs(both):
    found, _ = both
    assert (found.dataset.split, found.dataset.images) == ("test", 6)
    for model in found.models:
        for measurement in model.measurements:
            assert len(measurement.quality.images) == 6
            assert measurement.quality.pooled["dice"] > 0.95


def test_agreement_is_with_the_float32_file(both):
    float32, int8 = (model.measurements[0].quality for model in both[0].models)
    assert AGREEMENT.read(float32) == 1
    assert 0.99 < AGREEMENT.read(int8) < 1
    assert sum(image.differing for image in int8.images) > 0


def test_the_truth_is_said_on_the_screen_and_in_the_file(tmp_path, monkeypatch, capfd):
    """Cells of labels/, of which a mask joins those that touch; pixels as before."""
    from edgeseg import cli

    blobs = write_blobs(tmp_path / "blobs", count=6)
    for kind in ("masks", "labels"):
        arguments = ["bench", INT8, "--data", blobs.root, "--split", "train", *QUICK_FLAGS]
        out, table = tmp_path / f"{kind}.json", tmp_path / f"{kind}.csv"
        monkeypatch.setattr(
            sys, "argv", ["edgeseg", *map(str, [*arguments, "--out", out, "--per-image", table])]
        )
        with pytest.raises(SystemExit):
            cli.main()
        assert json.loads(out.read_text())["dataset"]["truth"] == kind
        assert f"cells: {load_result(out).matching}" in capfd.readouterr().out
        assert kind in table.read_text().splitlines()[1].split(",")
        for sample in blobs.samples:  # each cell in two: none is found by a mask
            halves = read_mask(sample.mask_path).astype(np.uint16)
            halves[: halves.shape[0] // 2] *= 2
            write_png(blobs.root / "labels" / f"{sample.stem}.png", halves)
    by_masks, by_labels = (
        load_result(tmp_path / f"{kind}.json").models[0].quality("litert") for kind in ("masks", "labels")
    )
    assert by_masks.pooled == by_labels.pooled
    assert by_labels.cells.f1 < by_masks.cells.f1
    assert by_labels.cells_at(0.9).f1 <= by_labels.cells.f1


def test_without_a_float32_file_there_is_no_agreement(blobs):
    found = run_bench([INT8], dataset=blobs, options=BenchOptions(**QUICK))
    assert AGREEMENT.read(found.models[0].measurements[0].quality) is None


def test_the_models_share_of_memory_is_told(both):
    run = both[0].models[0].measurements[0].runs[0]
    assert 10_000_000 < run.baseline_bytes < run.peak_bytes < 400_000_000


def test_the_models_take_turns(both):
    starts = [note.split(",")[0] for _, _, note in both[1] if note.endswith("threads 1")]
    assert starts == ["blobs_float32.tflite", "blobs_int8.tflite"] * 2


def test_the_machine_and_the_options_are_in_the_result(both):
    found, _ = both
    assert found.machine.runtime.split()[0] in ("ai-edge-litert", "tflite-runtime")
    assert found.options.rounds == 2


def test_an_unknown_split_is_refused_before_anything_runs(blobs):
    with pytest.raises(DatasetError, match="expected a split"):
        run_bench([INT8], dataset=blobs, split="exam")


@pytest.fixture
def damaged(tmp_path):
    """A good file, one cut in half, and one with a flipped byte and the sidecar of the original."""
    shutil.copy(INT8, tmp_path / "good.tflite")
    data = FLOAT32.read_bytes()
    (tmp_path / "cut.tflite").write_bytes(data[: len(data) // 2])
    facts = {"schema_version": 1, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (tmp_path / "flipped.json").write_text(json.dumps(facts))
    (tmp_path / "flipped.tflite").write_bytes(data[:20_000] + bytes([data[20_000] ^ 255]) + data[20_001:])
    return tmp_path


def test_damaged_files_are_failed_rows_and_the_others_go_on(damaged):
    done = edgeseg("bench", damaged, *QUICK_FLAGS, "--out", damaged / "out" / "r.json")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "cut.tflite (litert, threads 1): " in done.stdout
    assert "was changed after its export" in done.stdout
    found = {model.name: model for model in load_result(damaged / "out" / "r.json").models}
    assert found["cut.tflite"].measurements[0].failure.kind == "refused"
    assert found["flipped.tflite"].measurements[0].failure.kind == "refused"
    assert found["good.tflite"].measurements[0].runs


def test_if_every_file_is_bad_input_that_is_an_error(damaged):
    done = edgeseg("bench", damaged / "cut.tflite", "--out", damaged / "r.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("error: cut.tflite is damaged")
    assert not (damaged / "r.json").exists()


@pytest.mark.parametrize("content", [b"", b"not a model at all", b"\x18\x00\x00\x00TFL3"])
def test_an_empty_or_foreign_file_is_one_sentence(tmp_path, content):
    (tmp_path / "m.tflite").write_bytes(content)
    with pytest.raises(ResultError, match=r"m\.tflite"):
        run_bench([tmp_path / "m.tflite"], options=BenchOptions(**QUICK))


def children_of_this_process():
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                yield int(path.parent.name)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the child in /proc")
def test_a_crash_of_the_runtime_is_a_failed_row_and_the_others_go_on():
    def crash(_done, _total, note):
        if note == "blobs_float32.tflite, litert, threads 1: loading":
            for child in children_of_this_process():
                os.kill(child, signal.SIGSEGV)

    found = run_bench([FLOAT32, INT8], options=BenchOptions(**QUICK), progress=crash)
    ((model, _, failure),) = found.failures
    assert (model.name, failure.kind, failure.reason) == (
        "blobs_float32.tflite", "crashed", "killed by SIGSEGV",
    )  # fmt: skip
    assert found.models[1].measurements[0].runs


def test_a_file_that_gives_no_answer_in_time_is_a_failed_row():
    found = run_bench([INT8], options=BenchOptions(timeout_seconds=0.01, **QUICK))
    ((_, _, failure),) = found.failures
    assert failure.kind == "hung"
    assert "no answer within 0.01 s" in failure.reason


def test_too_little_memory_for_the_runtime_is_a_failed_row():
    found = run_bench([INT8], options=BenchOptions(memory_limit_mb=10, **QUICK))
    ((_, _, failure),) = found.failures
    assert failure.kind == "memory"
    assert "with 10 MB allowed" in failure.reason


def test_too_little_memory_for_the_model_is_a_failed_row_and_enough_is_none(both):
    run = both[0].models[0].measurements[0].runs[0]
    scarce = run.baseline_bytes // 1_000_000 + 1
    found = run_bench([FLOAT32], options=BenchOptions(memory_limit_mb=scarce, **QUICK))
    assert [failure.kind for _, _, failure in found.failures] == ["memory"]
    assert not run_bench([FLOAT32], options=BenchOptions(memory_limit_mb=scarce + 100, **QUICK)).failures


def test_every_number_of_threads_is_a_row_on_stdout_and_remarks_go_to_stderr(blobs):
    done = edgeseg("bench", INT8, "--data", blobs.root, "--split", "val", "--threads", "1,2", *QUICK_FLAGS)
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("blobs_int8")]
    assert [row[2] for row in rows] == ["1", "2"]
    assert "Dice and IoU: pooled over 6 images" in done.stdout
    assert "Benching" in done.stderr
    assert "Benching" not in done.stdout


def test_json_is_the_same_as_the_file(tmp_path):
    done = edgeseg("-q", "bench", INT8, *QUICK_FLAGS, "--json", "--out", tmp_path / "r.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (tmp_path / "r.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--split", "val"], "give --data too"),
        (["--force"], "give --out too"),
        (["--threads", "many"], "expected numbers of threads"),
        (["--out", "there.json"], "exists already"),
        (["--out", "model.json"], "the place for facts about model.tflite"),
        (["--out", "model.tflite/r.json"], "cannot write"),
        (["--data", "nowhere"], "expected a data set at nowhere"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_measured(tmp_path, monkeypatch, capfd, arguments, sentence):
    shutil.copy(INT8, tmp_path / "model.tflite")
    (tmp_path / "there.json").write_text("mine")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EdgesegError, match=sentence) as refused:
        app(["bench", "model.tflite", *arguments], standalone_mode=False)
    assert refused.value.exit_code == 2
    assert capfd.readouterr() == ("", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.tflite", "there.json"]
    assert (tmp_path / "there.json").read_text() == "mine"


def test_ctrl_c_keeps_what_was_measured(tmp_path):
    out = tmp_path / "r.json"
    command = [
        sys.executable,
        "-m",
        "edgeseg",
        "bench",
        INT8,
        FLOAT32,
        "--time",
        "1.2",
        "--rounds",
        "1",
        "--out",
        out,
    ]
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A shell that starts tests in the background lets them ignore the interrupt.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no threads here
    ) as bench:  # fmt: skip
        for line in bench.stderr:
            if line.startswith("Benching: 1/2"):
                break
        os.kill(bench.pid, signal.SIGINT)
        said, remarked = bench.communicate(timeout=60)
    assert bench.returncode == 130
    assert "Traceback" not in remarked
    assert "blobs_int8" in said
    found = load_result(out)
    assert not found.complete
    assert [len(model.measurements) for model in found.models] == [1, 0]


def test_networks_of_several_channels_and_maps_are_timed():
    files = [NETWORKS / "rgb_4maps_int8.tflite", NETWORKS / "grey_2outputs_float32.tflite"]
    found = run_bench(files, options=BenchOptions(**QUICK))
    assert not found.failures
    assert [len(run.laps.counted) for model in found.models for run in model.measurements[0].runs] == [5, 5]


def test_quality_of_a_colour_network_on_grey_images_is_a_sentence(blobs):
    with pytest.raises(ResultError, match="expected an image of 3 channels, but got a grey one"):
        run_bench([NETWORKS / "rgb_4maps_int8.tflite"], dataset=blobs, options=BenchOptions(**QUICK))
