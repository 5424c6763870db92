from dataclasses import replace

from edgeseg.bench.table import bench_table, failure_lines, machine_line, remarks
from support.bench_results import make_audit


def rows_by_column(result):
    header, rows = bench_table(result)
    return [dict(zip(header, row, strict=True)) for row in rows]


def without_sidecars(result, **changes):
    return replace(
        result, models=tuple(replace(model, variant="unknown", **changes) for model in result.models)
    )


def test_each_measurement_is_a_row(result):
    rows = rows_by_column(result)
    assert [(row["model"], row["threads"]) for row in rows] == [
        ("float32", "1"), ("float32", "2"), ("int8", "1"), ("bad", "1"),
    ]  # fmt: skip


def test_figures_carry_their_unit(result):
    row = rows_by_column(result)[0]
    assert (row["kB"], row["gzip kB"], row["p50 ms"], row["p90"]) == ("400.0", "200.0", "20.00", "40.00")
    assert (row["peak MB"], row["model MB"], row["Dice"]) == ("60.0", "20.0", "0.8750")


def test_ratios_are_to_float32_with_as_many_threads(result):
    one, two, int8, _ = rows_by_column(result)
    assert (one["p50 x"], two["p50 x"]) == ("1.000", "1.000")
    assert (int8["bytes x"], int8["p50 x"]) == ("0.250", "0.500")


def test_without_sidecars_the_float32_model_is_known_by_its_weights(result):
    assert rows_by_column(without_sidecars(result))[2]["bytes x"] == "0.250"


def test_without_a_float32_model_there_are_no_ratios(result):
    header, _ = bench_table(without_sidecars(result, audit=make_audit(dtype="int8")))
    assert "bytes x" not in header
    assert "p50 x" not in header


def test_without_data_there_is_no_column_of_dice(result):
    models = tuple(
        replace(model, measurements=tuple(replace(each, quality=None) for each in model.measurements))
        for model in result.models
    )
    header, _ = bench_table(replace(result, models=models))
    assert "Dice" not in header


def test_a_failed_row_says_so_and_keeps_what_is_known_of_the_file(result):
    row = rows_by_column(result)[3]
    assert (row["kB"], row["p50 ms"], row["Dice"]) == ("50.0", "failed", "-")


def test_failures_are_told_once_for_all_threads(result):
    bad = result.models[2]
    failed = bad.measurements[0]
    both = replace(bad, measurements=(failed, replace(failed, threads=2)))
    assert failure_lines(replace(result, models=(both,))) == [
        "bad.tflite (litert, threads 1, 2): killed by SIGSEGV"
    ]


def test_the_machine_is_told_in_a_line(result):
    line = machine_line(result)
    assert line.startswith("Raspberry Pi 4 Model B Rev 1.4, Cortex-A72 (fp16), 4 cores, ai-edge-litert 2.3.0")


def test_a_calm_bench_has_the_remark_on_its_spread_alone(result):
    (remark,) = remarks(result)
    assert remark.startswith("float32.tflite (litert, threads 1): times vary by 50 %")


def test_a_busy_machine_is_remarked(result):
    busy = replace(result, before=replace(result.before, load_1min=3.0), models=result.models[1:])
    (remark,) = remarks(busy)
    assert "busy before the start (load 3.00 on 4 cores)" in remark


def test_a_throttled_board_is_remarked(result):
    hot = replace(result, after=replace(result.after, throttled="0x4"), models=result.models[1:])
    (remark,) = remarks(hot)
    assert "held its clock down" in remark


def test_more_threads_than_cores_are_remarked(result):
    eight = replace(result.models[1].measurements[0], threads=8)
    many = replace(result, models=(replace(result.models[1], measurements=(eight,)),))
    assert list(remarks(many)) == ["more threads than the 4 cores that are available"]
