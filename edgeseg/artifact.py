"""A model file and the facts about it: `NAME.tflite` and, beside it, `NAME.json`.

The facts lie in a sidecar so that the measured bytes are the model's own. A file that comes with a
sidecar must have the digest that the sidecar states: flipped bytes inside the weights would load and
run silently. A file without one (made elsewhere) is taken as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from edgeseg import files
from edgeseg.config import Preprocessing
from edgeseg.errors import ArtifactError

#: 1: first version.
SCHEMA_VERSION = 1

_IDENTIFIER = b"TFL3"


@dataclass(frozen=True)
class Artifact:
    """A .tflite file that was read and, where it has a sidecar, found to be the one it describes.

    Attributes:
        path: the .tflite file.
        data: its bytes.
        metadata: the sidecar's content, or an empty dict.
    """

    path: Path
    data: bytes
    metadata: dict[str, Any]

    @property
    def name(self) -> str:
        """The file's name without `.tflite`."""
        return self.path.stem

    @property
    def variant(self) -> str:
        """The variant that the sidecar states, else `unknown`."""
        recipe = self.metadata.get("recipe")
        return str(recipe.get("variant", "unknown")) if isinstance(recipe, dict) else "unknown"

    @cached_property
    def preprocessing(self) -> Preprocessing:
        """How images are prepared for this model; plain scaling where no sidecar says otherwise."""
        stated = self.metadata.get("preprocessing")
        return Preprocessing.from_dict(stated) if stated else Preprocessing()


def sidecar_path(model: Path) -> Path:
    """Where the facts about `model` lie."""
    return model.with_suffix(".json")


def load_artifact(path: Path) -> Artifact:
    """Read a model file and its sidecar, and verify the one against the other.

    Raises:
        ArtifactError: missing, empty, no TFLite file, truncated, or not what the sidecar says.
    """
    data = read_model(path)
    sidecar = sidecar_path(path)
    if not sidecar.exists():
        return Artifact(path=path, data=data, metadata={})
    metadata = files.read_json(sidecar, kind="model metadata", error=ArtifactError)
    if "schema_version" not in metadata:
        raise ArtifactError(
            f"expected the facts about {path.name} in {sidecar}, but it states no schema_version, so edgeseg "
            "did not write it; rename one of the two, or export again"
        )
    version = metadata["schema_version"]
    if version != SCHEMA_VERSION:
        raise ArtifactError(
            f"expected schema_version {SCHEMA_VERSION} in {sidecar}, but got {version}; "
            "export again, or use the edgeseg version that made it"
        )
    _refuse_changed(path, data, metadata)
    return Artifact(path=path, data=data, metadata=metadata)


def _refuse_changed(path: Path, data: bytes, metadata: dict[str, Any]) -> None:
    stated = metadata.get("bytes")
    if stated != len(data):
        raise ArtifactError(
            f"{path} has {len(data):,} bytes, but {sidecar_path(path).name} states "
            f"{stated:,}: the file was cut or replaced; export or copy it again"
            if isinstance(stated, int)
            else f"{sidecar_path(path)} states no size; export again"
        )
    if metadata.get("sha256") != files.sha256_bytes(data):
        raise ArtifactError(
            f"{path} was changed after its export: its SHA-256 is not the one in "
            f"{sidecar_path(path).name}; export or copy it again"
        )


def read_model(path: Path) -> bytes:
    """The bytes of a file that looks like a TFLite model.

    Raises:
        ArtifactError: missing, unreadable, empty, or without the identifier `TFL3` at byte 4.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ArtifactError(f"expected a .tflite file, but {path} is a device or a pipe")
        data = path.read_bytes()
    except FileNotFoundError:
        raise ArtifactError(f"expected a .tflite model at {path}, but there is no such file") from None
    except IsADirectoryError:
        raise ArtifactError(f"expected a .tflite file, but {path} is a folder; name the file in it") from None
    except OSError as error:
        raise ArtifactError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    if not data:
        raise ArtifactError(f"expected a .tflite model in {path}, but the file is empty (0 bytes)")
    if data[4:8] != _IDENTIFIER:
        raise ArtifactError(f"expected a .tflite model in {path}, but it is not one (no 'TFL3' at byte 4)")
    return data
