"""Judgements as JUnit XML, which most CI systems show: one test case for each limit on each file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from edgeseg.budget.judgement import Judgement

#: What XML 1.0 cannot hold, not even escaped.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(judgements: Sequence[Judgement]) -> str:
    """A whole document with a trailing newline. What was not judged, or not confirmed, is `skipped`."""
    failures = sum(each.verdict == "broken" for each in judgements)
    skipped = sum(each.verdict in ("unconfirmed", "not judged") for each in judgements)
    counts = {"tests": str(len(judgements)), "failures": str(failures), "errors": "0"}
    suites = ET.Element("testsuites", counts)
    suite = ET.SubElement(suites, "testsuite", {"name": "edgeseg check", **counts, "skipped": str(skipped)})
    for each in judgements:
        name = f"{each.limit.key} ({each.row})" if each.row else each.limit.key
        case = ET.SubElement(suite, "testcase", {"classname": _legal(each.file), "name": _legal(name)})
        if each.verdict == "broken":
            failure = ET.SubElement(
                case, "failure", {"type": each.limit.key, "message": _legal(each.sentence)}
            )
            failure.text = _legal(each.sentence)
        elif each.verdict != "ok":
            ET.SubElement(case, "skipped", {"message": _legal(each.sentence)})
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
