"""Screenshots of a report page for the documentation: light, dark, and on a phone.

python benchmarks/report_screenshots.py report.html [--out docs/images]

Needs Chromium and its driver (`chromium`, `chromium-driver` in Debian) and the packages of the group `dev`.
"""

from __future__ import annotations

import argparse
import base64
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

#: name -> colours, width and height in CSS pixels, device pixels of one.
PICTURES = {
    "report-light": ("light", 1200, 1250, 1.0),
    "report-dark": ("dark", 1200, 1250, 1.0),
    "report-phone": ("light", 390, 1400, 1.5),
}

#: Bytes that a picture may have.
MOST_BYTES = 400_000


@contextmanager
def browser() -> Iterator[webdriver.Chrome]:
    """A headless Chromium with an empty profile."""
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium")
    if not driver or not chromium:
        sys.exit(
            "needs chromium and chromedriver; as root on Debian: apt-get install chromium chromium-driver"
        )
    with tempfile.TemporaryDirectory() as profile:
        options = Options()
        options.binary_location = chromium
        for argument in (
            "--headless=new",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={profile}",
        ):
            options.add_argument(argument)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")
        started = webdriver.Chrome(options=options, service=Service(driver))
        try:
            yield started
        finally:
            started.quit()


def picture(driver: webdriver.Chrome, page: Path, name: str) -> bytes:
    """The PNG file of one of `PICTURES`."""
    colours, width, height, scale = PICTURES[name]
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600},
    )
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": colours}]}
    )
    driver.get(page.resolve().as_uri())
    shot = base64.b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"])
    pixels = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    _, smaller = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return smaller.tobytes()


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with browser() as driver:
        for name in PICTURES:
            data = picture(driver, arguments.page, name)
            if len(data) > MOST_BYTES:
                sys.exit(f"{name} has {len(data):,} bytes, more than {MOST_BYTES:,}: make it smaller")
            path = arguments.out / f"{name}.png"
            path.write_bytes(data)
            print(f"{path}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
