"""What another machine needs to measure: model files, one split of a data set and the command, as one tar."""

from __future__ import annotations

import io
import os
import shlex
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgeseg.bench.bench_options import BenchOptions
from edgeseg.bench.quality import spread
from edgeseg.data.dataset import Sample, SegmentationDataset
from edgeseg.errors import ArtifactError, ConfigError, DatasetError, EdgesegError
from edgeseg.files import csv_text, output_error
from edgeseg.model.artifact import sidecar_path

#: The file that measures; it leaves its process's number in `pid` and the result in `RESULT`.
SCRIPT, RESULT = "bench.sh", "result.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOrder:
    """A bench as it is ordered there, in the folder that the parcel is unpacked into.

    Attributes:
        models: the files.
        options: how to measure.
        data: the data set's folder, or `None`.
        split: of it.
        reference: the one of `models` that masks are compared with, or `None`.
        out: where the result goes.
    """

    models: tuple[str, ...]
    options: BenchOptions
    data: str | None
    split: str
    reference: str | None
    out: str


def part_sent(dataset: SegmentationDataset, split: str, images: int | None) -> SegmentationDataset:
    """The data set as it arrives: the samples of one split, or those of them that are measured."""
    return replace(dataset, samples=tuple(spread(dataset.split(split), images)))


def write_parcel(
    path: Path,
    models: Sequence[Path],
    *,
    dataset: SegmentationDataset | None,
    split: str,
    options: BenchOptions,
    command: str,
    arguments: Callable[[BenchOrder], Sequence[str]],
    reference: Path | None = None,
) -> None:
    """Write the tar file.

    Args:
        path: of it.
        models: different files. Where they lie to one another is kept, since their names in the result
            depend on it.
        dataset: to measure quality on, or `None`.
        split: of it; only the images of it that are measured are sent.
        options: how to measure.
        command: how edgeseg is called there, as the shell there reads it.
        arguments: how the command line states an order, the program apart.
        reference: the one of `models` that masks are compared with; none: the first float32 one.

    Raises:
        ArtifactError: a model file cannot be read.
        DatasetError: an image cannot be read, or there is no such split.
        OutputError: the disk is full.
        ConfigError: `command` is empty or has several lines, or `reference` is not one of `models`.
    """
    if not command.strip() or "\n" in command:
        raise ConfigError(f"expected a command of one line, as ~/venv/bin/edgeseg, but got {command!r}")
    names = _below_common(models)
    order = BenchOrder(
        models=tuple(names),
        options=options,
        data="data" if dataset else None,
        split=split,
        reference=_name_of(reference, models, names) if reference else None,
        out=RESULT,
    )
    script = f"echo $$ >pid\nexec {command} {shlex.join(arguments(order))}\n"
    try:
        with tarfile.open(
            path, "w", format=tarfile.GNU_FORMAT, dereference=True, errors="surrogateescape"
        ) as tar:
            _add_text(tar, SCRIPT, script)
            for model, name in zip(models, names, strict=True):
                _add_model(tar, model, name)
            if dataset:
                _add_dataset(tar, part_sent(dataset, split, options.images).samples)
    except OSError as error:
        raise output_error(path, error) from error


def _below_common(models: Sequence[Path]) -> list[str]:
    whole = [path.absolute() for path in models]
    shared = os.path.commonpath([path.parent for path in whole])
    return [f"models/{os.path.relpath(path, shared)}" for path in whole]


def _name_of(reference: Path, models: Sequence[Path], names: Sequence[str]) -> str:
    for model, name in zip(models, names, strict=True):
        if model.resolve() == reference.resolve():
            return name
    raise ConfigError(f"expected --reference to be one of the models, but {reference} is not; give it too")


def _add_model(tar: tarfile.TarFile, model: Path, name: str) -> None:
    _add(tar, model, name, error=ArtifactError)
    facts = sidecar_path(model)
    if facts.exists():
        _add(tar, facts, str(sidecar_path(Path(name))), error=ArtifactError)


def _add(tar: tarfile.TarFile, file: Path, name: str, *, error: type[EdgesegError]) -> None:
    try:
        tar.add(file, name, filter=_plain)
    except OSError as problem:
        if problem.filename is None:  # writing failed, not reading
            raise
        raise error(f"cannot read {file}: {(problem.strerror or str(problem)).lower()}") from problem


def _add_dataset(tar: tarfile.TarFile, samples: Sequence[Sample]) -> None:
    _add_text(tar, "data/splits.csv", _splits(samples))
    for sample in samples:
        _add(tar, sample.image_path, f"data/images/{sample.image_path.name}", error=DatasetError)
        truth = sample.truth_path
        _add(tar, truth, f"data/{truth.parent.name}/{truth.name}", error=DatasetError)


def _splits(samples: Sequence[Sample]) -> str:
    header = ("stem", "split", "source_image")
    return csv_text([header, *((each.stem, each.split, each.source_image) for each in samples)])


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    data = text.encode(errors="surrogateescape")
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the owner, who is somebody else there."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o644
    return entry
