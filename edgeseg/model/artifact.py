"""A model file and the facts about it: `NAME.tflite` or `NAME.tflite.xz` and, beside it, `NAME.json`.

The facts lie in a sidecar so that the measured bytes are the model's own. A file that comes with a
sidecar must have the digest that the sidecar states: flipped bytes inside the weights would load and
run silently. A file without one (made elsewhere) is taken as it is.

Size and digest in the sidecar are those of the .tflite content: the same sidecar goes with
`NAME.tflite.xz` and with the `NAME.tflite` that `xz -dk` makes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from edgeseg import files
from edgeseg.errors import ArtifactError, ConfigError, OutputError
from edgeseg.model import interface, xz
from edgeseg.model.flatbuffer import list_facts, parse_model
from edgeseg.model.interface import Interface, TensorFacts
from edgeseg.model.preprocessing import Preprocessing

#: 1: first version.
SCHEMA_VERSION = 1

#: How the names of model files end.
SUFFIXES = (".tflite", f".tflite{xz.SUFFIX}")

_IDENTIFIER = b"TFL3"


@dataclass(frozen=True)
class Artifact:
    """A model file that was read and, where it has a sidecar, found to be the one it describes.

    Attributes:
        path: the .tflite or .tflite.xz file.
        data: the bytes of the .tflite content.
        metadata: the sidecar's content, or an empty dict.
        packed_bytes: size of the file where it is a compressed container, else None.
        interface: of the network that it was made from, for a file that has no sidecar yet; else None.
    """

    path: Path
    data: bytes
    metadata: dict[str, Any]
    packed_bytes: int | None = None
    interface: Interface | None = None

    @property
    def name(self) -> str:
        """The file's name without `.tflite` or `.tflite.xz`."""
        return model_name(self.path)

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

    def fit_interface(self, inputs: Sequence[TensorFacts], outputs: Sequence[TensorFacts]) -> Interface:
        """The interface that the sidecar states, with the file's own types and scales; else by inspection.

        Args:
            inputs: of the file.
            outputs: of the file.

        Raises:
            ArtifactError: as `interface.fit_interface` and `interface.inspect_interface`.
        """
        name = str(self.path)
        if self.interface:
            return interface.fit_interface(self.interface, inputs, outputs, name=name)
        stated = self.metadata.get("interface")
        if stated is None:  # made elsewhere, or by edgeseg 0.1
            return interface.inspect_interface(inputs, outputs, name=name, own=bool(self.metadata))
        try:
            read = Interface.from_dict(stated)
        except ConfigError as error:
            raise ArtifactError(f"cannot use {sidecar_path(self.path)}: {error}") from error
        return interface.fit_interface(read, inputs, outputs, name=name)

    def find_interface(self) -> Interface:
        """The interface, without a runtime; errors as `fit_interface` and `flatbuffer.parse_model`."""
        graph = parse_model(self.data, name=str(self.path))[0]
        return self.fit_interface(list_facts(graph, graph.inputs), list_facts(graph, graph.outputs))


def is_packed(model: Path) -> bool:
    """Whether a model file is a compressed container, by its name."""
    return model.suffix == xz.SUFFIX


def model_name(model: Path) -> str:
    """The file's name without `.tflite` or `.tflite.xz`."""
    return _unpacked(model).stem


def save_artifact(path: Path, data: bytes, metadata: dict[str, Any]) -> Artifact:
    """Write a model file and its sidecar: both, or neither.

    Args:
        path: of the model file; what lies there is replaced.
        data: the bytes of the file as it is shipped.
        metadata: the sidecar's content.

    Raises:
        OutputError: one of the two cannot be written; then neither is there.
    """
    files.write_bytes(path, data)
    try:
        files.write_json(sidecar_path(path), metadata)
    except OutputError:
        path.unlink(missing_ok=True)  # a model without its facts, or with those of another, is none
        raise
    return load_artifact(path)


def sidecar_path(model: Path) -> Path:
    """Where the facts about `model` lie."""
    return _unpacked(model).with_suffix(".json")


def _unpacked(model: Path) -> Path:
    return model.with_suffix("") if is_packed(model) else model


def load_artifact(path: Path) -> Artifact:
    """Read a model file and its sidecar, and verify the one against the other.

    Raises:
        ArtifactError: missing, empty, no TFLite file, truncated, or not what the sidecar says.
    """
    data = stored = read_file(path)
    metadata = _read_sidecar(path)
    if is_packed(path):
        expected = _stated_bytes(path, metadata) if metadata else None
        data = xz.unpack(stored, name=str(path), expected=expected)
    if data[4:8] != _IDENTIFIER:
        raise ArtifactError(f"expected a .tflite model in {path}, but it is not one (no 'TFL3' at byte 4)")
    if metadata:
        _refuse_changed(path, data, metadata)
    packed_bytes = len(stored) if is_packed(path) else None
    return Artifact(path=path, data=data, metadata=metadata, packed_bytes=packed_bytes)


def _read_sidecar(path: Path) -> dict[str, Any]:
    """The facts about a model file, or an empty dict where there are none."""
    sidecar = sidecar_path(path)
    if not sidecar.exists():
        return {}
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
    return metadata


def _stated_bytes(path: Path, metadata: dict[str, Any]) -> int:
    stated = metadata.get("bytes")
    if not isinstance(stated, int) or stated < 0:
        raise ArtifactError(f"{sidecar_path(path)} states no size; export again")
    return stated


def _refuse_changed(path: Path, data: bytes, metadata: dict[str, Any]) -> None:
    stated = _stated_bytes(path, metadata)
    if stated != len(data):
        part = "content" if is_packed(path) else "file"
        raise ArtifactError(
            f"{path} has {len(data):,} bytes, but {sidecar_path(path).name} states "
            f"{stated:,}: the {part} was cut or replaced; export or copy it again"
        )
    if metadata.get("sha256") != files.sha256_bytes(data):
        raise ArtifactError(
            f"{path} was changed after its export: its SHA-256 is not the one in "
            f"{sidecar_path(path).name}; export or copy it again"
        )


def read_file(path: Path) -> bytes:
    """The bytes of a model file as they are stored.

    Raises:
        ArtifactError: missing, unreadable, empty, or no file at all.
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
    return data
