"""What a large image takes, in a process of its own."""

import re
import subprocess
import sys

import cv2
import numpy as np
import pytest
import tifffile

from support.prediction_cases import MODEL, cell_at, write_image

SIDE = 6000

#: Runs the command and tells the most memory that the process ever had.
PEAK = """
import re, sys
from edgeseg.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
"""


def peak_bytes(image, out):
    arguments = ["predict", MODEL, image, "--out", out, "--overlap", "0", "--threads", "1"]
    result = subprocess.run(
        [sys.executable, "-c", PEAK, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return 1024 * int(re.search(r"(\d+)\s*$", result.stderr)[1])


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel tells the peak on Linux")
def test_a_large_image_takes_little_more_than_its_pixels_and_its_overlay(tmp_path):
    """Twice its bytes while it is read; then once, 1.5 for an overlay of half its sides, in colour, with what
    it is drawn from, and one for bands of labels and what is left over. Labels in 32 bits would make it 7.5.
    """
    small = peak_bytes(write_image(tmp_path / "small.png"), tmp_path / "small")
    large = write_image(tmp_path / "large.png", np.tile(cell_at(30, 20), (94, 94))[:SIDE, :SIDE])
    added = peak_bytes(large, tmp_path / "large") - small
    assert added < 4 * SIDE**2
    mask = cv2.imread(str(tmp_path / "large" / "masks" / "large.png"), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (SIDE, SIDE)
    labels = tifffile.imread(tmp_path / "large" / "labels" / "large.tif")
    assert np.array_equal(labels > 0, mask > 0)
