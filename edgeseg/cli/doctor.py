"""`edgeseg doctor`."""

from __future__ import annotations

from typing import Annotated

import typer

from edgeseg.cli.console import say, say_json, table
from edgeseg.errors import CheckError


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what works on this machine, what is missing, and what to install."""
    from edgeseg.doctor.examine import examine
    from edgeseg.records import to_data

    findings = examine()
    if as_json:
        say_json({"findings": to_data(findings)})
    else:
        rows = [[each.topic, each.state, each.detail] for each in findings]
        say(table(("topic", "state", "detail"), rows, left=(0, 1, 2)))
    if any(finding.state == "broken" for finding in findings):
        raise CheckError("the edge side does not work here; see the lines marked broken")
