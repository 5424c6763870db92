"""From a grey picture to its mask and cells, for several threads that share one network."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.data.images import Grey8
from edgeseg.model import preprocessing
from edgeseg.model.artifact import Artifact
from edgeseg.model.segmenter import Segmenter
from edgeseg.prediction import tiling
from edgeseg.prediction.cells import find_cells
from edgeseg.prediction.options import PredictOptions
from edgeseg.prediction.tables import ImageResult
from edgeseg.progress import Progress, silent
from edgeseg.serving.segmented import Segmented


class SharedSegmenter(Segmenter):
    """A network that several threads may use, tile by tile.

    A large upload has hundreds of tiles; the live frames go on in between.
    """

    def __init__(self, artifact: Artifact, **options: Any) -> None:
        """As `Segmenter`."""
        super().__init__(artifact, **options)
        self._lock = threading.Lock()

    def invoke(self, tile: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[Any], ...]:
        """As `Segmenter.invoke`, one thread at a time."""
        with self._lock:
            return super().invoke(tile)


class Pipeline:
    """What `edgeseg predict` does with a picture, kept in memory.

    Attributes:
        options: of the prediction.
        model: the model's file name.
    """

    def __init__(self, artifact: Artifact, options: PredictOptions) -> None:
        """Load the network.

        Raises:
            ArtifactError: the model cannot be run.
            ConfigError: an overlap that does not fit the model's tiles.
        """
        self.options, self.model = options, artifact.path.name
        self._prepare = artifact.preprocessing
        self._segmenter = SharedSegmenter(artifact, threads=options.threads)
        if options.overlap is not None:
            tiling.check_overlap(options.overlap, self._segmenter.shape)

    def segment(
        self, grey: Grey8, *, source: str, name: str, label: str, progress: Progress = silent, **which: Any
    ) -> Segmented:
        """Segment a picture and measure its cells.

        Args:
            grey: `(H, W)` uint8 of any size.
            source: the file or camera it is from.
            name: what its results are called.
            label: what it is called in tables.
            progress: as of `tiling.segment`; what it raises ends the work.
            **which: more of `ImageResult`: `page`, `frame`, `seconds`, `time`, `notes`.
        """
        start = time.perf_counter()
        prepared = preprocessing.apply(grey, self._prepare)
        mask = tiling.segment(prepared, self._segmenter, overlap=self.options.overlap, progress=progress)
        cells = tuple(find_cells(mask, grey, min_area=self.options.min_area))
        found = ImageResult(
            source=source, name=name, label=label, width=grey.shape[1], height=grey.shape[0],
            cells=len(cells), mask_pixels=sum(cell.area for cell in cells), **which,
        )  # fmt: skip
        return Segmented(
            found=found, grey=grey, mask=mask, cells=cells, seconds=time.perf_counter() - start
        )  # fmt: skip
