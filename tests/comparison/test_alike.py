"""Results that were not measured alike are refused, and the field that differs is named."""

from dataclasses import replace

import pytest

from edgeseg.comparison.alike import KINDS, parse_allowed, refuse, what_differs
from edgeseg.comparison.compare import compare_results
from edgeseg.errors import ConfigError, ResultError
from support.bench_results import make_machine, make_result

BASE = make_result()


def on(**facts):
    return replace(BASE, machine=make_machine(**facts))


def with_data(**changes):
    return replace(BASE, dataset=replace(BASE.dataset, **changes))


#: What is otherwise, its kind, and how it is told.
OTHERWISE = [
    (on(cpu="Cortex-A76"), "machine", "machine.cpu is Cortex-A72 in a and Cortex-A76 in b"),
    (on(governor="powersave"), "machine", "machine.governor is performance in a and powersave in b"),
    (on(board=None), "machine", "Rev 1.4 in a and nothing in b"),
    (on(max_mhz=1500.0), "machine", "machine.max_mhz is nothing in a and 1500.0 in b"),
    (
        on(cpu_features=("fp16", "dotprod")), "machine",
        "machine.cpu_features is fp16 in a and fp16, dotprod in b",
    ),
    (
        replace(BASE, runtimes={"litert": "ai-edge-litert 2.2.0"}), "runtime",
        "runtimes.litert is ai-edge-litert 2.3.0 in a and ai-edge-litert 2.2.0 in b",
    ),
    (
        replace(BASE, runtimes={**BASE.runtimes, "openvino": "openvino 2026.1"}), "runtime",
        "runtimes.openvino is nothing in a and openvino 2026.1 in b",
    ),
    (with_data(digest="e" * 64), "data", f"dataset.digest is {'d' * 64} in a and {'e' * 64} in b"),
    (with_data(split="val"), "data", "dataset.split is test in a and val in b"),
    (with_data(images=1), "data", "dataset.images is 2 in a and 1 in b"),
    (with_data(truth="labels"), "data", "dataset.truth is masks in a and labels in b"),
    (replace(BASE, dataset=None), "data", "dataset is blobs in a and nothing in b"),
    (
        replace(BASE, options=replace(BASE.options, threads=(1,))), "threads",
        "options.threads is 1, 2 in a and 1 in b",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("new", "kind", "told"), OTHERWISE)
def test_what_differs_is_refused_with_field_values_and_option(new, kind, told):
    with pytest.raises(ResultError) as refused:
        compare_results(BASE, new, names=("a", "b"))
    assert told in str(refused.value)
    assert str(refused.value).endswith(f"or pass --allow {kind}")


@pytest.mark.parametrize(("new", "kind", "told"), OTHERWISE)
def test_what_is_allowed_to_differ_is_compared_and_named(new, kind, told):
    found = compare_results(BASE, new, allowed={kind}, names=("a", "b"))
    assert told in found.mismatches[0].sentence("a", "b")
    assert found.to_dict()["allowed"][0]["kind"] == kind
    assert found.changes


def test_to_allow_one_kind_allows_no_other():
    new = replace(with_data(split="val"), machine=make_machine(cores=8))
    with pytest.raises(ResultError, match=r"dataset\.split .*--allow machine,data$"):
        compare_results(BASE, new, allowed={"machine"})


def test_every_difference_is_told_at_once():
    new = replace(with_data(split="val"), machine=make_machine(cores=8, libc="musl"))
    differences = what_differs(BASE, new)
    assert [each.field for each in differences] == ["machine.cores", "machine.libc", "dataset.split"]
    with pytest.raises(ResultError, match=r"machine\.cores.*; machine\.libc.*; dataset\.split"):
        refuse(differences, (), "a", "b")


@pytest.mark.parametrize("fact", [{"memory_bytes": 1}, {"python": "3.13.0"}, {"numpy": "3.0"}])
def test_what_neither_time_nor_masks_depend_on_may_differ(fact):
    assert what_differs(BASE, replace(BASE, machine=make_machine(**fact))) == []


def test_another_folder_of_the_same_images_is_the_same_data():
    assert what_differs(BASE, with_data(name="copy")) == []


def test_the_order_of_threads_says_nothing():
    assert what_differs(BASE, replace(BASE, options=replace(BASE.options, threads=(2, 1)))) == []


def test_names_are_parsed():
    assert parse_allowed("machine,threads") == {"machine", "threads"}
    assert parse_allowed(None) == frozenset()
    assert parse_allowed(",".join(KINDS)) == set(KINDS)


@pytest.mark.parametrize("text", ["", "machines", "machine,", "all"])
def test_an_unknown_name_is_refused(text):
    with pytest.raises(ConfigError, match="nothing to allow is called"):
        parse_allowed(text)
