from dataclasses import replace

import pytest

from edgeseg.bench.table import model_labels, shared_name, why_lines, worst_line
from edgeseg.bench.why import ratio_to_float32, why
from support.bench_results import make_audit, make_machine, make_measurement, make_model, make_run


def with_int8(result, milliseconds, *, features=(), runtime="litert", threads=1):
    """The result with one int8 file that took so long, on a processor with these features."""
    base = replace(result.models[0].measurements[0], runtime=runtime, threads=threads)
    float32 = replace(result.models[0], measurements=(base,))
    row = make_measurement(make_run(milliseconds), runtime=runtime, threads=threads)
    int8 = make_model("int8.tflite", "int8-ptq", 100_000, row)
    int8 = replace(int8, audit=make_audit(activations={"int8": 4}))
    changed = replace(
        result,
        models=(float32, int8),
        machine=make_machine(cpu_features=features),
        runtimes={runtime: f"{runtime} 1"},
    )
    return why(changed, int8, row)


def test_an_undivided_file_is_said_to_be(result):
    reasons = why(result, result.models[0], result.models[0].measurements[0])
    assert reasons == ("all 3 operators in one XNNPACK partition",)


def test_int8_without_dot_products_is_explained(result):
    assert "int8 is not faster here: this processor has no int8 dot-product instruction" in with_int8(
        result, 20
    )
    assert "int8 gains little here: this processor has no int8 dot-product instruction" in with_int8(
        result, 10
    )


def test_int8_that_is_fast_owes_it_to_dot_products(result):
    reasons = with_int8(result, 5, features=("avx2", "avx512_vnni"))
    assert "the processor has int8 dot products (avx512_vnni)" in reasons


def test_int8_that_is_slow_in_spite_of_dot_products_says_so(result):
    reasons = with_int8(result, 25, features=("dotprod",))
    start = "int8 is not faster here although the processor has dotprod: "
    assert any(each.startswith(f"{start}small layers") for each in reasons)
    other = with_int8(result, 25, features=("dotprod",), runtime="tflite-runtime")
    assert f"{start}the runtime's int8 kernels gain nothing from it" in other


@pytest.mark.parametrize(
    ("runtime", "words"),
    [
        ("litert-builtin", "without XNNPACK"),
        ("litert-reference", "slow on purpose"),
        ("tflite-runtime", "kernels of 2023"),
        ("openvino", "OpenVINO's kernels"),
    ],
)
def test_other_kernels_are_named(result, runtime, words):
    assert words in with_int8(result, 5, runtime=runtime)[0]


def test_threads_over_cores_are_told(result):
    assert "8 threads share 4 cores" in with_int8(result, 5, threads=8)


def test_notes_of_the_audit_are_reasons(result):
    model = replace(result.models[0], notes=("3 partitions because shapes are dynamic",))
    assert why(result, model, model.measurements[0])[-1] == "3 partitions because shapes are dynamic"


def test_a_failed_row_has_no_reasons(result):
    assert why(result, result.models[2], result.models[2].measurements[0]) == ()


def test_the_ratio_is_to_float32_in_the_same_runtime(result):
    row = result.models[1].measurements[0]
    assert ratio_to_float32(result, row) == 0.5
    assert ratio_to_float32(result, replace(row, runtime="openvino")) is None


def test_each_reason_is_told_once_with_its_rows(result):
    assert list(why_lines(result)) == ["all 3 operators in one XNNPACK partition: float32, int8"]


def test_files_that_differ_by_variant_alone_are_called_by_it(result):
    names = ("net_float32.tflite", "net_int8-ptq.tflite", "net_pruned.tflite.xz")
    models = tuple(replace(model, name=name) for model, name in zip(result.models, names, strict=True))
    alike = replace(result, models=models)
    assert shared_name(alike) == "net"
    assert list(model_labels(alike).values()) == ["float32", "int8-ptq", "pruned"]
    other = replace(alike, models=(replace(models[0], name="web_float32.tflite"), *models[1:]))
    assert shared_name(other) is None
    assert list(model_labels(other).values()) == ["web_float32", "net_int8-ptq", "net_pruned"]


def test_the_hardest_images_are_named(result):
    assert worst_line(result) == "least Dice of float32: a (0.800), b [ (1.000)"
