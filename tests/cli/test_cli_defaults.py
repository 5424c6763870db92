"""Help states the defaults that the options really have, those included that help is too light to load."""

import re

import pytest
from typer.main import get_command

from edgeseg.cli import app


def stated(command, option):
    """The default that help shows for an option."""
    (found,) = (each for each in get_command(app).commands[command].params if option in each.opts)
    told = re.search(r"\[default: (.*?)\]", found.help)
    return told[1] if told else str(found.default)


def calibration_count():
    from edgeseg.data.calibration import DEFAULT_COUNT

    return DEFAULT_COUNT


def layers_count():
    from edgeseg.diagnosis.against import DEFAULT_COUNT

    return DEFAULT_COUNT


def keras_batches():
    from edgeseg.bench.host import HostOptions

    return ",".join(map(str, HostOptions().batches))


def preprocessing():
    from edgeseg.model.preprocessing import Preprocessing

    return Preprocessing().kind


@pytest.mark.parametrize(
    ("command", "option", "default"),
    [
        ("export", "--calibration-count", calibration_count),
        ("quantize", "--calibration-count", calibration_count),
        ("quantize", "--preprocessing", preprocessing),
        ("inspect", "--images", layers_count),
        ("bench", "--batch", keras_batches),
    ],
)
def test_the_default_that_help_states_is_the_one_that_holds(command, option, default):
    assert stated(command, option) == str(default())
