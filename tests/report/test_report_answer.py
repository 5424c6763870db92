from dataclasses import replace

import pytest

from edgeseg.metrics.cells import CellCounts
from edgeseg.report.section import make_sections
from support.bench_results import make_measurement, make_model, make_run
from support.report_results import quality_of


def section_of(result, within=0.01):
    (section,) = make_sections([("bench.json", result)], within=within)
    return section


def words(section):
    return [f"{statement} {evidence}".strip() for statement, evidence in section.statements]


def only(result, *models):
    return replace(result, models=models)


def model(name, size, *milliseconds, quality=None, variant="other"):
    run = make_run(*milliseconds)
    return make_model(name, variant, size, make_measurement(run, run, run, quality=quality))


def test_a_small_fast_file_that_finds_as_much_is_the_answer(rich):
    first, refused = words(section_of(rich))
    assert first == (
        "Ship int8: the smallest and the fastest. 100.0 kB, 11.00 ms, Dice 0.9474: +0.0000 against float32 "
        "(95 % interval +0.0000 to +0.0000: no significant difference)."
    )
    assert refused == "May lose more than is accepted: tiny."


def test_with_more_loss_accepted_the_poor_file_is_the_answer(rich):
    (first,) = words(section_of(rich, within=0.9))
    assert first.startswith("Ship tiny: the smallest and the fastest. 10.0 kB, 6.00 ms")
    assert "a significant difference" in first
    assert "no significant difference" not in first


def test_bytes_and_time_may_want_two_files(result):
    quality = quality_of(8, 9, 10)
    small, fast = (
        model("small.tflite", 1000, 50, 51, quality=quality),
        model("fast.tflite", 9000, 5, 6, quality=quality),
    )
    found = words(section_of(only(replace(result, reference="fast.tflite"), small, fast)))
    assert found[0].startswith("Ship small if bytes count: the smallest. 1.0 kB, 50.00 ms")
    assert found[1].startswith("Ship fast if time counts: the fastest. 9.0 kB, 5.00 ms")


def with_cells(quality, matched):
    """Ten true and ten found cells an image, so many of them matched."""
    images = tuple(replace(each, cells=CellCounts(10, 10, matched)) for each in quality.images)
    return replace(quality, images=images)


def test_a_file_that_finds_other_cells_is_refused_whatever_its_dice(result):
    good = quality_of(8, 9, 10)
    models = [
        model("float32.tflite", 9000, 10, 11, quality=with_cells(good, 9), variant="float32"),
        model("int8.tflite", 5000, 5, 6, quality=with_cells(good, 9)),
        model("tiny.tflite", 1000, 1, 2, quality=with_cells(good, 8)),
    ]
    labelled = replace(result, dataset=replace(result.dataset, truth="labels"))
    for able, answer in ((True, "int8"), (False, "tiny")):
        told = [replace(each, tells_apart=able) for each in models]
        section = section_of(only(labelled, *told))
        found, *refused = words(section)
        assert found.startswith(f"Ship {answer}: the smallest and the fastest.")
        assert ("F1 of cells 0.900: +0.0000 against float32" in found) == able
        assert refused == (["May lose more than is accepted: tiny."] if able else [])
        assert (
            "its Dice and the F1 of its cells are less than those of float32 by 0.01" in section.rule
        ) == able


def test_the_smallest_is_the_answer_where_none_is_significantly_faster(result):
    quality = quality_of(8, 9, 10)
    small = model("small.tflite", 1000, *range(100, 130), quality=quality)
    fast = model("fast.tflite", 9000, *range(99, 129), quality=quality)
    (found,) = words(section_of(only(replace(result, reference="fast.tflite"), small, fast)))
    assert found.startswith("Ship small: the smallest, and none is significantly faster. 1.0 kB")


def test_the_lower_end_of_the_interval_decides_not_the_difference(result):
    """On one image the small file loses half, on the others it gains: the mean says nothing, the end does."""
    base = model("base.tflite", 9000, 20, quality=quality_of(8, 8, 8, 8, 8, 10))
    small = model("small.tflite", 1000, 10, quality=quality_of(9, 9, 9, 9, 9, 5))
    section = section_of(only(replace(result, reference="base.tflite"), base, small))
    change = section.rows[1].change
    assert change.change > -0.01
    assert change.interval[0] < -0.01
    assert words(section)[0].startswith("Ship base: ")
    assert words(section)[1] == "May lose more than is accepted: small."


def test_tiles_of_one_image_have_no_interval_and_it_is_said(result):
    quality = quality_of(8, 9, sources=("one", "one"))
    base, small = (
        model("base.tflite", 9000, 20, quality=quality),
        model("small.tflite", 1000, 10, quality=quality),
    )
    (found,) = words(section_of(only(replace(result, reference="base.tflite"), base, small)))
    assert "no interval: the images are all tiles of one" in found


def test_without_a_reference_the_best_file_is_what_others_are_compared_with(result):
    base = model("base.tflite", 9000, 20, quality=quality_of(9, 9, 9))
    small = model("small.tflite", 1000, 10, quality=quality_of(8, 8, 8))
    section = section_of(only(replace(result, reference=None), small, base))
    assert section.base == "base"
    assert words(section)[0].startswith("Ship base: ")


def test_without_data_no_file_is_judged_by_what_it_finds(result):
    files = (model("a.tflite", 9000, 20), model("b.tflite", 1000, 10))
    section = section_of(replace(only(result, *files), dataset=None, reference=None))
    assert words(section) == [
        "Ship b: the smallest and the fastest. 1.0 kB, 10.00 ms; what it finds was not measured."
    ]
    assert section.rule == "No file is judged by what it finds, since that was not measured."


@pytest.mark.parametrize("models", [slice(2, 3), slice(0, 0)], ids=["all failed", "none"])
def test_without_a_row_there_is_no_answer(result, models):
    section = section_of(only(result, *result.models[models]))
    assert words(section)[0].startswith("No file could be measured")


def test_each_setting_has_an_answer_of_its_own(rich):
    section = section_of(rich)
    assert [answer.where for answer in section.answers] == ["litert, 1 thread", "litert, 2 threads"]
    assert [answer.fastest.values["p50_ms"] for answer in section.answers] == [11, 5.5]
