"""What a bench found: plain frozen data, with the raw samples; statistics are computed from them.

How it is written and read as a file: `result_file`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from edgeseg.bench.bench_options import BenchOptions
from edgeseg.bench.host import HostRun
from edgeseg.bench.measurement import Measurement
from edgeseg.bench.quality import QualityResult
from edgeseg.bench.size import SizeResult
from edgeseg.machine.description import Machine
from edgeseg.machine.doubts import Conditions
from edgeseg.machine.state import MachineState
from edgeseg.model.audit_record import Audit
from edgeseg.records import stored
from edgeseg.workers.failure import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetUsed:
    """The images that quality was measured on.

    Attributes:
        name: of the data set's folder.
        digest: `SegmentationDataset.digest`.
        split: `train`, `val` or `test`.
        images: how many were looked at.
        of: how many the split has.
        truth: what cells were matched with: `labels`, or the connected pieces of `masks`, as in results of
            version 0.1, which do not say so.
    """

    name: str
    digest: str
    split: str
    images: int
    of: int
    truth: str = "masks"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelResult:
    """One model file.

    Attributes:
        name: the file's name, with as much of its folder as tells it from the others.
        variant: as its sidecar states, or `unknown`.
        sha256: of the file; `None` where it could not be read or is not what its sidecar says.
        size: of the file; `None` likewise.
        audit: what is in the file; `None` where that cannot be read here.
        notes: what the audit means, in words (`audit.notes.explain`).
        measurements: one for each runtime and number of threads.
        tells_apart: whether it tells cells apart that touch; of any other file, the connected pieces of the
            mask are taken for cells.
    """

    name: str
    variant: str
    sha256: str | None
    size: SizeResult | None
    audit: Audit | None
    measurements: tuple[Measurement, ...]
    notes: tuple[str, ...] = ()
    tells_apart: bool = field(default=False, metadata=stored(omit_default=True))

    def quality(self, runtime: str) -> QualityResult | None:
        """What the model finds in a runtime, with any number of threads; `None` if it was not measured."""
        found = (each.quality for each in self.measurements if each.runtime == runtime and each.quality)
        return next(found, None)

    def measurement(self, runtime: str, threads: int) -> Measurement | None:
        """The measurement of a runtime and a number of threads; `None` if there is none."""
        for each in self.measurements:
            if (each.runtime, each.threads) == (runtime, threads):
                return each
        return None

    @property
    def is_float32(self) -> bool:
        """Whether others are compared with it: by its sidecar, or, without one, by what is in the file."""
        if self.variant == "unknown" and self.audit:
            return set(self.audit.weight_dtypes) == {"float32"}
        return self.variant == "float32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One image to look at, as PNG files in base64, which a page can show as they are.

    Attributes:
        stem: the image.
        why: why this one, as `least Dice`.
        image: grey, 8 bits.
        truth: the true mask, 0 and 255.
        masks: model -> its mask in the first runtime.
        labels: model -> its cells in the first runtime, 16 bits, 0 for the background and a number for each;
            of those models that tell cells apart.
        true_labels: the true cells likewise, where they are known (`labels/`).
    """

    stem: str
    why: str
    image: str
    truth: str
    masks: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict, metadata=stored(omit_default=True))
    true_labels: str | None = field(default=None, metadata=stored(omit_default=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchResult:
    """Everything that one bench found.

    Attributes:
        created_at: when it ended, ISO 8601, UTC.
        edgeseg: the version that measured.
        machine: where.
        before: the machine's state before the first model.
        after: and after the last.
        options: how.
        dataset: what quality was measured on, or `None`.
        runtimes: runtime -> distribution and version, as `ai-edge-litert 2.3.0`.
        reference: name of the model that others' masks are compared with, or `None`.
        complete: false where the user interrupted it.
        models: in the order given.
        panels: images to look at; empty without data.
        host: the Keras model on this machine, which is another system than the files (see `HostRun`).
    """

    DERIVED: ClassVar = frozenset({"schema_version", "doubts"})

    created_at: str
    edgeseg: str
    machine: Machine
    before: MachineState
    after: MachineState
    options: BenchOptions
    dataset: DatasetUsed | None
    runtimes: Mapping[str, str]
    reference: str | None
    complete: bool
    models: tuple[ModelResult, ...]
    panels: tuple[Panel, ...] = ()
    host: tuple[HostRun, ...] = ()

    @property
    def conditions(self) -> Conditions:
        """What the machine tells of how fit it was to measure on."""
        threads = max((each.threads for model in self.models for each in model.measurements), default=0)
        return Conditions(machine=self.machine, before=self.before, after=self.after, threads=threads)

    @property
    def matching(self) -> str:
        """How cells were told apart and matched, in words; of a result with a data set."""
        able = [model.name for model in self.models if model.tells_apart]
        by_labels = self.dataset is not None and self.dataset.truth == "labels"
        if not able and not by_labels:
            return "connected pieces, in the truth too (masks, no labels/), so that cells that touch are one"
        told = "connected pieces of each mask"
        if able:
            told = f"told apart by {'each file' if len(able) == len(self.models) else ', '.join(able)}"
        if 0 < len(able) < len(self.models):
            told += "; of the others connected pieces of the mask"
        if by_labels:
            return f"{told}; matched with the cells of labels/ (IoU at least 0.5)"
        return (
            f"{told}; matched with the connected pieces of the true masks (no labels/), in which cells that "
            "touch are one, so that telling them apart counts as an error"
        )

    @property
    def failures(self) -> list[tuple[ModelResult, Measurement, Failure]]:
        """Every measurement that failed, with its model and the reason."""
        return [
            (model, measurement, measurement.failure)
            for model in self.models
            for measurement in model.measurements
            if measurement.failure
        ]
