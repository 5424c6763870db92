import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.report.charts import cost_charts, image_chart, rows_of
from edgeseg.report.distribution import Strip, distribution
from edgeseg.report.drawing import log_ticks
from edgeseg.report.scatter import BYTES, file_points, scatter
from edgeseg.report.section import make_sections


def section_of(result):
    (section,) = make_sections([("bench.json", result)], within=0.01)
    return section


def labels(svg):
    return [
        path.get("aria-label")
        for path in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}path")
        if path.get("aria-label")
    ]


def test_every_point_says_which_file_it_is_and_what_it_costs(rich):
    section = section_of(rich)
    found = labels(scatter(file_points(rows_of(section, section.answers[0]), BYTES), BYTES, title="bytes"))
    assert sorted(found) == [
        "float32: 400.00 kB, Dice 0.9474",
        "int8: 100.00 kB, Dice 0.9474, on the Pareto front",
        "tiny: 10.00 kB, Dice 0.4615, on the Pareto front",
    ]


def test_a_setting_has_a_figure_for_bytes_time_change_and_samples(rich):
    section = section_of(rich)
    titles = [figure.title for figure in cost_charts(section, section.answers[1])]
    assert titles == [
        "Dice over bytes, litert, 2 threads",
        "Dice over time, litert, 2 threads",
        "Change of Dice from float32, litert, 2 threads",
        "Every inference, litert, 2 threads",
    ]


def test_without_quality_only_times_are_drawn(rich):
    models = tuple(
        replace(model, measurements=tuple(replace(each, quality=None) for each in model.measurements))
        for model in rich.models
    )
    section = section_of(replace(rich, models=models, dataset=None, reference=None))
    assert [figure.title for figure in cost_charts(section, section.answers[0])] == [
        "Every inference, litert, 1 thread"
    ]
    assert image_chart(rows_of(section, section.answers[0]), "litert") is None


def test_the_worst_images_are_named(rich):
    section = section_of(rich)
    found = labels(image_chart(rows_of(section, section.answers[0]), "litert").svg)
    assert "tiny: image0, Dice 0.3333" in found


def test_one_file_alone_can_be_drawn(rich):
    section = section_of(replace(rich, models=rich.models[:1]))
    assert len(cost_charts(section, section.answers[0])) == 4


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\"'&", "a\\u0041", "datum.front", "\udcff"])
def test_names_of_files_are_text(rich, name):
    odd = replace(rich.models[0], name=name + ".tflite")
    section = section_of(replace(rich, models=(odd,), reference=odd.name))
    for figure in cost_charts(section, section.answers[0]):
        ET.fromstring(figure.svg)
        assert "<script" not in figure.svg


def test_all_samples_count_in_a_strip():
    strip = Strip(label="a", samples=[1.0, 1.0, 1.0, 2.0], middle=1.0, text="a")
    svg = distribution([strip], axis="ms", logarithmic=True, title="t")
    opacities = [
        float(each) for each in re.findall(r'<path[^>]*fill="var\(--accent\)"[^>]*opacity="([\d.]+)"', svg)
    ]
    assert sorted(opacities) == pytest.approx([0.25 + 0.75 / 3, 1], abs=0.01)


@given(st.floats(-3, 6), st.floats(0.05, 4))
def test_a_logarithmic_axis_has_some_round_numbers(start, decades):
    low, high = 10**start, 10 ** (start + decades)
    ticks = log_ticks(low, high)
    assert 3 <= len(ticks) <= 12
    assert ticks == sorted(ticks)
    assert np.all((np.array(ticks) >= low) & (np.array(ticks) <= high))
