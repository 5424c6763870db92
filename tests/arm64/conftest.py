"""The wheel, the pictures, and what this machine answers about them."""

import os
import subprocess
import sys

import pytest

from boards import boot
from commands import ask
from debian_packages import UnavailableError
from edgeseg.data.images import write_png
from edgeseg.data.synthetic.synth import synthesize
from support.blob_images import write_blobs
from support.built_wheel import ROOT, build_wheel


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder with a data set and one image of the published model's size."""
    folder = tmp_path_factory.mktemp("pictures")
    write_blobs(folder / "data", count=9)
    write_png(folder / "large.png", synthesize(0)[0])
    return folder


@pytest.fixture(scope="session")
def here(pictures, tmp_path_factory):
    """What this machine answers."""

    def run(*arguments, cwd):
        command = [sys.executable, *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=240, cwd=cwd, env=environment
        )

    return ask(run, tmp_path_factory.mktemp("here"), pictures)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def emulated(request, wheel, tmp_path_factory):
    """A board with the wheel; the parameter says which."""
    try:
        return boot(request.param, wheel, tmp_path_factory.mktemp(request.param.name))
    except UnavailableError as error:
        if os.environ.get("EDGESEG_EMULATION") == "required":
            raise
        pytest.skip(f"no {request.param.architecture} can be emulated: {error}")


@pytest.fixture(scope="module")
def there(emulated, pictures, tmp_path_factory):
    """What the board answers."""
    return ask(emulated.run, tmp_path_factory.mktemp("there"), pictures)
