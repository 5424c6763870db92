"""Runs that go on with what is there, and what they make of half-written things."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from edgeseg.errors import OutputError
from edgeseg.model.artifact import load_artifact
from edgeseg.prediction.capture import next_number, open_camera
from edgeseg.prediction.inputs import collect_inputs
from edgeseg.prediction.predict import predict
from edgeseg.prediction.predict_options import PredictOptions
from edgeseg.prediction.sources import open_files
from edgeseg.prediction.tables import times_done
from support.paths import ROOT
from support.prediction_cases import (
    MODEL,
    cell_at,
    moving_cell,
    read_table,
    start_predict,
    write_image,
    write_stack,
    write_video,
)

TABLES = ("cells.csv", "images.csv")


@pytest.fixture
def folder(tmp_path):
    for index, picture in enumerate(moving_cell(4)):
        write_image(tmp_path / "in" / f"{index}.png", picture)
    return tmp_path / "in"


def run(folder, out, *, force=False, **options):
    source = open_files(collect_inputs([folder]))
    return predict(load_artifact(MODEL), source, out, PredictOptions(**options), force=force)


def contents(out):
    return {name: (out / name).read_bytes() for name in TABLES}


def test_what_is_done_is_passed_over_and_the_rest_added(folder, tmp_path):
    late = folder / "3.png"
    late.rename(tmp_path / "3.png")
    run(folder, tmp_path / "out")
    times = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "masks").iterdir()}
    (tmp_path / "3.png").rename(late)
    made = run(folder, tmp_path / "out")
    assert (made.earlier, [each.name for each in made.new], made.complete) == (3, ["3"], True)
    for name, made_at in times.items():
        assert (tmp_path / "out" / "masks" / name).stat().st_mtime_ns == made_at
    run(folder, tmp_path / "whole")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("cut", [1, 9, 60, 120])
def test_a_table_that_ends_in_the_middle_is_mended(table, cut, folder, tmp_path):
    run(folder, tmp_path / "out")
    whole = contents(tmp_path / "out")
    os.truncate(tmp_path / "out" / table, len(whole[table]) - cut)
    run(folder, tmp_path / "out")
    rows = {name: sorted(text.splitlines()) for name, text in contents(tmp_path / "out").items()}
    assert rows == {name: sorted(text.splitlines()) for name, text in whole.items()}


def test_rows_of_cells_without_their_image_go(folder, tmp_path):
    run(folder, tmp_path / "out")
    whole = contents(tmp_path / "out")
    lines = whole["images.csv"].splitlines(keepends=True)
    (tmp_path / "out" / "images.csv").write_bytes(b"".join(lines[:-1]))
    with (tmp_path / "out" / "cells.csv").open("ab") as file:
        file.write(b"3.png,2,5")
    run(folder, tmp_path / "out")
    assert contents(tmp_path / "out") == whole


@pytest.mark.parametrize("name", ["masks/2.png", "labels/2.tif"])
@pytest.mark.parametrize("left", ["", None])
def test_an_image_without_its_mask_or_labels_is_done_again(left, name, folder, tmp_path):
    """A power cut may leave the row and lose a file that is not waited for."""
    run(folder, tmp_path / "out")
    file = tmp_path / "out" / name
    before = file.read_bytes()
    file.unlink()
    if left is not None:
        file.write_text(left)
    made = run(folder, tmp_path / "out")
    assert [each.name for each in made.new] == ["2"]
    assert file.read_bytes() == before


@pytest.mark.parametrize("name", ["masks/.3.png.abc.tmp", "labels/.3.tif.abc.tmp"])
def test_half_written_files_of_a_killed_run_go(name, folder, tmp_path):
    run(folder, tmp_path / "out")
    half = tmp_path / "out" / name
    half.touch()
    run(folder, tmp_path / "out")
    assert not half.exists()


def test_another_model_is_refused(folder, tmp_path):
    run(folder, tmp_path / "out")
    other = load_artifact(MODEL.with_name("blobs_float32.tflite"))
    before = contents(tmp_path / "out")
    with pytest.raises(
        OutputError, match=r"of another model \(.*int8.tflite, not .*float32.tflite\).*--force"
    ):
        predict(other, open_files([]), tmp_path / "out", PredictOptions())
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"min_area": 5}, "min-area 16, not 5"),
        ({"pixel_size": 0.5}, "pixel-size None, not 0.5"),
        ({"overlap": 0}, "overlap 24, not 0"),
        ({"overlays": False}, "overlays True, not False"),
        ({"numbers": True}, "numbers False, not True"),
    ],
)
def test_other_options_are_refused(options, sentence, folder, tmp_path):
    run(folder, tmp_path / "out")
    with pytest.raises(OutputError, match=sentence):
        run(folder, tmp_path / "out", **options)


def test_another_number_of_threads_is_not(folder, tmp_path):
    run(folder, tmp_path / "out")
    assert run(folder, tmp_path / "out", threads=2).earlier == 4


def test_results_of_an_earlier_version_are_refused(folder, tmp_path):
    run(folder, tmp_path / "out")
    manifest = tmp_path / "out" / "predict.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema_version": 1}))
    with pytest.raises(OutputError, match="of another version of edgeseg"):
        run(folder, tmp_path / "out")


def test_a_table_with_other_columns_is_refused(folder, tmp_path):
    run(folder, tmp_path / "out")
    (tmp_path / "out" / "cells.csv").write_text("my,own,table\n")
    with pytest.raises(OutputError, match="does not begin with the columns image,cell,area_px"):
        run(folder, tmp_path / "out")
    assert (tmp_path / "out" / "cells.csv").read_text() == "my,own,table\n"


def test_an_image_that_changed_is_reported_and_stays_as_it_was(folder, tmp_path):
    run(folder, tmp_path / "out")
    before = contents(tmp_path / "out")
    write_image(folder / "1.png", cell_at(50, 50))
    os.utime(folder / "1.png", (1e9, 1e9))
    made = run(folder, tmp_path / "out")
    assert [failed.name for failed in made.failed] == ["1"]
    assert "was changed after it was predicted" in made.failed[0].reason
    assert contents(tmp_path / "out") == before


def test_a_page_and_a_file_of_one_name_are_told_apart(tmp_path):
    paths = [
        write_stack(tmp_path / "a.tif", moving_cell(2)),
        write_image(tmp_path / "a_p002.png", cell_at(9, 9)),
    ]
    made = predict(load_artifact(MODEL), open_files(paths), tmp_path / "out", PredictOptions())
    assert [each.name for each in made.images] == ["a_p001", "a_p002"]
    assert "share a name" in made.failed[0].reason


def test_force_deletes_pages_and_frames_of_the_earlier_run(folder, tmp_path):
    paths = [
        write_stack(tmp_path / "a.tif", moving_cell(2)),
        write_video(tmp_path / "b.avi", moving_cell(2)),
    ]
    predict(load_artifact(MODEL), open_files(paths), tmp_path / "out", PredictOptions())
    assert len(list((tmp_path / "out" / "masks").iterdir())) == 4
    run(folder, tmp_path / "out", force=True)
    assert sorted(path.stem for path in (tmp_path / "out" / "masks").iterdir()) == ["0", "1", "2", "3"]


def test_frames_have_page_number_and_time_in_both_tables(tmp_path):
    paths = [
        write_stack(tmp_path / "a.tif", moving_cell(2)),
        write_video(tmp_path / "b.avi", moving_cell(3), rate=4),
    ]
    source = open_files(paths, every=2)
    predict(load_artifact(MODEL), source, tmp_path / "out", PredictOptions())
    places = [(row["page"], row["frame"], row["seconds"]) for row in read_table(tmp_path / "out/images.csv")]
    assert places == [("1", "", ""), ("2", "", ""), ("", "0", "0"), ("", "2", "0.5")]
    cells = {(row["image"], row["page"], row["frame"]) for row in read_table(tmp_path / "out/cells.csv")}
    assert cells >= {("a_p001", "1", ""), ("b_f000002", "", "2")}


def test_a_camera_started_again_adds_to_its_frames(tmp_path):
    path, out = write_video(tmp_path / "film.avi", moving_cell(5)), tmp_path / "out"
    for _ in range(2):
        source = open_camera(str(path), first=next_number(times_done(out)), most=3)
        predict(load_artifact(MODEL), source, out, PredictOptions())
    assert [row["name"][-1] for row in read_table(out / "images.csv")] == list("012345")


def test_two_runs_do_not_write_into_one_folder(folder, tmp_path):
    """The second one is started while the first waits for what comes."""
    first = start_predict(folder, "--watch", "--poll", "0.05", "--out", tmp_path / "out")
    try:
        assert first.stdout.readline()
        with pytest.raises(OutputError, match="another edgeseg predict is writing into"):
            run(folder, tmp_path / "out")
    finally:
        first.kill()
        first.communicate()


def _killed_at(process, seconds):
    time.sleep(seconds)
    process.kill()
    process.communicate()


@pytest.mark.parametrize("lines", [1, 2, 5, 9])
def test_a_killed_run_ends_where_an_undisturbed_one_ends(lines, tmp_path):
    for index in range(12):
        write_image(tmp_path / "in" / f"{index:02}.png", cell_at(8 + 4 * index, 20, seed=index))
    process = start_predict(tmp_path / "in", "--watch", "--poll", "0.02", "--out", tmp_path / "out")
    for _ in range(lines):
        assert process.stdout.readline()
    _killed_at(process, 0.003 * lines)
    made = run(tmp_path / "in", tmp_path / "out")
    assert made.earlier >= lines
    assert len(made.images) == 12
    run(tmp_path / "in", tmp_path / "whole")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_ctrl_c_ends_with_130_and_the_same_command_goes_on(tmp_path):
    stack = write_stack(tmp_path / "stack.tif", [cell_at(8 + index % 48, 20) for index in range(400)])
    process = start_predict(stack, "--out", tmp_path / "out")
    while not times_done(tmp_path / "out"):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (130, "")
    assert errors.endswith(f"interrupted; what was finished is in {tmp_path / 'out'}\n")
    manifest = json.loads((tmp_path / "out" / "predict.json").read_text())
    assert manifest["complete"] is False
    made = predict(load_artifact(MODEL), open_files([stack]), tmp_path / "out", PredictOptions())
    assert made.earlier == len(manifest["images"]) > 0
    assert made.complete
    assert [each.page for each in made.images] == list(range(1, 401))


def _own_disk(*command, size, at):
    """A shell line that runs a command on a small disk of its own, mounted at a folder."""
    script = 'mount -t tmpfs -o size="$0" tmpfs "$1" && cd "$1" && shift && "$@"'
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, size, str(at), *command]


def _has_own_disks(tmp_path):
    if not shutil.which("unshare"):
        return False
    done = subprocess.run(_own_disk("true", size="64k", at=tmp_path), capture_output=True, check=False)
    return done.returncode == 0


def test_a_full_disk_ends_with_what_was_done_kept(tmp_path):
    """A real disk of 160 KiB, which has no room for sixty images' results."""
    disk, copy = tmp_path / "disk", tmp_path / "copy"
    disk.mkdir()
    if not _has_own_disks(disk):
        pytest.skip("this system gives ordinary users no disks of their own")
    for index in range(60):
        write_image(tmp_path / "in" / f"{index:02}.png", cell_at(8 + index % 48, 20, seed=index))
    run_it = f"{sys.executable} -m edgeseg predict {MODEL} {tmp_path / 'in'} --out out"
    command = f"{run_it}; rc=$?; cp -r out {copy}; exit $rc"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        _own_disk("sh", "-c", command, size="160k", at=disk),
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert result.returncode == 2, result
    assert "the disk is full; free some space and run again" in result.stderr
    assert "Traceback" not in result.stderr
    done = read_table(copy / "images.csv")
    assert 0 < len(done) < 60
    assert all((copy / "masks" / f"{row['name']}.png").stat().st_size for row in done)
    assert len({row["image"] for row in read_table(copy / "cells.csv")}) == len(done)
    made = run(tmp_path / "in", copy)
    assert (made.earlier, len(made.images)) == (len(done), 60)


def test_a_frame_that_failed_and_came_good_is_no_failure(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(write_image(tmp_path / "whole.png").read_bytes()[:99])
    good = write_image(tmp_path / "good" / "y.png")
    first, second = (next(open_files([each]).frames) for each in (path, good))

    def frames():
        yield second
        yield first
        path.write_bytes((tmp_path / "whole.png").read_bytes())
        yield from open_files([path]).frames

    source = replace(open_files([path, good]), frames=frames())
    told = []
    made = predict(load_artifact(MODEL), source, tmp_path / "out", PredictOptions(), tell=told.append)
    assert [each.name for each in made.images] == ["y", "x"]
    assert not made.failed
    assert sorted(type(each).__name__ for each in told) == ["FailedImage", "ImageResult", "ImageResult"]
