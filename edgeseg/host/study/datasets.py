"""Which data set a study is run on, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from edgeseg.data.check import check_dataset
from edgeseg.data.dataset import SegmentationDataset, open_dataset
from edgeseg.errors import ConfigError, DatasetError
from edgeseg.host.study.folder import StudyFolder
from edgeseg.host.study.plan import SYNTHETIC, StudyPlan


def split_datasets(plan: StudyPlan, given: Sequence[Path], out: Path) -> list[tuple[Path | None, Path]]:
    """A study of several data sets is one of each, in a folder of its own.

    Args:
        plan: of the study.
        given: the data sets to use instead of the plan's; empty: the plan's.
        out: the study's folder.

    Returns:
        Each data set (None: whatever the plan names) with the folder of its study.

    Raises:
        ConfigError: two data sets' folders have one name.
    """
    datasets = [Path(each) for each in given or plan.datasets]
    if len(datasets) < 2:
        return [(given[0] if given else None, out)]
    names = [each.resolve().name for each in datasets]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"expected data sets in folders of different names, but two are called {name}")
    return [(each, out / name) for each, name in zip(datasets, names, strict=True)]


def find_dataset(folder: StudyFolder, plan: StudyPlan, given: Path | None) -> SegmentationDataset | None:
    """The data set that a study is run on, or None where it is made for it (`make_dataset`).

    Args:
        folder: of the study.
        plan: of the study.
        given: instead of the plan's.

    Raises:
        ConfigError: none is named.
        DatasetError: it cannot be used.
    """
    if given is None and plan.datasets == (SYNTHETIC,):
        return None
    named = given or next(iter(plan.datasets), folder.facts().dataset.root if folder.begun else None)
    if not named:
        raise ConfigError(f"the study '{plan.name}' names no data set; name one with --dataset")
    dataset = open_dataset(Path(named))
    if not folder.begun:
        _refuse_errors(dataset.root)
    return dataset


def make_dataset(folder: StudyFolder, plan: StudyPlan) -> SegmentationDataset:
    """The data set that is made for a study; the one that is there where it was begun.

    Raises:
        ConfigError: the plan describes another one than when the study was begun.
    """
    from edgeseg.data.synthetic.synth import write_dataset

    root = folder.path / "data"
    if folder.begun and folder.plan().synthetic != plan.synthetic:
        raise ConfigError(
            f"[synthetic] is not as it was when the study in {folder.path} began; change it back, or run "
            "the study into another --out"
        )
    if not root.exists():
        write_dataset(root, **asdict(plan.synthetic))
    return open_dataset(root)


def refuse_other_data(folder: StudyFolder, dataset: SegmentationDataset) -> None:
    """Refuse another data set than the study in a folder was begun on, with a `DatasetError`."""
    if folder.begun and dataset.digest != folder.facts().dataset.digest:
        raise DatasetError(
            f"the data set {dataset.root} is not as it was when the study in {folder.path} began (its digest "
            "differs); bring back what changed, or run the study into another --out"
        )


def _refuse_errors(root: Path) -> None:
    """Read every image before the first step: better a sentence now than one for every network."""
    errors = check_dataset(root).errors
    if errors:
        raise DatasetError(
            f"{errors[0].message} ({errors[0].files[0] if errors[0].files else root}); `edgeseg data check "
            f"{root}` lists every problem ({len(errors)} errors)"
        )
