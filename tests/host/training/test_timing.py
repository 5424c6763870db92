"""The Keras model, really timed in a process that loads TensorFlow."""

import pytest

from edgeseg.bench.bench_options import QUICK
from edgeseg.bench.host import HostOptions
from edgeseg.host.training.timing import measure_host


@pytest.mark.host
def test_each_batch_size_is_timed_and_the_device_named(blob_run):
    one, four = measure_host(blob_run.path, host=HostOptions(batches=(1, 4)), options=QUICK)
    assert (one.batch, four.batch) == (1, 4)
    for run in (one, four):
        assert run.failure is None
        assert run.framework.startswith("tensorflow 2.")
        assert run.device
        assert len(run.steps_ns) >= 5
        assert run.first_ns > run.summary["p50_ms"] * 1e6, "the first step traces"


@pytest.mark.host
def test_mixed_precision_and_xla_are_measured_as_asked(blob_run):
    (run,) = measure_host(
        blob_run.path, host=HostOptions(batches=(1,), precision="mixed_float16", xla=True), options=QUICK
    )
    assert run.failure is None
    assert (run.precision, run.xla) == ("mixed_float16", True)


@pytest.mark.host
def test_a_folder_that_is_no_run_is_a_failed_row_with_its_sentence(tmp_path):
    (run,) = measure_host(tmp_path, host=HostOptions(batches=(1,)), options=QUICK)
    assert run.failure.kind == "refused"
    assert "run.json" in run.failure.reason
