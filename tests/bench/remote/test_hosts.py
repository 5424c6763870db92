"""Measuring on another machine: this one, by a real sshd on loopback."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from edgeseg._version import __version__
from edgeseg.bench.bench_options import BenchOptions
from edgeseg.bench.remote.hosts import RemoteError, bench_on
from edgeseg.bench.remote.ssh import Host
from edgeseg.bench.result import BenchResult
from edgeseg.bench.result_file import load_result
from edgeseg.bench.run_bench import run_bench
from edgeseg.cli import app
from edgeseg.cli.bench_on import bench_arguments
from edgeseg.errors import ConfigError, EdgesegError
from support import ssh_server
from support.blob_images import write_blobs
from support.paths import MODELS

pytestmark = pytest.mark.skipif(ssh_server.MISSING is not None, reason=str(ssh_server.MISSING))

INT8, FLOAT32 = MODELS / "blobs_int8.tflite", MODELS / "blobs_float32.tflite"
QUICK = BenchOptions(rounds=1, seconds=0, samples=5, warmup_seconds=0)
QUICK_FLAGS = ["--rounds", "1", "--time", "0", "--samples", "5", "--warmup", "0"]
COMMAND = f"{shlex.quote(sys.executable)} -m edgeseg"
BOARD = Host("board")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ssh_server.running(tmp_path_factory.mktemp("ssh")) as running:
        yield running


def children_of_this_process():
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = path.read_text().rpartition(")")
            if int(rest.split()[1]) == os.getpid() and name.endswith("(ssh"):
                yield int(path.parent.name)


@pytest.fixture
def on(server):
    """Measure on one host, and see that nothing stays there."""

    def measure(*models, host=BOARD, **settings):
        given = {"options": QUICK, "command": COMMAND, "arguments": bench_arguments}
        settings = given | {"config": server.config} | settings
        (found,) = bench_on([host], list(models), **settings)
        assert server.wait_until_clean()
        return found

    return measure


def test_another_machine_finds_what_this_one_finds(on, blobs):
    here = run_bench([FLOAT32, INT8], dataset=blobs, options=QUICK)
    there = on(FLOAT32, INT8, dataset=blobs)
    assert there.dataset == here.dataset
    assert there.options == here.options
    assert there.reference == here.reference
    for mine, other in zip(here.models, there.models, strict=True):
        assert (other.name, other.sha256, other.size) == (mine.name, mine.sha256, mine.size)
        assert other.quality("litert") == mine.quality("litert")
        assert len(other.measurements[0].invoke_ns) == 5


def test_files_with_spaces_and_quotes_are_measured(on, tmp_path):
    data = write_blobs(tmp_path / "it's data")
    data.samples[0].image_path.rename(data.root / "images" / "a 'b' \"c\".png")
    data.samples[0].mask_path.rename(data.root / "masks" / "a 'b' \"c\".png")
    (data.root / "splits.csv").write_text('stem,split\n"a \'b\' ""c""",val\nblob_01,test\n')
    name = 'it\'s a "model" $(id).tflite'
    shutil.copy(INT8, tmp_path / name)
    from edgeseg.data.dataset import open_dataset

    found = on(tmp_path / name, dataset=open_dataset(data.root), split="val")
    assert found.models[0].name == name
    assert [image.stem for image in found.models[0].quality("litert").images] == ["a 'b' \"c\""]


def test_of_some_images_the_result_says_how_many(on, blobs):
    found = on(INT8, dataset=blobs, options=replace(QUICK, images=2))
    assert (found.dataset.images, found.dataset.of, found.dataset.digest) == (2, 6, blobs.digest)


def test_a_damaged_file_is_a_failed_row_and_the_others_go_on(on, tmp_path):
    (tmp_path / "cut.tflite").write_bytes(FLOAT32.read_bytes()[:20_000])
    found = on(tmp_path / "cut.tflite", INT8)
    assert [model.name for model, _, _ in found.failures] == ["cut.tflite"]
    assert found.models[1].measurements[0].runs


def test_an_error_there_is_told_in_its_own_words(on, tmp_path):
    (tmp_path / "cut.tflite").write_bytes(FLOAT32.read_bytes()[:20_000])
    found = on(tmp_path / "cut.tflite")
    assert isinstance(found, RemoteError)
    assert str(found).startswith("board: cut.tflite is damaged")


def test_a_host_that_does_not_answer_does_not_cost_the_other(server):
    dead = Host("127.0.0.1", port=ssh_server.free_port())
    failed, found = bench_on(
        [dead, BOARD], [INT8], options=QUICK, command=COMMAND, config=server.config, arguments=bench_arguments
    )
    assert isinstance(found, BenchResult)
    assert str(failed).startswith(f"no connection to {dead} (ssh: connect to host 127.0.0.1")
    assert "Connection refused" in str(failed)
    assert failed.exit_code == 1


def test_a_connection_that_breaks_is_told_and_the_other_side_cleans_up(on):
    def cut(_host, line):
        if line.startswith("Benching: 1/2"):
            for child in children_of_this_process():
                os.kill(child, signal.SIGKILL)

    options = replace(QUICK, seconds=1.5)
    assert str(on(INT8, FLOAT32, options=options, heard=cut)).startswith(
        "no connection to board (Benching: 1/2"
    )


def test_a_key_that_is_not_taken_is_told(on):
    found = on(INT8, host=Host("board", "nobody"))
    assert "no connection to nobody@board (" in str(found)
    assert "Permission denied (publickey)" in str(found)


def test_without_edgeseg_there_it_is_said_what_to_install(on):
    found = on(INT8, command="no-edgeseg-here")
    assert str(found).startswith("board has no edgeseg that is called 'no-edgeseg-here' (")
    assert "pip install edgeseg" in str(found)
    assert "--remote-command" in str(found)


def processes_that_name(text):
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if text in path.read_bytes().decode(errors="replace"):
                yield path.parent.name


@pytest.fixture
def wrapped(tmp_path):
    """An edgeseg there that does something else first; no process of its time is left there."""

    def write(first):
        path = tmp_path / "the edgeseg there"
        path.write_text(f'#!/bin/sh\n{first}\nexec {COMMAND} "$@"\n')
        path.chmod(0o755)
        return shlex.quote(str(path))

    yield write
    deadline = time.monotonic() + 10
    while left := list(processes_that_name(str(tmp_path))):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def test_another_version_there_is_refused(on, wrapped):
    found = on(INT8, command=wrapped("echo edgeseg 0.0.1; exit"))
    assert f"expected edgeseg {__version__}, as here, on board, but it has edgeseg 0.0.1" in str(found)


def test_what_comes_back_and_is_no_result_is_refused(on, wrapped):
    command = wrapped("[ ! -f pid ] || { echo '{}' >result.json; exit; }")
    assert "board sent a result that cannot be read: expected schema_version 2" in str(
        on(INT8, command=command)
    )


def test_a_machine_that_changed_the_images_is_refused(on, wrapped, blobs):
    first, second, *_ = (sample.mask_path.name for sample in blobs.split("test"))
    command = wrapped(f"[ ! -f pid ] || cp data/masks/{first} data/masks/{second}")
    assert "expected board to measure on the images that were" in str(
        on(INT8, dataset=blobs, command=command)
    )


def test_a_machine_that_has_no_place_for_the_files_is_told(server):
    away = server.temporary.rename(server.temporary.with_name("away"))
    server.temporary.write_text("no folder")
    found = bench_on(
        [BOARD], [INT8], options=QUICK, command=COMMAND, config=server.config, arguments=bench_arguments
    )
    server.temporary.unlink()
    away.rename(server.temporary)
    assert str(found[0]).startswith("board cannot take the files (mktemp: ")


def test_no_shared_connection_stays(on, server):
    assert "ControlPersist" in server.config.read_text()
    assert isinstance(on(INT8), BenchResult)
    assert not [path for path in server.config.parent.iterdir() if path.is_socket()]


def test_progress_comes_with_its_host(on):
    heard = []
    on(INT8, heard=lambda host, line: heard.append((host, line)))
    assert any(line.startswith("Benching: ") for _, line in heard)
    assert {host for host, _ in heard} == {BOARD}


def bench(*arguments):
    return [sys.executable, "-m", "edgeseg", *map(str, arguments)]


@pytest.fixture
def flags(server):
    return ["--on", "ssh://board", "--ssh-config", server.config, "--remote-command", COMMAND]


def run(*arguments, **settings):
    return subprocess.run(
        bench(*arguments), capture_output=True, text=True, timeout=120, check=False, **settings
    )


def test_one_host_gives_its_file_and_its_table(flags, blobs, tmp_path):
    out = tmp_path / "r.json"
    done = run("bench", FLOAT32, "--data", blobs.root, *QUICK_FLAGS, *flags, "--out", out)
    assert done.returncode == 0
    assert "board: Benching" in done.stderr
    assert "blobs_float32" in done.stdout
    assert load_result(out).dataset.digest == blobs.digest


def test_several_hosts_give_a_file_each_and_one_that_fails_is_told(flags, tmp_path):
    dead = f"ssh://127.0.0.1:{ssh_server.free_port()}"
    done = run("bench", INT8, *QUICK_FLAGS, *flags, "--on", dead, "--out", tmp_path / "results")
    assert done.returncode == 1
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["board.json"]
    assert "ssh://board\n" in done.stdout
    assert done.stderr.splitlines()[-1].startswith("error: no connection to 127.0.0.1:")


def start(*arguments):
    return subprocess.Popen(
        bench(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A shell that starts tests in the background lets them ignore the interrupt.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no threads here
    )  # fmt: skip


def wait_for(process, line):
    for said in process.stderr:
        if said.startswith(line):
            return
    raise AssertionError(f"it never said {line!r}")


LONG = ["--rounds", "1", "--time", "1.2", "--warmup", "0"]


def test_ctrl_c_brings_back_what_was_measured(server, flags, tmp_path):
    out = tmp_path / "r.json"
    with start("bench", INT8, FLOAT32, *LONG, *flags, "--out", out) as process:
        wait_for(process, "board: Benching: 1/2")
        os.kill(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    found = load_result(out)
    assert not found.complete
    assert [len(model.measurements) for model in found.models] == [1, 0]
    assert server.wait_until_clean()


def test_a_second_ctrl_c_waits_no_longer(server, flags, tmp_path, wrapped):
    slow = wrapped("echo started >&2; exec sleep 8")
    with start("bench", INT8, *LONG, *flags[:4], "--remote-command", slow) as process:
        wait_for(process, "board: started")
        os.kill(process.pid, signal.SIGINT)
        wait_for(process, "board: waiting for what was measured; a second Ctrl-C")
        os.kill(process.pid, signal.SIGINT)
        said, remarked = process.communicate(timeout=5)
    assert (process.returncode, said) == (130, "")
    assert remarked == "error: board: interrupted before anything was measured\n"
    assert server.wait_until_clean()


def test_a_file_of_another_time_is_not_replaced_unless_forced(flags, tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "board.json").write_text("mine")
    hosts = [*flags, "--on", f"ssh://127.0.0.1:{ssh_server.free_port()}"]
    command = ["-q", "bench", INT8, *QUICK_FLAGS, *hosts, "--out", tmp_path / "results"]
    refused = run(*command)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "board.json exists already" in refused.stderr
    assert (tmp_path / "results" / "board.json").read_text() == "mine"
    replaced = run(*command, "--force")
    assert replaced.stderr.startswith("error: no connection to 127.0.0.1:")
    assert load_result(tmp_path / "results" / "board.json").complete


def test_if_this_side_is_killed_the_other_ends_and_cleans_up(server, flags):
    with start("bench", INT8, FLOAT32, *LONG[:3], "30", *flags) as process:
        wait_for(process, "board: Benching: 0/2")
        assert server.left_behind
        process.kill()
    assert server.wait_until_clean(seconds=10)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--on", "board"], "expected ssh://"),
        (["--on", "ssh://-oProxyCommand=x"], "expected ssh://"),
        (["--ssh-config", "c"], "give --on too"),
        (["--remote-command", "c"], "give --on too"),
        (["--on", "ssh://a", "--keras", "run"], "--keras"),
        (["--on", "ssh://a", "--ssh-config", "none"], "no such file"),
        (["--on", "ssh://a", "--on", "ssh://a"], "2 times"),
        (["--on", "ssh://a", "--on", "ssh://b", "--json"], "--json"),
        (["--on", "ssh://a", "--on", "ssh://b", "--out", "r.json"], "a folder"),
        (["--on", "ssh://1", "--on", "ssh://[::1]", "--out", "r"], "the same file"),
        (["--on", "ssh://a", "--on", "ssh://b", "--per-image", "i.csv", "--data", "d"], "--per-image"),
        (["--on", "ssh://a", "--remote-command", ""], "expected a command"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_sent(tmp_path, monkeypatch, capfd, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EdgesegError, match=sentence) as refused:
        app(["bench", str(INT8), *arguments], standalone_mode=False)
    assert refused.value.exit_code == 2
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())


def test_without_ssh_it_is_said_what_is_missing(on, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EdgesegError, match="expected OpenSSH's `ssh`"):
        on(INT8)


def test_the_reference_must_be_one_of_the_models(on):
    with pytest.raises(ConfigError, match="expected --reference to be one of the models"):
        on(INT8, reference=FLOAT32)
