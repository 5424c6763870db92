from dataclasses import replace
from pathlib import Path

import pytest

from edgeseg.bench.bench_options import BenchOptions
from edgeseg.budget.check import check_budgets
from edgeseg.budget.facts import facts_of_result
from edgeseg.budget.limits import parse_budgets
from edgeseg.budget.times import refuse_unlike, timing_of_result
from edgeseg.budget.update import update_baseline
from edgeseg.errors import ConfigError, ResultError
from edgeseg.machine.state import MachineState
from support.bench_results import make_measurement, make_model, make_run
from support.budget_cases import PATH, judge, limit

SECOND = Path("second.json")
PI = "Raspberry Pi 4 Model B Rev 1.4, Cortex-A72 (fp16), 4 cores, aarch64"


def timed(result, *milliseconds, when="2026-11-25T01:00:00+00:00"):
    """The result with one file, and these times of its inferences."""
    model = make_model("a.tflite", "int8-ptq", 1000, make_measurement(make_run(*milliseconds)))
    return replace(result, models=(model,), created_at=when)


def baseline_of(result, line='max_growth_latency = "25 %"'):
    models, timing = facts_of_result(result), timing_of_result(result)
    return update_baseline(limit(line), models, path=PATH, timing=timing)[0]


def judged(text, result, second=None):
    models = facts_of_result(result)
    return check_budgets(
        models,
        parse_budgets(text, path=PATH),
        timing=timing_of_result(result),
        second=timing_of_result(second) if second else None,
    )


def test_times_are_taken_by_runtime_and_threads_with_the_machine_in_words(result):
    timing = timing_of_result(result)
    assert timing.machine == PI
    assert timing.doubts == ()
    medians = timing.medians["float32.tflite"]
    assert {row: median.p50_ms for row, median in medians.items()} == {
        "litert, 1 thread": 20, "litert, 2 threads": 5,
    }  # fmt: skip
    assert {median.runtime for median in medians.values()} == {"ai-edge-litert 2.3.0"}


def test_a_time_beyond_its_limit_in_both_runs_breaks_it(result):
    text = baseline_of(timed(result, 20))
    (judgement,) = judged(text, timed(result, 26), timed(result, 25.5))
    assert judgement.verdict == "broken"
    assert judgement.sentence == (
        "a.tflite: latency (litert, 1 thread) 26.000 ms exceeds the limit 25.000 ms "
        "(baseline 20.000 ms + 25 %) by 1.000 ms (+4.0 %), confirmed by 25.500 ms"
    )


def test_a_time_beyond_its_limit_in_one_run_alone_is_kept(result):
    text = baseline_of(timed(result, 20))
    (judgement,) = judged(text, timed(result, 26), timed(result, 24.9))
    assert (judgement.verdict, judgement.sentence) == ("ok", "")


def test_without_a_second_run_a_time_is_unconfirmed_and_the_sentence_says_what_to_do(result):
    (judgement,) = judged(baseline_of(timed(result, 20)), timed(result, 26))
    assert judgement.verdict == "unconfirmed"
    assert judgement.sentence.endswith(
        "; bench once more in the same way and pass that result as --confirm, for it counts only then"
    )


@pytest.mark.parametrize(
    ("line", "milliseconds", "verdict"),
    [
        ('max_growth_latency = "25 %"', 25, "ok"), ('max_growth_latency = "25 %"', 25.01, "broken"),
        ("max_growth_latency = 2", 22, "ok"), ('max_growth_latency = "1.5 ms"', 21.6, "broken"),
    ],
)  # fmt: skip
def test_growth_is_in_per_cent_or_milliseconds(result, line, milliseconds, verdict):
    text, slow = baseline_of(timed(result, 20), line), timed(result, milliseconds)
    (judgement,) = judged(text, slow, timed(result, milliseconds, when="later"))
    assert judgement.verdict == verdict


def not_judged(text, result, second=None):
    (judgement,) = judged(text, result, second)
    assert judgement.verdict == "not judged"
    return judgement.sentence


def test_another_machine_is_not_judged_and_both_are_named(result):
    text = baseline_of(timed(result, 20))
    elsewhere = replace(timed(result, 90), machine=replace(result.machine, cpu="Cortex-A76"))
    assert not_judged(text, elsewhere, elsewhere) == (
        f"a.tflite: latency (litert, 1 thread) not judged: the baseline is of another machine ({PI}), this "
        f"result of {PI.replace('A72', 'A76')}; --update records one"
    )


@pytest.mark.parametrize(
    "change",
    [{"cores": 2}, {"cpu_quota": 1.5}, {"board": None}, {"architecture": "armv7l"}, {"cpu_features": ()}],
)
def test_every_part_of_a_machine_that_matters_makes_it_another(result, change):
    elsewhere = replace(timed(result, 90), machine=replace(result.machine, **change))
    assert "another machine" in not_judged(baseline_of(timed(result, 20)), elsewhere)


def test_another_version_of_the_runtime_is_not_judged(result):
    newer = replace(timed(result, 90), runtimes={"litert": "ai-edge-litert 2.4.0"})
    assert not_judged(baseline_of(timed(result, 20)), newer) == (
        "a.tflite: latency (litert, 1 thread) not judged: the baseline is of ai-edge-litert 2.3.0, "
        "this result of ai-edge-litert 2.4.0; --update records one"
    )


def test_another_number_of_threads_or_runtime_has_no_baseline(result):
    text = baseline_of(timed(result, 20))
    for other in ({"threads": 2}, {"runtime": "openvino"}):
        model = make_model("a.tflite", "int8-ptq", 1000, make_measurement(make_run(90), **other))
        changed = replace(result, models=(model,), runtimes={"litert": "x", "openvino": "y"})
        assert f"there is no baseline of it on this machine ({PI})" in not_judged(text, changed)


def test_a_busy_or_throttled_machine_is_not_judged(result):
    text = baseline_of(timed(result, 20))
    busy = replace(timed(result, 90), before=MachineState(load_1min=3.9, temperature_c=50, throttled="0x0"))
    hot = replace(timed(result, 90), after=MachineState(load_1min=0, temperature_c=85, throttled="0x4"))
    assert "the machine was busy" in not_judged(text, busy)
    assert "held its clock down" in not_judged(text, timed(result, 90), hot)


def test_model_files_hold_no_times_which_fails_nothing():
    (judgement,) = judge(limit('max_growth_latency = "25 %"'))
    assert judgement.verdict == "not judged"
    assert judgement.sentence.endswith("times are not in a model file; check the JSON of `edgeseg bench`")


def test_a_second_run_in_the_same_way_is_accepted(result):
    refuse_unlike(timed(result, 20), timed(result, 21, when="later"), path=SECOND)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda r: r, "it is the first one again; bench once more"),
        (
            lambda r: replace(r, models=(replace(r.models[0], sha256="1" * 64),)),
            r"differs in the SHA-256 of a.tflite \(0+ in the first, 1+ in the second\)",
        ),
        (lambda r: replace(r, models=()), r"the SHA-256 of a.tflite \(0+ in the first, missing in"),
        (lambda r: replace(r, machine=replace(r.machine, governor="powersave")), "differs in governor"),
        (lambda r: replace(r, runtimes={"litert": "other 1"}), "differs in the runtimes' versions"),
        (lambda r: replace(r, options=BenchOptions(threads=(1, 2), seconds=9)), "differs in seconds"),
    ],
)
def test_a_second_run_of_something_else_is_refused(result, change, sentence):
    first = timed(result, 20)
    with pytest.raises(ResultError, match=sentence):
        refuse_unlike(first, change(first), path=SECOND)


@pytest.mark.parametrize(
    "rows",
    [
        '"litert, 1 thread" = 5', '"litert, 1 thread" = { p50_ms = 5 }',
        '"litert, 1 thread" = { p50_ms = -1, runtime = "x" }',
        '"litert, 1 thread" = { p50_ms = 1, runtime = 2 }',
    ],
)  # fmt: skip
def test_a_recorded_time_that_cannot_be_meant_is_refused(rows):
    text = f'{limit("max_bytes = 1")}[latency."Pi"."a.tflite"]\n{rows}\n'
    with pytest.raises(ConfigError, match=r'expected \{ p50_ms = 1.5, runtime = .* as "litert, 1 thread" in'):
        parse_budgets(text, path=PATH)


def test_times_without_their_tables_are_refused():
    text = f'{limit("max_bytes = 1")}[latency."Pi"]\np50_ms = 3\n'
    with pytest.raises(ConfigError, match=r'expected tables \[latency."Pi"."FILE NAME"\]'):
        parse_budgets(text, path=PATH)
