"""Small networks of several channels and maps."""

from dataclasses import replace

import numpy as np

from edgeseg.files import sha256, write_json
from edgeseg.model.artifact import load_artifact
from edgeseg.model.interface import MapTensor, Meaning, float_interface
from edgeseg.model.sidecar import SCHEMA_VERSION
from edgeseg.records import to_data
from support.interfaces import CELLS, cells_interface, maps_of
from support.paths import ROOT

FILES = ROOT / "tests/model/models"

#: The four maps of `rgb_4maps_*`.
CELL_MAPS = maps_of(*CELLS)

_TWO = (
    MapTensor(name="foreground", meaning=Meaning.FOREGROUND),
    MapTensor(name="centre", meaning=Meaning.CENTRE, output=1),
)

_STATED = {
    "rgb_4maps": cells_interface(32, 32, channels=3),
    "grey_2outputs": float_interface(32, 32, maps=_TWO),
    "touching": cells_interface(64, 64, bump=4, reach=32),
}


def open_network(name):
    """A file with the interface that its sidecar would state."""
    return replace(load_artifact(FILES / f"{name}.tflite"), interface=_STATED[name.rpartition("_")[0]])


def save_network(name, folder, variant):
    """The same as a file beside a sidecar that states what it must; the path."""
    artifact = open_network(name)
    path = folder / f"{name}.tflite"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(artifact.data)
    facts = {
        "schema_version": SCHEMA_VERSION, "bytes": len(artifact.data), "sha256": sha256(path),
        "recipe": {"variant": variant}, "interface": to_data(artifact.find_interface()),
    }  # fmt: skip
    write_json(path.with_suffix(".json"), facts)
    return path


def picture(channels, seed=0, size=(32, 32)):
    """Noise on a ramp, uint8, `size` for one channel, else with the channels last."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 200, size[1])[None, :, None]
    image = np.clip(ramp + rng.integers(0, 56, (*size, channels)), 0, 255).astype(np.uint8)
    return image[..., 0] if channels == 1 else image
