"""Which pictures are a series, and where each one stands."""

import pytest

from edgeseg.prediction.tables import ImageResult
from edgeseg.report.series import make_series


def image(name, *, source=None, page=None, frame=None, seconds=None, time="", cells=1):
    return ImageResult(
        source=source or f"{name}.png", name=name, label=f"{name}.png", width=10, height=10, cells=cells,
        mask_pixels=20, page=page, frame=frame, seconds=seconds, time=time,
    )  # fmt: skip


def at(*images):
    (series,) = make_series(images)
    return series.axis, [point.at for point in series.points]


def when(minute):
    return f"2026-01-02T03:{minute:02}:00.000+00:00"


def test_a_video_has_its_seconds():
    frames = [image(f"f{n}", source="a.avi", frame=n, seconds=n / 10) for n in range(0, 40, 10)]
    assert at(*frames) == ("seconds since the beginning", [0, 1, 2, 3])


def test_pages_of_a_stack_are_counted_whatever_the_order_they_came_in():
    pages = [image(f"p{n}", source="a.tif", page=n, time=when(0)) for n in (3, 1, 2)]
    assert at(*pages) == ("page", [1, 2, 3])


def test_images_that_came_one_after_another_have_their_times():
    images = [image(f"i{n}", time=when(n)) for n in (0, 10, 50)]
    assert at(*images) == ("minutes since 2026-01-02 03:00:00 UTC", [0, 10, 50])


@pytest.mark.parametrize(
    ("hours", "unit", "last"), [(0.05, "minutes", 3), (0.01, "seconds", 36), (4, "hours", 4), (96, "days", 4)]
)
def test_long_times_are_in_long_units(hours, unit, last):
    frames = [
        image("a", source="v", frame=0, seconds=0),
        image("b", source="v", frame=9, seconds=3600 * hours),
    ]
    assert at(*frames) == (f"{unit} since the beginning", pytest.approx([0, last]))


@pytest.mark.parametrize(
    "times", [(when(5), when(1), when(9)), (when(1), when(1), when(1)), (when(1), "", "")]
)
def test_times_that_do_not_go_upwards_tell_nothing(times):
    assert at(*(image(str(n), time=time) for n, time in enumerate(times))) == ("image", [1, 2, 3])


def test_each_source_of_several_pictures_is_a_series_and_single_images_are_one():
    series = make_series(
        [
            image("one"),
            image("p1", source="in/a.tif", page=1),
            image("two"),
            image("f0", source="b.avi", frame=0, seconds=0.0),
            image("p2", source="in/a.tif", page=2),
        ]
    )
    assert [(each.title, len(each.points)) for each in series] == [
        ("2 images", 2),
        ("a.tif", 2),
        ("b.avi", 1),
    ]
