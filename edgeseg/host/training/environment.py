"""Where and with what this process computes."""

from __future__ import annotations

import importlib.metadata
import platform

from edgeseg._version import __version__
from edgeseg.host.training.record import Environment
from edgeseg.machine.kernel_files import usable_cpus

#: Those that decide the result of a training.
_PACKAGES = ("tensorflow", "tf-keras", "numpy", "opencv-python-headless")


def environment() -> Environment:
    """Look at this process, its packages and its devices."""
    from edgeseg.host.training.keras import tf  # opening a run, to see what it states, needs no TensorFlow

    return Environment(
        edgeseg=__version__,
        python=platform.python_version(),
        packages={name: importlib.metadata.version(name) for name in _PACKAGES},
        platform=platform.platform(),
        cores=len(usable_cpus()),
        gpus=tuple(
            str(tf.config.experimental.get_device_details(device).get("device_name", device.name))
            for device in tf.config.list_physical_devices("GPU")
        ),
    )
