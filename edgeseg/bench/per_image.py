"""Quality image by image as a CSV file, for people who look for the images that go wrong."""

from __future__ import annotations

from edgeseg.bench.quality import ImageCounts
from edgeseg.bench.result import BenchResult
from edgeseg.files import csv_text

_COLUMNS = (
    "model", "variant", "runtime", "image", "source_image", "dice", "iou", "precision", "recall",
    "true_cells", "found_cells", "matched_cells", "cell_f1", "true_area", "found_area", "differing_pixels",
    "truth", "cell_ap", "panoptic_quality", "tells_apart",
)  # fmt: skip


def per_image_csv(result: BenchResult) -> str:
    """The text of the CSV file: a line for each model, runtime and image; areas in pixels."""
    truth = result.dataset.truth if result.dataset else ""
    rows = (
        (model.name, model.variant, runtime, *_figures(image, truth), int(model.tells_apart))
        for model in result.models
        for runtime in result.runtimes
        if (quality := model.quality(runtime))
        for image in quality.images
    )
    return csv_text([_COLUMNS, *rows])


def _figures(image: ImageCounts, truth: str) -> tuple[object, ...]:
    counts, cells = image.counts, image.cells
    shares = (counts.dice, counts.iou, counts.precision, counts.recall)
    return (
        image.stem, image.source,
        *(f"{share:.6f}" for share in shares),
        cells.true, cells.found, cells.matched, f"{cells.f1:.6f}",
        counts.tp + counts.fn, counts.tp + counts.fp,
        "" if image.differing is None else image.differing,
        truth, f"{cells.ap:.6f}",
        "" if cells.panoptic_quality is None else f"{cells.panoptic_quality:.6f}",
    )  # fmt: skip
