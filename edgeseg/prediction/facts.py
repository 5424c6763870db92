"""What a run of predictions is made with: the head of `predict.json`."""

from __future__ import annotations

from dataclasses import dataclass

from edgeseg.model.preprocessing import Preprocessing
from edgeseg.prediction.predict_options import PredictOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUsed:
    """The model.

    Attributes:
        file: its path.
        sha256: of its content.
        variant: as its sidecar states.
        preprocessing: what is done to an image first.
        assumed: what no sidecar states of its interface and had to be assumed, a sentence each.
    """

    file: str
    sha256: str
    variant: str
    preprocessing: Preprocessing
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeUsed:
    """What runs the model: the name and the version of a distribution."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """All of it.

    Attributes:
        schema_version: of the manifest, and of the folder: that of the run that began it.
        edgeseg_version: that makes it.
        started: UTC, ISO 8601: when the first run into this folder was begun.
        model: that is used.
        runtime: that runs it.
        options: of the prediction.
        inputs: the files, folder or camera, of all runs into this folder.
    """

    schema_version: int
    edgeseg_version: str
    started: str
    model: ModelUsed
    runtime: RuntimeUsed
    options: PredictOptions
    inputs: tuple[str, ...]
