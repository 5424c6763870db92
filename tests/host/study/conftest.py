"""What the tests of the study share."""

import pytest

from support.study_cases import plan_of


@pytest.fixture
def plan_file(tmp_path, blobs):
    """A STUDY.toml whose data set are the blobs."""
    path = tmp_path / "mine.toml"
    path.write_text(plan_of(blobs))
    return path
