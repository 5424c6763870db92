import pytest

from support.serve_process import serving, write_video


@pytest.fixture(scope="session")
def video(tmp_path_factory):
    """40 frames of 96x80 with blobs that move."""
    return write_video(tmp_path_factory.mktemp("video") / "cells.avi", frames=40)


@pytest.fixture(scope="module")
def server(video):
    """One that shows the video to this machine alone."""
    with serving("--source", video, "--fps", "10") as started:
        yield started
