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
from pathlib import Path

from edgeseg import files
from edgeseg.errors import ArtifactError, OutputError
from edgeseg.model import interface, xz
from edgeseg.model.flatbuffer import TensorNames, list_facts, parse_model
from edgeseg.model.interface import Interface, TensorFacts
from edgeseg.model.preprocessing import Preprocessing
from edgeseg.model.sidecar import Sidecar, read_sidecar, write_sidecar

#: How the names of model files end.
SUFFIXES = (".tflite", f".tflite{xz.SUFFIX}")

_IDENTIFIER = b"TFL3"


@dataclass(frozen=True)
class Artifact:
    """A model file that was read and, where it has a sidecar, found to be the one it describes.

    Attributes:
        path: the .tflite or .tflite.xz file.
        data: the bytes of the .tflite content.
        sidecar: what its sidecar states; None where it has none.
        packed_bytes: size of the file where it is a compressed container, else None.
        interface: of the network that it was made from, for a file that has no sidecar yet; else None.
    """

    path: Path
    data: bytes
    sidecar: Sidecar | None = None
    packed_bytes: int | None = None
    interface: Interface | None = None

    @property
    def name(self) -> str:
        """The file's name without `.tflite` or `.tflite.xz`."""
        return model_name(self.path)

    @property
    def variant(self) -> str:
        """The variant that the sidecar states, else `unknown`."""
        recipe = self.sidecar.recipe if self.sidecar else None
        return recipe.variant if recipe else "unknown"

    @property
    def names(self) -> TensorNames:
        """What the tensors are called, from the sidecar; none where the file itself has their names."""
        return self.sidecar.tensor_names if self.sidecar else ()

    @property
    def preprocessing(self) -> Preprocessing:
        """How images are prepared for this model; plain scaling where no sidecar says otherwise."""
        return self.sidecar.preprocessing if self.sidecar else Preprocessing()

    def fit_interface(self, inputs: Sequence[TensorFacts], outputs: Sequence[TensorFacts]) -> Interface:
        """The interface that the sidecar states, with the file's own types and scales; else by inspection.

        Args:
            inputs: of the file.
            outputs: of the file.

        Raises:
            ArtifactError: as `interface.fit_interface` and `interface.inspect_interface`.
        """
        stated, name = self.interface or (self.sidecar and self.sidecar.interface), str(self.path)
        if stated:
            return interface.fit_interface(stated, inputs, outputs, name=name)
        # Made elsewhere, or by edgeseg 0.1.
        return interface.inspect_interface(inputs, outputs, name=name, own=self.sidecar is not None)

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


def save_artifact(path: Path, data: bytes, sidecar: Sidecar) -> Artifact:
    """Write a model file and its sidecar: both, or neither.

    Args:
        path: of the model file; what lies there is replaced.
        data: the bytes of the file as it is shipped.
        sidecar: the facts about it.

    Raises:
        OutputError: one of the two cannot be written; then neither is there.
    """
    files.write_bytes(path, data)
    try:
        write_sidecar(sidecar_path(path), sidecar)
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
    facts = sidecar_path(path)
    sidecar = read_sidecar(facts, model=path.name) if facts.exists() else None
    if is_packed(path):
        data = xz.unpack(stored, name=str(path), expected=sidecar.bytes if sidecar else None)
    if data[4:8] != _IDENTIFIER:
        raise ArtifactError(f"expected a .tflite model in {path}, but it is not one (no 'TFL3' at byte 4)")
    if sidecar:
        _refuse_changed(path, data, sidecar)
    packed_bytes = len(stored) if is_packed(path) else None
    return Artifact(path=path, data=data, sidecar=sidecar, packed_bytes=packed_bytes)


def _refuse_changed(path: Path, data: bytes, sidecar: Sidecar) -> None:
    if sidecar.bytes != len(data):
        part = "content" if is_packed(path) else "file"
        raise ArtifactError(
            f"{path} has {len(data):,} bytes, but {sidecar_path(path).name} states "
            f"{sidecar.bytes:,}: the {part} was cut or replaced; export or copy it again"
        )
    if sidecar.sha256 != files.sha256_bytes(data):
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
