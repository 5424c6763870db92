"""The page in a real browser, with a video as the source."""

import csv
import time

import cv2
import numpy as np
import pytest

from edgeseg.model.artifact import load_artifact
from edgeseg.prediction.predict import predict
from edgeseg.prediction.predict_options import PredictOptions
from edgeseg.prediction.sources import open_files
from support.blob_images import blob_image
from support.chromium import MISSING, browser
from support.serve_process import MODEL, serving

pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def predicted(video, tmp_path_factory):
    """What `edgeseg predict` makes of the same video."""
    out = tmp_path_factory.mktemp("predicted") / "out"
    predict(load_artifact(MODEL), open_files([video]), out, PredictOptions())
    return out


def until(truth, seconds=15):
    """Wait for something to come true, and give it."""
    end = time.monotonic() + seconds
    while not (found := truth()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def text(driver, name):
    return driver.find_element("id", name).text


def points(driver):
    """How many the curve of the chart has."""
    curve = "document.querySelector('#counts polyline')"
    return driver.execute_script(f"return {curve} ? {curve}.getAttribute('points').split(' ').length : 0")


def picture(driver):
    return driver.find_element("id", "picture").get_attribute("src")


def fetch(driver, address):
    """The bytes behind a link, as the browser gets them."""
    return bytes(driver.execute_async_script(
        """const [address, done] = arguments;
        fetch(address).then(answer => answer.arrayBuffer()).then(all => done([...new Uint8Array(all)]));""",
        address,
    ))  # fmt: skip


def links(card):
    return {each.text: each.get_attribute("href") for each in card.find_elements("tag name", "a")}


def decoded(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def upload(driver, path):
    driver.find_element("id", "file").send_keys(str(path))


def cards(driver):
    return driver.find_elements("css selector", "#results li")


@pytest.fixture
def opened(driver, server):
    driver.get_log("browser")
    driver.get(server.url)
    until(lambda: points(driver))
    return driver


def test_it_lives_until_the_source_ends_and_keeps_the_last_frame(driver, video, predicted):
    rows = list(csv.DictReader((predicted / "images.csv").read_text().splitlines()))
    driver.get_log("browser")
    with serving("--source", video, "--fps", "5") as server:
        driver.get(server.url)
        until(lambda: points(driver) >= 3)
        before, grown = picture(driver), points(driver)
        assert text(driver, "status") == "live"
        until(lambda: points(driver) > grown + 5)
        assert picture(driver) != before
        until(lambda: text(driver, "status") == "the source has ended; this is its last frame")
        assert text(driver, "caption").startswith("cells_f000039 · 96\u00d780")
        assert text(driver, "cells") == rows[-1]["cells"]
        assert points(driver) == 40
        described = driver.find_element("id", "counts").get_attribute("aria-label")
        assert f"now {rows[-1]['cells']}," in described
        bars = driver.find_elements("css selector", "#areas rect")
        assert bars
        link = driver.find_element("css selector", "a[href='/counts.csv']").get_attribute("href")
        table = list(csv.DictReader(fetch(driver, link).decode().splitlines()))
        assert [row["cells"] for row in table] == [row["cells"] for row in rows]
        assert [row["area_px"] for row in table] == [row["area_px"] for row in rows]
        assert [row["seconds"] for row in table] == [row["seconds"] for row in rows]
    until(lambda: text(driver, "status") == "no connection; trying again")
    complaints = [each for each in driver.get_log("browser") if "ERR_CONNECTION" not in each["message"]]
    assert complaints == []


def test_a_snapshot_is_what_predict_makes_of_that_frame(opened, predicted):
    before = len(cards(opened))
    opened.find_element("id", "snapshot").click()
    until(lambda: len(cards(opened)) > before)
    (card, *_) = cards(opened)
    name = card.find_element("tag name", "p").text.split(" · ")[0]
    found = links(card)
    assert list(found) == ["Overlay", "Picture", "Mask", "Labels (TIFF)", "Cells (CSV)"]
    mask = decoded(fetch(opened, found["Mask"]))
    np.testing.assert_array_equal(mask, cv2.imread(str(predicted / "masks" / f"{name}.png"), -1))
    expected = (predicted / "cells.csv").read_text().splitlines()
    rows = fetch(opened, found["Cells (CSV)"]).decode().splitlines()
    assert rows == [line for line in expected if line.startswith(("image,", f"{name},"))]
    overlay = decoded(fetch(opened, found["Overlay"]))
    assert overlay.shape == (80, 96, 3)
    drawn = cv2.imread(str(predicted / "overlays" / f"{name}.jpg"))
    assert np.abs(overlay.astype(int) - drawn).mean() < 3  # the one on disk is a JPEG


def test_views_are_chosen_with_the_keyboard(opened):
    overlay = picture(opened)
    chosen = opened.find_element("css selector", "input[value=overlay]")
    chosen.send_keys("\ue014")  # right arrow
    until(lambda: picture(opened) != overlay)
    assert opened.find_element("css selector", "input[value=image]").is_selected()


def test_a_good_image_is_segmented(opened, tmp_path):
    cv2.imwrite(str(tmp_path / "own.png"), blob_image(np.random.default_rng(3), 150)[0])
    before = len(cards(opened))
    upload(opened, tmp_path / "own.png")
    until(lambda: len(cards(opened)) > before)
    assert cards(opened)[0].text.startswith("own.png · ")
    assert text(opened, "upload-status") == ""


def test_a_text_file_that_is_named_png_is_refused(opened, tmp_path):
    (tmp_path / "fake.png").write_text("not an image")
    upload(opened, tmp_path / "fake.png")
    until(lambda: "but fake.png is none, whatever its name says" in text(opened, "upload-status"))


def test_an_image_of_too_many_bytes_is_refused(opened, tmp_path):
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(33 * 2**20)
    upload(opened, tmp_path / "large.png")
    until(lambda: "expected an image of at most 32 MiB" in text(opened, "upload-status"))


def test_names_of_files_are_text_and_no_markup(opened, tmp_path):
    name = "<img src=x onerror=alert(1)>.png"
    cv2.imwrite(str(tmp_path / "a.png"), blob_image(np.random.default_rng(3), 64)[0])
    (tmp_path / "a.png").rename(tmp_path / name)
    before = len(cards(opened))
    upload(opened, tmp_path / name)
    until(lambda: len(cards(opened)) > before)
    assert cards(opened)[0].text.startswith(name)


def test_the_page_has_no_complaints_and_fits_a_phone(opened):
    size = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    assert opened.execute_script("return document.documentElement.scrollWidth") <= 360
    opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert [each for each in opened.get_log("browser") if each["level"] == "SEVERE"] == []


def test_every_picture_field_and_chart_has_a_name(opened):
    nameless = opened.execute_script("""
        const named = node => node.getAttribute("aria-label") || node.alt || node.textContent.trim() ||
          node.labels?.[0]?.textContent.trim();
        return [...document.querySelectorAll("img, svg, button, input, a")].filter(node => !named(node))
          .map(node => node.outerHTML);""")
    assert nameless == []


def test_the_token_in_the_address_opens_the_page_and_leaves_the_address(driver, video):
    with serving("--source", video, "--host", "0.0.0.0", "--fps", "50") as server:
        address = f"http://127.0.0.1:{server.port}/"
        driver.get(address)
        assert "needs the token" in driver.page_source
        driver.get(address + server.url.partition("/?")[2].join(["?", ""]))
        until(lambda: points(driver))
        assert driver.current_url == address
