"""`edgeseg bench --on` says there by arguments what was said here."""

import json
from dataclasses import fields, replace

import pytest

from edgeseg.bench.bench_options import BenchOptions
from edgeseg.cli import app
from edgeseg.cli.bench_on import option_arguments
from edgeseg.records import to_data
from support.blob_images import write_blobs
from support.paths import MODELS

INT8 = MODELS / "blobs_int8.tflite"

CHANGED = BenchOptions(
    runtimes=("litert", "litert-builtin"), threads=(1, 2), rounds=2, seconds=0.25, samples=7,
    warmup_seconds=0.5, images=3, panels=1, timeout_seconds=9.5, memory_limit_mb=900,
)  # fmt: skip


def test_every_option_but_those_that_have_none_is_passed_on():
    default = option_arguments(BenchOptions())
    for field in fields(BenchOptions):
        changed = replace(BenchOptions(), **{field.name: getattr(CHANGED, field.name)})
        assert (option_arguments(changed) != default) == (field.name != "panels"), field.name


@pytest.mark.parametrize("options", [BenchOptions(), replace(CHANGED, panels=4)])
def test_the_arguments_make_the_same_options_there(tmp_path, options):
    out = tmp_path / "r.json"
    quick = replace(options, seconds=0.01, warmup_seconds=0.01, samples=5)
    data = write_blobs(tmp_path / "data")
    arguments = ["bench", str(INT8), "--data", str(data.root), "--out", str(out), *option_arguments(quick)]
    app(arguments, standalone_mode=False)
    assert json.loads(out.read_text())["options"] == to_data(quick)
