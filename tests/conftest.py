"""What all tests share."""

import pytest
from hypothesis import settings

from blob_images import write_blobs

settings.register_profile("edgeseg", deadline=None)  # a busy machine is no failure
settings.load_profile("edgeseg")


@pytest.fixture(scope="session")
def blobs(tmp_path_factory):
    """30 images of 64x64 with masks, divided 18 / 6 / 6."""
    return write_blobs(tmp_path_factory.mktemp("blobs"))
