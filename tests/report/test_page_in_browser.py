"""The page in a real browser, without network: what people see and can do."""

import json
import re
from dataclasses import replace

import pytest

from edgeseg.bench.result_file import result_data
from edgeseg.report.page import page
from edgeseg.report.section import make_sections
from support.chromium import MISSING, browser
from support.report_results import make_rich

pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

HOSTILE = "<img src=x onerror=document.title='got'>\"'.tflite"


@pytest.fixture(scope="module")
def report():
    """A result, and once more with names that would do harm if they were not escaped."""
    rich = make_rich()
    odd = replace(rich.models[0], name=HOSTILE)
    hostile = replace(
        rich,
        models=(odd, *rich.models[1:]),
        reference=HOSTILE,
        dataset=replace(rich.dataset, name="<script>document.title='got'</script>"),
        panels=tuple(replace(panel, stem='"><b id=got>') for panel in rich.panels),
    )
    return make_sections([("bench.json", rich), ("<i id=got>.json", hostile)], within=0.01)


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def address(report, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page(report), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def opened(driver, address):
    """The page, fresh, on a wide screen with light colours."""
    show(driver, "light", 1200)
    driver.get_log("performance")
    driver.get_log("browser")
    driver.get(address)
    return driver


def show(driver, colours, width):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": colours}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def rows(driver):
    """The rows that are seen of the first table, as `{column: data-value}`."""
    return driver.execute_script("""
        const rows = [...document.querySelector("table.rows").tBodies[0].rows];
        const cells = (row) => [...row.cells].map(({dataset}) => [dataset.column || "file", dataset.value]);
        return rows.filter((row) => !row.hidden).map((row) => Object.fromEntries(cells(row)));
    """)


def column(driver, name):
    return [row[name] for row in rows(driver)]


def header(driver, title):
    return next(
        each
        for each in driver.find_elements("css selector", "table.rows th[aria-sort] button")
        if each.text.strip(" ▲▼") == title
    )


def test_it_opens_without_a_word_on_the_console(opened):
    assert opened.get_log("browser") == []


def test_it_asks_the_network_for_nothing(opened, address):
    messages = [json.loads(entry["message"])["message"] for entry in opened.get_log("performance")]
    asked = {
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    }
    assert {url for url in asked if not url.startswith("data:")} == {address}
    loading = opened.execute_script("""
        return [...document.querySelectorAll("[src], link, use")].map((each) => each.src || each.href || "");
    """)
    assert loading
    assert all(str(each).startswith("data:") for each in loading)


def test_a_policy_forbids_the_network_and_other_scripts(opened):
    policy = opened.find_element("css selector", "meta[http-equiv]").get_attribute("content")
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[^']+'$", policy)
    ran = "document.head.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))"
    opened.execute_script(ran)
    assert opened.execute_script("return window.ran") is None
    opened.get_log("browser")


def test_names_of_files_do_nothing(opened):
    assert opened.title == "Which file do I ship?"
    assert opened.find_elements("css selector", "#got, img[src=x]") == []
    assert HOSTILE.removesuffix(".tflite") in opened.find_element("tag name", "main").text


def test_the_answer_stands_at_the_top(opened):
    answer = opened.find_element("class name", "answer")
    assert answer.text.startswith("Ship int8: the smallest and the fastest. 100.0 kB, 11.00 ms")
    assert answer.location["y"] < 300


def test_the_numbers_of_the_table_are_those_of_the_json(opened, report):
    seen = iter(rows(opened))
    for model in result_data(report[0].result)["models"]:
        quality = model["measurements"][0]["summary"]
        for measurement in model["measurements"]:
            row = next(seen)
            for name, value in {**quality, **measurement["summary"]}.items():
                assert row.get(name, "") == ("" if value is None else str(value)), name
            assert row["raw_bytes"] == str(model["size"]["raw_bytes"])
    assert next(seen, None) is None


def test_a_press_on_a_header_sorts_and_a_second_one_turns_round(opened):
    header(opened, "file").click()
    assert column(opened, "p50_ms")[0] == ""  # the failed one, which has to go from the front to the end
    header(opened, "p50 ms").click()
    assert column(opened, "p50_ms") == ["3.0", "5.5", "6.0", "10.5", "11.0", "21.0", ""]
    header(opened, "p50 ms").click()
    assert column(opened, "p50_ms") == ["21.0", "11.0", "10.5", "6.0", "5.5", "3.0", ""]
    table = opened.find_element("class name", "rows")
    assert len(table.find_elements("css selector", "[aria-sort=descending]")) == 1
    assert table.find_elements("css selector", "[aria-sort=ascending]") == []


def test_the_keyboard_sorts_too(opened):
    from selenium.webdriver.common.keys import Keys

    button = header(opened, "file")
    opened.execute_script("arguments[0].focus()", button)
    opened.switch_to.active_element.send_keys(Keys.ENTER)
    assert column(opened, "file") == sorted(column(opened, "file"))
    assert button.find_element("xpath", "..").get_attribute("aria-sort") == "ascending"
    opened.switch_to.active_element.send_keys(Keys.SPACE)
    assert column(opened, "file") == sorted(column(opened, "file"), reverse=True)


def test_filters_leave_the_rows_that_fit_and_count_them(opened):
    form = opened.find_element("class name", "filter")
    form.find_element("name", "text").send_keys("INT8")
    assert set(column(opened, "file")) == {"int8"}
    assert form.find_element("tag name", "output").text == "2 of 7 rows"
    form.find_element("css selector", "[name=threads] option:last-child").click()
    assert column(opened, "threads") == ["2"]
    form.find_element("name", "text").clear()
    form.find_element("name", "front").click()
    assert column(opened, "file") == ["int8", "tiny"]


def test_all_columns_are_shown_on_request(opened):
    cell = opened.find_element("css selector", "td[data-column=p99_ms]")
    assert not cell.is_displayed()
    opened.find_element("name", "all").click()
    assert cell.is_displayed()


def test_a_point_says_its_name_to_pointer_and_keyboard(opened):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    tip = opened.find_element("id", "tip")
    assert not tip.is_displayed()
    points = opened.find_elements("css selector", ".chart svg path[aria-label]")
    opened.execute_script("arguments[0].scrollIntoView({block: 'center'})", points[0])
    ActionChains(opened).move_to_element(points[0]).perform()
    assert tip.text == points[0].get_attribute("aria-label")
    opened.execute_script("arguments[0].focus({preventScroll: true})", points[0])
    opened.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert tip.text == points[1].get_attribute("aria-label")
    assert opened.switch_to.active_element == points[1]


def test_a_chart_is_one_stop_of_the_tab_key(opened):
    stops = opened.execute_script("""
        return [...document.querySelectorAll(".chart svg")].map(
            (chart) => chart.querySelectorAll("[tabindex='0']").length);
    """)
    assert stops
    assert set(stops) == {1}


@pytest.mark.parametrize("width", [390, 320])
def test_on_a_phone_only_tables_scroll_sideways(driver, address, width):
    show(driver, "light", width)
    driver.get(address)
    driver.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
    wide = driver.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide[0] <= wide[1] == width
    box = driver.find_element("css selector", ".scroll:has(table.rows)")
    assert int(box.get_property("scrollWidth")) > int(box.get_property("clientWidth"))


CONTRAST = """
    const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => {
        const [r, g, b] = parse(colour).slice(0, 3).map((each) => {
            const part = each / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
        for (let each = element; each; each = each.parentElement) {
            const colour = getComputedStyle(each).backgroundColor;
            const parts = parse(colour);
            if (parts.length < 4 || parts[3] === 1) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    const worst = {};
    for (const element of document.body.querySelectorAll("*")) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!own || !element.checkVisibility() || element.closest("option")) continue;
        const style = getComputedStyle(element);
        const colour = element.closest("svg") ? style.fill : style.color;
        const [a, b] = [light(colour), light(ground(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const kind = element.className.baseVal ?? element.className;
        const name = `${element.closest("svg") ? "svg " : ""}${element.tagName} ${kind}`;
        worst[name] = Math.min(worst[name] ?? 21, ratio);
    }
    return worst;
"""


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa(driver, address, colours):
    show(driver, colours, 1200)
    driver.get(address)
    driver.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
    found = driver.execute_script(CONTRAST)
    assert {"DT ", "P caption", "svg text ", "A ", "BUTTON "} <= set(found)
    assert {name: ratio for name, ratio in found.items() if ratio < 4.5} == {}


def background(driver):
    return driver.execute_script("return getComputedStyle(document.documentElement).backgroundColor")


def test_colours_follow_the_system_and_the_button(opened, address):
    light = background(opened)
    button = opened.find_element("id", "theme")
    assert button.text == "Dark colours"
    button.click()
    dark = background(opened)
    assert dark != light
    assert button.text == "Light colours"
    show(opened, "dark", 1200)
    opened.get(address)
    assert background(opened) == dark
    opened.find_element("id", "theme").click()
    assert background(opened) == light


def test_every_image_has_a_text_and_the_page_its_landmarks(opened):
    texts = [image.get_attribute("alt") for image in opened.find_elements("tag name", "img")]
    assert len(texts) == 10  # image, truth and three masks, twice
    assert all(texts)
    assert "The mask of int8 on a: Dice 0.7500; 16 pixels too many, 16 missed" in texts
    assert opened.find_element("tag name", "html").get_attribute("lang") == "en"
    for name in ("header", "nav", "main", "footer"):
        assert len(opened.find_elements("tag name", name)) == 1
    assert [each.tag_name for each in opened.find_elements("css selector", "h1, h2")] == ["h1", "h2", "h2"]


def test_host_and_device_are_in_tables_apart(opened):
    tables = opened.find_elements("css selector", "#result-1 table")
    with_keras = [table for table in tables if "Keras model" in table.text]
    assert len(with_keras) == 1
    assert "float32.tflite" not in with_keras[0].text


def test_links_lead_to_the_results(opened):
    for link in opened.find_elements("css selector", "nav a"):
        target = link.get_attribute("href").partition("#")[2]
        assert opened.find_element("id", target).find_element("tag name", "h2").text == link.text
