"""From a grey picture to its labels and its cells: what `predict` and `serve` do with every picture."""

from __future__ import annotations

import threading
from dataclasses import replace

from edgeseg.data.images import Grey8
from edgeseg.errors import ArtifactError
from edgeseg.labels.decoding import CellDecoder
from edgeseg.labels.label_rows import LabelRows
from edgeseg.labels.regions import Cell, measure_cells
from edgeseg.model import preprocessing
from edgeseg.model.artifact import Artifact
from edgeseg.model.encoding import Image, Maps
from edgeseg.model.preprocessing import Preprocessing
from edgeseg.model.segmenter import Segmenter
from edgeseg.prediction import tiling
from edgeseg.prediction.frames import Frame
from edgeseg.prediction.predict_options import PredictOptions
from edgeseg.prediction.tables import ImageResult
from edgeseg.progress import Progress, silent


class _SharedSegmenter(Segmenter):
    """A network that several threads may use, tile by tile.

    A large upload has hundreds of tiles; live frames go on in between.
    """

    def __init__(self, artifact: Artifact, *, threads: int) -> None:
        """As `Segmenter`."""
        super().__init__(artifact, threads=threads)
        self._lock = threading.Lock()

    def invoke(self, tile: Image) -> Maps:
        """As `Segmenter.invoke`, one thread at a time."""
        with self._lock:
            return super().invoke(tile)


class Pipeline:
    """A network with what is done before and after it; several threads may use it.

    Attributes:
        options: of the prediction, with the overlap that is used.
        model: the model's file name.
        assumed: what no sidecar states of the model's interface and had to be assumed, a sentence each.
    """

    def __init__(self, artifact: Artifact, options: PredictOptions) -> None:
        """Load the network.

        Args:
            artifact: the model.
            options: of the prediction.

        Raises:
            ArtifactError: the model cannot be run, takes colour images, or tiles that are too small.
            ConfigError: an overlap that does not fit the model's tiles.
        """
        self._segmenter = _SharedSegmenter(artifact, threads=options.threads)
        self._prepare = artifact.preprocessing
        _refuse_colour(self._segmenter, str(artifact.path))
        shape = self._segmenter.shape
        tiling.check_tile(shape, str(artifact.path))
        overlap = tiling.default_overlap(shape) if options.overlap is None else options.overlap
        tiling.check_overlap(overlap, shape)
        self.options, self.model = replace(options, overlap=overlap), artifact.path.name
        self.assumed = self._segmenter.interface.assumed

    def segment(self, grey: Grey8, *, progress: Progress = silent) -> LabelRows:
        """The labels of a picture.

        Args:
            grey: `(H, W)` uint8 of any size.
            progress: as of `tiling.segment`; what it raises ends the work.

        Returns:
            `(H, W)`, as of `find_labels`.
        """
        return find_labels(
            grey, self._segmenter, self._prepare,
            overlap=self.options.overlap, min_area=self.options.min_area, progress=progress,
        )  # fmt: skip

    def measure(
        self, frame: Frame, grey: Grey8, labels: LabelRows, notes: tuple[str, ...] = ()
    ) -> tuple[ImageResult, tuple[Cell, ...]]:
        """The cells of a picture.

        Args:
            frame: which picture.
            grey: the picture.
            labels: from `segment`.
            notes: what was done to bring the picture to 8-bit grey.
        """
        cells = measure_cells(labels, grey)
        found = ImageResult(
            source=frame.source, name=frame.name, label=frame.label, page=frame.page, frame=frame.number,
            seconds=frame.seconds, time=frame.time, width=grey.shape[1], height=grey.shape[0],
            cells=len(cells), mask_pixels=sum(cell.area for cell in cells), notes=notes,
        )  # fmt: skip
        return found, cells


def find_labels(
    grey: Grey8,
    segmenter: Segmenter,
    prepare: Preprocessing,
    *,
    overlap: int | None = None,
    min_area: int = 0,
    progress: Progress = silent,
) -> LabelRows:
    """The labels of a picture of any size: here, and nowhere else, a network's maps become cells.

    Args:
        grey: `(H, W)` uint8.
        segmenter: the network.
        prepare: what is done to the picture first.
        overlap: as of `tiling.segment`.
        min_area: cells of fewer pixels are none.
        progress: as of `tiling.segment`.

    Returns:
        `(H, W)`: 0 for the background, else the number of a cell, in the order of `Numbering`. How cells are
        found is said in `CellDecoder`.

    Raises:
        ConfigError: an overlap that does not fit the network's tiles.
    """
    table = preprocessing.stretch_table(grey, prepare) if prepare.kind != "scale" else None
    strips = tiling.map_strips(grey, segmenter, table=table, overlap=overlap, progress=progress)
    decode = CellDecoder(segmenter.interface)
    return decode.label(strips, (grey.shape[0], grey.shape[1]), min_area=min_area)


def _refuse_colour(segmenter: Segmenter, name: str) -> None:
    channels = segmenter.interface.channels
    if channels != 1:
        raise ArtifactError(
            f"expected a model for grey images, but {name} takes images of {channels} channels; pictures are "
            "read as grey, so its colours would be lost"
        )
