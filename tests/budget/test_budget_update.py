from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.budget.facts import ModelFacts
from edgeseg.budget.limited import LIMITED, name_of
from edgeseg.budget.limits import parse_budgets
from edgeseg.budget.medians import Median
from edgeseg.budget.times import Timing
from edgeseg.budget.update import new_budgets, update_baseline
from edgeseg.errors import ConfigError
from support.budget_cases import FACTS, FILE, PATH, facts, judge, limit

LITERT = "ai-edge-litert 2.3.0"
ROW = "litert, 1 thread"
TIMING = Timing(
    machine="a Pi, 4 cores", doubts=(), medians={FILE: {ROW: Median(p50_ms=20.00001, runtime=LITERT)}}
)


def update(text, *models, **more):
    return update_baseline(text, models or [facts()], path=PATH, **more)


def recorded(*models):
    return update(new_budgets(models), *models)[0]


def test_a_new_file_allows_no_growth_and_holds_its_own_models():
    text = recorded(facts())
    assert {each.verdict for each in judge(text)} == {"ok"}
    for worse in (
        {"bytes": 2_142_001}, {"gzip_bytes": 1_938_001}, {"macs": 3_060_001}, {"float_operators": 1},
        {"partitions": 2}, {"arena_bytes": 22_440_001}, {"dice": 0.84}, {"operator_kinds": ("ADD",)},
    ):  # fmt: skip
        assert [each.verdict for each in judge(text, facts(**worse))].count("broken") == 1


def test_a_new_file_limits_only_what_was_measured():
    values = {name: value for name, value in FACTS.items() if name not in ("dice", "arena_bytes")}
    model = ModelFacts(name=FILE, values=values, why_missing={})
    text = recorded(model)
    assert "dice" not in text
    assert "arena" not in text
    assert {each.verdict for each in judge(text, model)} == {"ok"}


WHOLE = st.integers(0, 2**40)


@given(
    st.fixed_dictionaries(
        {
            name_of(figure): st.floats(0, 1)
            if figure.unit == "share"
            else st.lists(st.sampled_from(["ADD", "CONV_2D", "MUL"]), unique=True).map(tuple)
            if figure.unit == "kinds"
            else st.text()
            if figure.unit == "words"
            else WHOLE
            for figure in LIMITED
        }
    ),
    st.floats(0, 1e6),
)
def test_a_file_never_breaks_the_baseline_that_was_recorded_from_it(values, milliseconds):
    model = ModelFacts(name="a b.tflite", values=values, why_missing={})
    times = {"a b.tflite": {ROW: Median(p50_ms=milliseconds, runtime=LITERT)}}
    timing = replace(TIMING, medians=times)
    strict = [
        'operator_kinds = "baseline"' if figure.unit == "kinds"
        else f"max_{'drop' if figure.higher_is_better else 'growth'}_{name_of(figure)} = 0"
        for figure in LIMITED
        if figure.unit != "words"
    ]  # fmt: skip
    text, _, _ = update(limit("\n".join([*strict, "max_growth_latency = 0"])), model, timing=timing)
    found = judge(text, model, timing=timing, second=timing)
    assert len(found) == len(LIMITED)
    assert {each.verdict for each in found} == {"ok"}


COMMENTED = """\
# our budgets
[models."*int8*"]   # the Pi has 16 GB
max_bytes = "2 MB"  # agreed in May

[baseline."unet-int8-ptq.tflite"]  # v1
bytes = 2_000_000   # before pruning
partitions = 1
operator_kinds = ["CONV_2D", "MUL"]

[baseline."gone.tflite"]
bytes = 5

[latency."a Pi, 4 cores"."gone.tflite"]
"litert, 1 thread" = { p50_ms = 7.0, runtime = "ai-edge-litert 2.3.0" }
"""


def test_an_update_keeps_comments_limits_and_files_that_were_not_measured():
    text, changes, gone = update(COMMENTED)
    for line in ("# our budgets", "# the Pi has 16 GB", "# agreed in May", "# v1", "# before pruning"):
        assert line in text
    budgets = parse_budgets(text, path=PATH)
    assert budgets.baseline == {"gone.tflite": {"bytes": 5}, FILE: FACTS}
    assert budgets.latency["a Pi, 4 cores"]["gone.tflite"][ROW].p50_ms == 7
    assert gone == []
    said = list(map(str, changes))
    assert f"{FILE}: bytes 2,000,000 -> 2,100,000 (+5.0 %)" in said
    assert f"{FILE}: operator_kinds CONV_2D, MUL -> CONV_2D, LOGISTIC (+LOGISTIC -MUL)" in said
    assert f"{FILE}: macs 3,000,000 (new)" in said
    assert not any("partitions" in line for line in said)


def test_an_update_of_what_did_not_change_leaves_the_text_alone():
    text, _, _ = update(COMMENTED)
    assert update(text) == (text, [], [])


def test_pruning_drops_files_that_are_gone_and_their_times():
    text, _, gone = update(COMMENTED, prune=True)
    assert gone == ["gone.tflite"]
    assert "gone.tflite" not in text
    assert "# our budgets" in text
    assert set(parse_budgets(text, path=PATH).baseline) == {FILE}


def test_tables_in_any_order_are_updated():
    text = f'[baseline."{FILE}"]\nbytes = 1\n[models."*"]\nmax_bytes = 1\n[baseline."b.tflite"]\nbytes = 2\n'
    text, _, _ = update(text, facts(), facts("b.tflite"), facts("c.tflite"))
    assert parse_budgets(text, path=PATH).baseline == dict.fromkeys([FILE, "b.tflite", "c.tflite"], FACTS)


def test_times_are_recorded_for_files_that_have_a_limit_on_them():
    text, changes, _ = update(limit('max_growth_latency = "25 %"'), timing=TIMING)
    assert f"{FILE}: latency (litert, 1 thread) 20.001 ms (new)" in map(str, changes)
    assert parse_budgets(text, path=PATH).latency == {
        "a Pi, 4 cores": {FILE: {ROW: Median(p50_ms=20.001, runtime=LITERT)}}
    }
    assert "latency" not in update(limit("max_bytes = 1"), timing=TIMING)[0]


def test_times_of_another_machine_stay_and_those_of_this_one_are_replaced():
    text, _, _ = update(limit('max_growth_latency = "25 %"'), timing=TIMING)
    other = replace(TIMING, machine="a laptop")
    faster = replace(TIMING, medians={FILE: {ROW: Median(p50_ms=10, runtime="ai-edge-litert 2.4.0")}})
    text, _, _ = update(text, timing=other)
    text, changes, _ = update(text, timing=faster)
    assert f"{FILE}: latency (litert, 1 thread) 20.001 ms -> 10.000 ms (-50.0 %)" in map(str, changes)
    kept = parse_budgets(text, path=PATH).latency
    assert kept["a laptop"][FILE][ROW] == Median(p50_ms=20.001, runtime=LITERT)
    assert kept["a Pi, 4 cores"][FILE][ROW] == Median(p50_ms=10, runtime="ai-edge-litert 2.4.0")


def test_times_of_a_busy_machine_are_not_recorded():
    doubtful = replace(TIMING, doubts=("the machine was busy",))
    assert 'latency."' not in update(limit('max_growth_latency = "25 %"'), timing=doubtful)[0]


def test_an_update_refuses_a_file_that_it_does_not_understand():
    with pytest.raises(ConfigError, match="max_byte"):
        update(limit("max_byte = 1"))
