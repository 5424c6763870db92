import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.budget.amounts import parse_size
from edgeseg.budget.facts import ModelFacts
from edgeseg.errors import ConfigError
from support.budget_cases import FACTS, FILE, facts, judge, limit, sentences


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [
        ("2 MB", 2_000_000), ("512 KiB", 524_288), ("1.5kB", 1500), ("1 GiB", 2**30), ("7 B", 7),
        (" 3 mib ", 3 * 2**20), ("2", None), ("MB", None), ("-1 MB", None), ("2 TBq", None), ("", None),
    ],
)  # fmt: skip
def test_sizes_are_read_with_their_unit(text, bytes_):
    assert parse_size(text) == bytes_


@given(st.integers(0, 10**9), st.sampled_from(["B", "kB", "MB", "KiB", "MiB"]))
def test_a_whole_size_is_exact(number, unit):
    factor = {"B": 1, "kB": 10**3, "MB": 10**6, "KiB": 2**10, "MiB": 2**20}[unit]
    assert parse_size(f"{number} {unit}") == number * factor


def test_a_violation_names_file_metric_value_limit_and_excess():
    assert sentences(limit('max_bytes = "2 MB"')) == [
        "unet-int8-ptq.tflite: bytes 2,100,000 exceeds the limit 2,000,000 by 100,000 (+5.0 %)"
    ]


def test_a_relative_limit_counts_from_the_baseline_of_the_file():
    assert sentences(limit('max_growth_bytes = "2 %"', baseline="bytes = 2_000_000")) == [
        (
            "unet-int8-ptq.tflite: bytes 2,100,000 exceeds the limit 2,040,000 (baseline 2,000,000 + 2 %) "
            "by 60,000 (+2.9 %)"
        )
    ]


def test_a_drop_of_dice_is_told_downwards():
    assert sentences(limit("max_drop_dice = 0.005", baseline="dice = 0.86")) == [
        (
            "unet-int8-ptq.tflite: dice 0.850000 is below the limit 0.855000 (baseline 0.860000 - 0.005) "
            "by 0.005000 (-0.6 %)"
        )
    ]


def test_dice_is_compared_with_a_baseline_of_the_same_images_alone():
    text = limit("max_drop_dice = 0.005", baseline='dice = 0.85\ndice_data = "these"')
    assert sentences(text, facts(dice_data="these")) == []
    sentence = r"its baseline is of other images \(these\) than this result \(those\); bench on the same"
    with pytest.raises(ConfigError, match=sentence):
        judge(text, facts(dice_data="those"))
    (kept,) = judge(limit("min_dice = 0.8", baseline='dice_data = "these"'), facts(dice_data="those"))
    assert kept.verdict == "ok"


def test_float_operators_are_named():
    floating = facts(float_operators=3, details={"float_operators": "TRANSPOSE_CONV 2, MUL 1"})
    assert sentences(limit("max_float_operators = 0"), floating) == [
        "unet-int8-ptq.tflite: float_operators 3 exceeds the limit 0 by 3: TRANSPOSE_CONV 2, MUL 1"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "max_bytes = 2099999", 'max_gzip_bytes = "1.8 MB"', "max_xz_bytes = 4", "max_macs = 2_999_999",
        "max_parameters = 1_999_999", "max_operators = 31", "max_float_operators = 4", "max_partitions = 0",
        'max_arena_bytes = "21.9 MB"', "min_dice = 0.8501",
    ],
)  # fmt: skip
def test_each_absolute_limit_is_broken_just_beyond_its_bound(line):
    (judgement,) = judge(limit(line), facts(xz_bytes=5, float_operators=5))
    assert judgement.verdict == "broken"
    assert judgement.excess > 0


@pytest.mark.parametrize(
    "line",
    [
        "max_bytes = 2100000", 'max_gzip_bytes = "1.9 MB"', "max_xz_bytes = 5", "max_macs = 3_000_000",
        "max_parameters = 2_000_000", "max_operators = 32", "max_float_operators = 5", "max_partitions = 1",
        'max_arena_bytes = "22 MB"', "min_dice = 0.85",
    ],
)  # fmt: skip
def test_each_absolute_limit_is_kept_at_its_bound(line):
    (judgement,) = judge(limit(line), facts(xz_bytes=5, float_operators=5))
    assert (judgement.verdict, judgement.sentence, judgement.excess) == ("ok", "", None)


BASELINE = """
bytes = 2_000_000
gzip_bytes = 1_899_999
xz_bytes = 4
macs = 2_000_000
parameters = 1_000_000
operators = 30
float_operators = 4
partitions = 0
arena_bytes = 20_000_000
dice = 0.86
"""


@pytest.mark.parametrize(
    "line",
    [
        'max_growth_bytes = "4.99 %"', 'max_growth_bytes = "99999 B"', "max_growth_gzip_bytes = 0",
        "max_growth_xz_bytes = 0", 'max_growth_macs = "49.99 %"', "max_growth_parameters = 999_999",
        "max_growth_operators = 1", "max_growth_float_operators = 0", "max_growth_partitions = 0",
        'max_growth_arena_bytes = "9.9 %"', 'max_drop_dice = "1 %"', "max_drop_dice = 0.009",
    ],
)  # fmt: skip
def test_each_relative_limit_is_broken_just_beyond_its_bound(line):
    model = facts(xz_bytes=5, float_operators=5)
    (judgement,) = judge(limit(line, baseline=BASELINE), model)
    assert judgement.verdict == "broken"


@pytest.mark.parametrize(
    "line",
    [
        'max_growth_bytes = "5 %"', 'max_growth_bytes = "100 kB"', "max_growth_gzip_bytes = 1",
        "max_growth_xz_bytes = 1", 'max_growth_macs = "50 %"', "max_growth_parameters = 1_000_000",
        "max_growth_operators = 2", "max_growth_float_operators = 1", "max_growth_partitions = 1",
        'max_growth_arena_bytes = "10 %"', 'max_drop_dice = "2 %"', "max_drop_dice = 0.011",
    ],
)  # fmt: skip
def test_each_relative_limit_is_kept_at_its_bound(line):
    model = facts(xz_bytes=5, float_operators=5)
    (judgement,) = judge(limit(line, baseline=BASELINE), model)
    assert judgement.verdict == "ok"


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(0, 500))
def test_growth_in_per_cent_is_judged_exactly(baseline, value, percent):
    text = limit(f'max_growth_bytes = "{percent}%"', baseline=f"bytes = {baseline}")
    (judgement,) = judge(text, facts(bytes=value))
    assert (judgement.verdict == "broken") == (100 * value > baseline * (100 + percent))


def test_an_operator_that_the_baseline_has_not_is_named():
    text = limit('operator_kinds = "baseline"', baseline='operator_kinds = ["CONV_2D", "LOGISTIC"]')
    assert sentences(text) == []
    assert sentences(text, facts(operator_kinds=("CONV_2D",))) == []
    assert sentences(text, facts(operator_kinds=("CONV_2D", "DEQUANTIZE"))) == [
        f"{FILE}: operator DEQUANTIZE is not in the baseline (CONV_2D, LOGISTIC)"
    ]


def test_operators_beyond_a_list_of_those_allowed_are_named():
    (judgement,) = judge(
        limit('operator_kinds = ["CONV_2D"]'), facts(operator_kinds=("ADD", "CONV_2D", "MUL"))
    )
    assert judgement.sentence == f"{FILE}: operators ADD, MUL are not allowed (CONV_2D)"
    assert judgement.verdict == "broken"


def test_every_pattern_that_fits_a_file_applies_to_it():
    text = (
        limit("max_bytes = 1", "*int8*") + limit("max_partitions = 0", "un*") + limit("max_bytes = 1", "v*")
    )
    found = judge(text, facts(), facts("vnet.tflite", bytes=1))
    assert [(each.file, each.limit.key, each.verdict) for each in found] == [
        (FILE, "max_bytes", "broken"), (FILE, "max_partitions", "broken"), ("vnet.tflite", "max_bytes", "ok"),
    ]  # fmt: skip


def test_a_pattern_may_name_the_folder_that_tells_files_apart():
    text = limit("max_bytes = 1", "a/*")
    found = judge(text, facts("a/m.tflite"), facts("b/m.tflite"))
    assert [each.file for each in found] == ["a/m.tflite"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (limit("max_byte = 1"), "no limit 'max_byte' in budgets.toml .*; did you mean 'max_bytes'"),
        (limit("max_dice = 0.1"), "did you mean"),
        (limit("max_latency = 5"), "did you mean 'max_growth_latency'"),
        ("[model.x]\nmax_bytes = 1", "no table 'model' in budgets.toml; did you mean 'models'"),
        ("[models]\nmax_bytes = 1", r'tables \[models."FILE NAME"\] in budgets.toml, with the quotes'),
        (limit("max_bytes = true"), "expected bytes as 2_000_000"),
        (limit('max_bytes = "2 %"'), "expected bytes as"),
        (limit("max_bytes = -1"), "expected bytes as"),
        (limit("max_bytes = 1.5"), "expected bytes as"),
        (limit('max_bytes = "2 parsec"'), "but got '2 parsec'"),
        (limit("max_partitions = 0.5"), "expected a whole number"),
        (limit('max_macs = "2 MB"'), "expected a whole number from 0 as max_macs"),
        (limit("min_dice = 86"), "expected a number from 0 to 1"),
        (limit("min_dice = nan"), "expected a number from 0 to 1"),
        (limit("min_cell_f1 = 1.1"), "expected a number from 0 to 1"),
        (limit("max_count_error = -0.1"), "expected a number from 0 as max_count_error"),
        (limit("max_cell_f1 = 0.9"), "did you mean 'min_cell_f1'"),
        (limit('max_growth_bytes = "two %"'), 'or a share of the baseline as "2 %"'),
        (limit('max_growth_latency = "2 s"'), 'expected milliseconds as 1.5 or "1.5 ms" or a share'),
        (limit("max_growth_latency = inf"), "expected milliseconds"),
        (limit('operator_kinds = "all"'), 'expected "baseline" or a list of operators'),
        (limit("operator_kinds = [1]"), 'expected "baseline" or a list of operators'),
        (limit("max_bytes = 1", baseline="bite = 3"), "no metric 'bite'"),
        (limit("max_bytes = 1", baseline='bytes = "x"'), "expected bytes"),
        (limit("max_bytes = 1", baseline='operator_kinds = "CONV_2D"'), "expected a list of operators"),
        ("[models.", "is not valid TOML"),
        ("", "there is none"),
        ('[models."*"]', "there is none"),
        (limit("max_bytes = 1", "*qat*"), r'the pattern \[models."\*qat\*"\] .* fits no file; files: unet'),
        (limit("max_growth_bytes = 1"), "max_growth_bytes of unet.* needs a baseline, .*--update records it"),
        (limit('operator_kinds = "baseline"'), "operator_kinds of unet.* needs a baseline"),
    ],
)  # fmt: skip
def test_a_budget_that_cannot_be_meant_is_refused(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        judge(text)


def test_a_limit_on_what_was_not_measured_is_refused_with_the_reason():
    values = {name: value for name, value in FACTS.items() if name != "dice"}
    model = ModelFacts(name="a.tflite", values=values, why_missing={"dice": "nobody looked"})
    with pytest.raises(ConfigError, match=r"cannot check min_dice of a.tflite: nobody looked"):
        judge(limit("min_dice = 0.5"), model)


def test_counts_are_limited_however_wrong_they_are():
    """Of 100 cells, 150 too many: an error may exceed 1."""
    wrong = facts(count_error=1.5, cell_f1=0.8)
    text = limit("max_growth_count_error = 0.1\nmin_cell_f1 = 0.85", baseline="count_error = 1.3")
    count, cells = sentences(text, wrong)
    assert "count_error 1.500000 exceeds the limit 1.400000 (baseline 1.300000 + 0.1)" in count
    assert "cell_f1 0.800000 is below the limit 0.850000" in cells
    assert sentences(limit("max_count_error = 1.5\nmin_cell_f1 = 0.8"), wrong) == []
