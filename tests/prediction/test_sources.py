"""Frames of files, pages, videos and cameras."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from edgeseg.errors import DatasetError
from edgeseg.prediction.capture import next_number, open_camera, video_frames
from edgeseg.prediction.inputs import collect_inputs
from edgeseg.prediction.sources import image_frames, open_files
from support.prediction_cases import cell_at, moving_cell, write_image, write_stack, write_video


def test_an_image_is_one_frame_of_its_stem(tmp_path):
    (frame,) = image_frames(write_image(tmp_path / "one.png", cell_at(30, 20)))
    assert (frame.name, frame.label, frame.page, frame.number, frame.seconds) == (
        "one", "one.png", None, None, None,
    )  # fmt: skip
    assert np.array_equal(frame.read()[0], cell_at(30, 20))


def test_a_stack_gives_its_pages_one_by_one(tmp_path):
    pages = moving_cell(3)
    frames = list(image_frames(write_stack(tmp_path / "stack.tif", pages)))
    assert [frame.name for frame in frames] == ["stack_p001", "stack_p002", "stack_p003"]
    assert [frame.page for frame in frames] == [1, 2, 3]
    assert [frame.left for frame in frames] == [3, 2, 1]
    for frame, page in zip(reversed(frames), reversed(pages), strict=True):
        assert np.array_equal(frame.read()[0], page)


def test_a_cut_stack_gives_the_pages_before_and_says_which_fails(tmp_path):
    path = write_stack(tmp_path / "stack.tif", moving_cell(3))
    data = path.read_bytes()
    frames = list(image_frames(path))
    path.write_bytes(data[: len(data) // 2])
    assert np.array_equal(frames[0].read()[0], moving_cell(1)[0])
    with pytest.raises(DatasetError, match=r"page 3 of .*truncated or damaged"):
        frames[2].read()


def test_a_video_gives_frames_with_number_and_time(tmp_path):
    path = write_video(tmp_path / "film.avi", moving_cell(8), rate=4)
    seen = [(frame.name, frame.number, frame.seconds, frame.left) for frame in video_frames(path, every=3)]
    assert seen == [("film_f000000", 0, 0, 3), ("film_f000003", 3, 0.75, 2), ("film_f000006", 6, 1.5, 1)]


def test_a_frame_of_a_video_is_its_picture(tmp_path):
    """Within what Motion JPEG keeps."""
    pictures = moving_cell(5)
    path = write_video(tmp_path / "film.avi", pictures)
    for frame in video_frames(path, every=2):
        grey, notes = frame.read()
        assert notes == ("colour converted to grey",)
        assert np.abs(grey.astype(int) - pictures[frame.number]).mean() < 4


def test_frames_that_are_not_read_are_passed_over(tmp_path):
    pictures = moving_cell(5)
    *_, last = (frame for frame in video_frames(write_video(tmp_path / "film.avi", pictures), most=4))
    assert last.name == "film_f000003"


def test_a_cut_video_gives_what_it_has_and_says_what_is_missing(tmp_path):
    path = write_video(tmp_path / "film.avi", moving_cell(12))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 7 // 8])
    frames = list(video_frames(path))
    assert 2 < len(frames) < 12
    with pytest.raises(DatasetError, match=rf"states 12 frames, but no more than {len(frames) - 1} can be"):
        frames[-1].read()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", r"is empty \(0 bytes\)"), (b"no video" * 99, "cannot decode .* as a video")],
)
def test_a_file_that_is_no_video_says_so_when_read(content, sentence, tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    (frame,) = video_frames(path)
    with pytest.raises(DatasetError, match=sentence):
        frame.read()


def test_files_are_counted_through_stacks_and_videos(tmp_path):
    paths = [
        write_image(tmp_path / "a.png"),
        write_stack(tmp_path / "b.tif", moving_cell(2)),
        write_video(tmp_path / "c.avi", moving_cell(3)),
    ]
    assert [frame.left for frame in open_files(paths).frames] == [3, 3, 2, 3, 2, 1]


def test_a_camera_counts_on_and_ends_after_so_many(tmp_path):
    path = write_video(tmp_path / "film.avi", moving_cell(9))
    source = open_camera(str(path), first=7, every=2, most=3)
    assert source.live
    frames = [(frame.name, frame.number, frame.page) for frame in source.frames]
    assert frames == [("camera_f000007", 7, None), ("camera_f000009", 9, None), ("camera_f000011", 11, None)]


def test_a_camera_goes_on_after_the_results_that_are_there():
    assert next_number([]) == 0
    assert next_number(["camera_f000009", "camera_f000010", "camera_x", "film_f000099"]) == 11


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="cameras are /dev/video* on Linux")
@pytest.mark.parametrize("camera", ["77", "/dev/video77"])
def test_a_camera_that_is_not_there_is_a_sentence(camera):
    with pytest.raises(DatasetError, match="expected a camera at /dev/video77, but there is none"):
        open_camera(camera)


def test_what_gives_no_picture_is_a_sentence(tmp_path):
    (tmp_path / "text").write_text("no camera")
    with pytest.raises(DatasetError, match="gives no picture: it is used by another program"):
        open_camera(str(tmp_path / "text"))


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_camera_without_permission_is_a_sentence_with_the_cure():
    """A device that only others may read; as root, the process becomes nobody first."""
    # In a folder that nobody can enter too, which those of pytest are not.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        device = Path(folder) / "video0"
        device.touch(mode=0)
        check_camera_without_permission(device)


def check_camera_without_permission(device):
    code = (
        "import os, sys\nfrom edgeseg.errors import DatasetError\n"
        "from edgeseg.prediction.capture import open_camera\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        f"try: open_camera({str(device)!r})\n"
        "except DatasetError as error: print(error)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.startswith(f"no permission to use the camera {device}; `sudo usermod -aG video")


def test_patterns_give_images_and_videos_sorted(tmp_path):
    for name in ("b/2.png", "a/1.tif", "a/film.avi", "a/notes.txt", "top.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    def names(pattern):
        return [str(path.relative_to(tmp_path)) for path in collect_inputs([tmp_path / pattern])]

    assert names("*/*") == ["a/1.tif", "a/film.avi", "b/2.png"]
    assert names("**/*.png") == ["b/2.png", "top.png"]
    assert names("[ab]/?.*") == ["a/1.tif", "b/2.png"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path):
    path = write_image(tmp_path / "well[1].png")
    assert collect_inputs([path]) == (path,)


@pytest.mark.parametrize("pattern", ["*.png", "*.txt"])
def test_a_pattern_that_gives_nothing_is_refused(pattern, tmp_path):
    Path(tmp_path / "notes.txt").touch()
    with pytest.raises(DatasetError, match=r"expected images or videos that match .*, but there are none"):
        collect_inputs([tmp_path / pattern])
