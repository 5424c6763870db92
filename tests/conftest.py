"""What all tests share."""

import os
import signal
import sys

import pytest
from hypothesis import settings

from support.blob_images import write_blobs

# A shell that starts tests in the background lets them, and all that they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Where Python is told to keep no compiled modules, each of the hundreds of processes that tests start would
# compile them all again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

settings.register_profile("edgeseg", deadline=None)  # a busy machine is no failure
settings.load_profile("edgeseg")


def pytest_collection_modifyitems(items):
    """Begin with the files that hold long tests: begun last, they would keep one worker of several."""
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session")
def blobs(tmp_path_factory):
    """30 images of 64x64 with masks, divided 18 / 6 / 6."""
    return write_blobs(tmp_path_factory.mktemp("blobs"))


@pytest.fixture(scope="session")
def blob_run(blobs, tmp_path_factory):
    """A run of a small network that has learnt the blobs; tests leave its own files as they are."""
    from edgeseg.host.training.fit import fit
    from edgeseg.host.training.run_folder import create_run
    from edgeseg.networks.training import TrainingConfig
    from edgeseg.networks.unet import UNetConfig

    network = UNetConfig(base_filters=4, levels=3, input_size=64)
    training = TrainingConfig(epochs=10, batch_size=2, crop_size=64, learning_rate=1e-2)
    run = create_run(tmp_path_factory.mktemp("runs") / "run", network, training, blobs, force=False)
    fit(run, blobs)
    return run
