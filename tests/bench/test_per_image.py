import csv
import io

from edgeseg.bench.per_image import per_image_csv


def test_every_image_of_every_measured_model_is_a_line(result):
    rows = list(csv.DictReader(io.StringIO(per_image_csv(result))))
    assert [(row["model"], row["image"]) for row in rows] == [
        ("float32.tflite", "a"), ("float32.tflite", "b ["), ("int8.tflite", "a"), ("int8.tflite", "b ["),
    ]  # fmt: skip
    first = rows[0]
    assert (first["runtime"], first["variant"], first["source_image"]) == ("litert", "float32", "a")
    assert (first["dice"], first["true_cells"], first["found_cells"]) == ("0.800000", "4", "5")
    assert {row["tells_apart"] for row in rows} == {"0"}
    assert (first["true_area"], first["found_area"], first["differing_pixels"]) == ("10", "10", "")
