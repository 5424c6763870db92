"""`edgeseg serve` as a user of a terminal meets it."""

import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeseg.cli import main
from support.blob_images import blob_image
from support.serve_process import MODEL, serve_command, serving


@pytest.fixture
def refusal(monkeypatch, capsys):
    """What a command line that cannot work says; in this process, which is faster."""

    def call(*arguments, model=MODEL):
        monkeypatch.setattr(sys, "argv", ["edgeseg", "serve", *map(str, (model, *arguments))])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert ended.value.code == 2
        assert not said.out
        assert "Traceback" not in said.err
        return said.err

    return call


def test_no_source_is_a_sentence(refusal):
    assert "--source" in refusal()


def test_a_source_that_is_not_there_is_a_sentence(refusal, tmp_path):
    assert f"at {tmp_path / 'no.avi'}" in refusal("--source", tmp_path / "no.avi")


def test_no_camera_is_a_sentence(refusal):
    assert "expected a camera at /dev/video97" in refusal("--source", "97")


def test_a_wrong_model_is_a_sentence(refusal, video):
    assert "no such file" in refusal("--source", video, model="nowhere.tflite")
    assert "error: " in refusal("--source", video, model=video)


def test_a_port_in_use_is_a_sentence(refusal, video):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port} is in use" in refusal("--source", video, "--port", port)


def test_a_host_of_another_machine_is_a_sentence(refusal, video):
    assert "203.0.113.9 is none" in refusal("--source", video, "--host", "203.0.113.9")


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--port", 70000, "expected a port from 0"),
        ("--fps", 0, "more than 0 and at most 1000"),
        ("--threads", 0, "expected from 1 to 256 threads"),
        ("--overlap", 64, "expected an overlap from 0 to 32"),
        ("--min-area", -1, "least area of 0 pixels or more"),
        ("--pixel-size", 0, "pixel size above 0"),
    ],
)
def test_values_out_of_range_are_sentences(refusal, video, option, value, sentence):
    assert sentence in refusal("--source", video, option, value)


def test_without_the_extra_it_says_what_to_install(video):
    code = (
        "import sys\nsys.modules['starlette'] = sys.modules['uvicorn'] = None\n"
        "from edgeseg.cli import main\n"
        f"sys.argv = ['edgeseg', 'serve', {str(MODEL)!r}, '--source', {str(video)!r}]\nmain()\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "pip install 'edgeseg[serve]'" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_source_without_a_picture_ends_it_with_the_reason(tmp_path):
    notes = tmp_path / "notes.avi"
    notes.write_text("no video at all")
    result = subprocess.run(
        serve_command("--source", notes, "--port", 0), capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 2
    assert f"error: cannot decode {notes} as a video" in result.stderr
    assert "Traceback" not in result.stderr


def test_ctrl_c_ends_it_at_once_while_a_page_waits(video):
    """For a frame that comes in 50 seconds, longer than the end is waited for."""
    with serving("--source", video, "--fps", "0.02") as server:
        version = server.wait(lambda message: message["frames"] == 1)["version"]
        with socket.create_connection(("127.0.0.1", server.port)) as waiting:
            waiting.sendall(f"GET /message?after={version} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            result = server.interrupt()
        assert result.returncode == 130
        assert result.stderr.endswith("stopped\n")
        assert "Traceback" not in result.stderr


def test_ctrl_c_ends_it_in_the_middle_of_a_large_picture(tmp_path):
    """Of some forty seconds, longer than the end is waited for."""
    path = tmp_path / "large.png"
    assert cv2.imwrite(str(path), np.full((9000, 9000), 100, np.uint8))
    with serving("--source", path, "--overlap", 32) as server:
        time.sleep(1)
        result = server.interrupt()
        assert result.returncode == 130
        assert "Traceback" not in result.stderr


def test_a_folder_is_watched_and_a_bad_image_is_told_and_passed_over(tmp_path):
    def put(name, seed):
        assert cv2.imwrite(str(tmp_path / "made.png"), blob_image(np.random.default_rng(seed), 64)[0])
        shutil.move(tmp_path / "made.png", folder / name)

    folder = tmp_path / "watched"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    with serving("--source", folder, "--fps", "50") as server:
        put("b.png", 1)
        assert server.wait(lambda message: message["frames"] == 1)["frame"]["label"] == "b.png"
        put("c.png", 2)
        assert server.wait(lambda message: message["frames"] == 2)["frame"]["label"] == "c.png"
        told = server.wait(lambda message: message["problems"])
        assert re.search(r"cannot decode \S+a\.png: the PNG file is truncated", told["problem"])
        assert told["status"] == "running"
        assert told["problem"] in server.interrupt().stderr


def test_a_bad_picture_between_good_ones_leaves_the_last_frame_on_the_page(video, tmp_path):
    """A video that was cut off: its frames are shown, then what is missing is told."""
    cut = tmp_path / "cut.avi"
    cut.write_bytes(Path(video).read_bytes()[: video.stat().st_size * 2 // 3])
    with serving("--source", cut, "--fps", "200") as server:
        message = server.wait(lambda message: message["status"] == "ended")
        assert message["frames"] > 5
        assert message["frame"]["label"] == f"cut_f{message['frames'] - 1:06}"
        assert "was cut off or is damaged" in message["problem"]
        assert server.ask("/results/live/mask.png").status == 200
