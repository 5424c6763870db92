"""What can be asked of the Keras model's times; `tests/host/training/test_timing.py` measures them."""

import pytest

from edgeseg.bench.host import HostOptions
from edgeseg.cli import app
from edgeseg.errors import ConfigError


@pytest.mark.parametrize("batches", [(), (1, 1), (0,), (-3, 1)])
def test_batches_that_cannot_be_are_refused(batches):
    with pytest.raises(ConfigError, match="expected different batch sizes from 1"):
        HostOptions(batches=batches)


def test_a_precision_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match="expected a precision float32 or mixed_float16"):
        HostOptions(precision="int3")


@pytest.mark.parametrize("option", [["--batch", "2"], ["--xla"], ["--mixed-precision"]])
def test_options_of_keras_without_a_run_are_refused(option):
    with pytest.raises(ConfigError, match="give --keras RUN too"):
        app(["bench", "m.tflite", *option], standalone_mode=False)
