"""The small network that doctor times."""

import re
from pathlib import Path

import edgeseg
from edgeseg.audit.audit import audit_model
from edgeseg.doctor.speed import try_speed

MODEL = Path(edgeseg.__file__).with_name("doctor") / "smoke.tflite"


def test_it_tells_times_and_their_spread_for_one_thread_and_for_all():
    found = try_speed(0.2)
    assert found.state == "ok"
    pattern = r"\d thread[s]? ([\d.]+) ms \(eight of ten from ([\d.]+) to ([\d.]+)\)"
    told = re.findall(pattern, found.detail)
    assert told
    for middle, low, high in told:
        assert 0 <= float(low) <= float(middle) <= float(high)


def test_the_network_is_small_int8_and_whole():
    assert MODEL.stat().st_size < 50_000
    audit = audit_model(MODEL.read_bytes(), name=MODEL.name)
    assert audit.partitions == 1
    assert not audit.undelegated
    assert 100e6 < audit.macs < 102e6
