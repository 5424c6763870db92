"""`edgeseg doctor` as a whole."""

import json
import re
import subprocess
import sys
from pathlib import Path

from edgeseg.doctor.examine import examine


def doctor(*arguments, before=""):
    code = (
        f"import sys\n{before}\nfrom edgeseg.cli import main\n"
        f"sys.argv = ['edgeseg', 'doctor', *{arguments!r}]\nmain()\n"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_it_finds_a_runtime_that_works():
    result = doctor()
    assert result.returncode == 0
    assert re.search(r"run models\s+ok\s+ai-edge-litert", result.stdout)


def test_it_names_what_is_broken_and_exits_1():
    result = doctor(before="sys.modules['ai_edge_litert'] = sys.modules['tflite_runtime'] = None")
    assert result.returncode == 1
    assert re.search(r"run models\s+broken .*: `pip install ai-edge-litert` \(", result.stdout)


def test_json_has_the_same_findings():
    findings = json.loads(doctor("--json").stdout)["findings"]
    assert {"machine", "run models", "read images", "live page"} <= {each["topic"] for each in findings}
    assert {each["state"] for each in findings} <= {"ok", "note", "missing"}


def test_on_a_board_it_tries_the_speed_and_tells_heat_and_throttling(tmp_path):
    told = {
        "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
        "sys/class/thermal/thermal_zone0/temp": "48200\n",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
    }
    for path, content in told.items():
        (tmp_path / path).parent.mkdir(parents=True)
        Path(tmp_path / path).write_text(content)
    found = {each.topic: each for each in examine(tmp_path)}
    assert found["machine"].detail.startswith("Raspberry Pi 4 Model B Rev 1.4, ")
    assert " ms (eight of ten" in found["speed"].detail
    assert found["temperature"].detail == "48.2 degrees Celsius"
    assert found["throttling"].state == "note"
