from dataclasses import replace

import pytest

from edgeseg.bench.bench_options import QUICK, BenchOptions
from edgeseg.report.unmeasured import unmeasured, unmeasured_together
from support.bench_results import make_machine


def said(result, part):
    return any(part in sentence for sentence in unmeasured(result))


def test_what_is_never_measured_is_said(result):
    assert said(result, "Energy")


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"dataset": None}, "Quality: no data set was given"),
        ({"complete": False}, "interrupted"),
        ({"reference": None}, "Agreement of masks"),
        ({"machine": make_machine(architecture="x86_64")}, "An ARM board"),
        ({"machine": make_machine(emulated_on="an x86 processor")}, "emulated on an x86 processor"),
        ({"options": QUICK}, "Times as thoroughly as usual: 1 round of 0.2 s and 5 samples"),
        ({"options": QUICK}, "one round does not tell"),
        ({"options": BenchOptions(threads=(4,))}, "Other numbers of threads than 4"),
    ],
)
def test_what_a_result_leaves_open_is_said(result, changes, part):
    assert not said(result, part)
    assert said(replace(result, **changes), part)


def test_images_that_were_left_out_are_counted(result):
    part = "8 of the 10 images of blobs's split test"
    assert not said(result, part)
    assert said(replace(result, dataset=replace(result.dataset, of=10)), part)


def test_failed_rows_are_named_with_their_reason(result):
    assert said(result, "bad.tflite (litert, threads 1): killed by SIGSEGV")


def test_runtimes_that_were_not_used_are_named(result):
    assert said(result, "Runtimes: litert-builtin, litert-reference, tflite-runtime, openvino.")


def test_the_keras_model_is_missed_only_where_it_is_missing(result, rich):
    assert said(result, "Keras")
    assert not said(rich, "Keras")


def test_one_machine_is_said_to_be_one(result):
    other = replace(result, machine=make_machine(board="Raspberry Pi 3"))
    assert unmeasured_together([result, result]).startswith("All was measured on one machine.")
    assert unmeasured_together([result, other]).startswith("2 machines.")
