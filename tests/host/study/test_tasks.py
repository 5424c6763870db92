"""The laws of the task graph."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from edgeseg.host.study.combination import Combination
from edgeseg.host.study.plan_file import StudyFile
from edgeseg.host.study.tasks import list_tasks
from edgeseg.model.recipe import RECIPES
from edgeseg.networks.training import LOSSES, OPTIMIZERS


def parse(text):
    return StudyFile(Path("x.toml"), text).plan()


BASE = parse("")

COMBINATIONS = st.builds(Combination, loss=st.sampled_from(LOSSES), optimizer=st.sampled_from(OPTIMIZERS))
PLANS = st.builds(
    lambda combinations, variants, seeds: replace(
        BASE, combinations=tuple(combinations), variants=tuple(variants), seeds=tuple(seeds)
    ),
    st.lists(COMBINATIONS, min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from(list(RECIPES)), min_size=1, unique=True),
    st.lists(st.integers(0, 9), min_size=1, max_size=2, unique=True),
)


@given(PLANS)
def test_every_task_stands_behind_those_that_it_needs(plan):
    """Which also says that they exist, and that there is no circle."""
    seen = set()
    for task in list_tasks(plan, "d"):
        assert set(task.after) <= seen
        assert task.id not in seen
        seen.add(task.id)


@given(PLANS)
def test_every_cell_is_trained_each_variant_made_and_all_of_them_benched(plan):
    cells = {}
    for task in list_tasks(plan, "d"):
        cells.setdefault(task.network, {})[task.step] = task
    assert len(cells) == len(plan.combinations) * len(plan.seeds)
    for tasks in cells.values():
        assert set(tasks) == {"train", "bench", *plan.variants}
        assert set(tasks["bench"].after) == {tasks[variant].id for variant in plan.variants}
        assert all(tasks["train"].id in tasks[variant].after for variant in plan.variants)


@given(PLANS)
def test_no_two_tasks_that_may_run_at_once_fine_tune_in_one_folder(plan):
    """`pruned-int8-ptq` and `pruned-int8-qat` go on from the same pruned run: one waits for the other."""
    tasks = {task.id: task for task in list_tasks(plan, "d") if task.step not in ("train", "bench")}

    def behind(task):
        direct = [tasks[each] for each in task.after if each in tasks]
        return {each.id for each in direct}.union(*(behind(each) for each in direct))

    for task in tasks.values():
        for other in tasks.values():
            families = {RECIPES[each.work.variant].source.partition("-")[0] for each in (task, other)}
            related = len(families) == 1 and "base" not in families
            if task.id != other.id and task.network == other.network and related:
                assert task.id in behind(other) or other.id in behind(task) or shares_maker(task, other)


def shares_maker(task, other):
    """Both wait for the same variant, which leaves the run behind that they share."""
    return bool({each for each in task.after if not each.endswith("_train")} & set(other.after))


def changed(before, after):
    """The ids whose digests differ."""
    first, second = ({task.id: task.digest for task in tasks} for tasks in (before, after))
    assert first.keys() == second.keys()
    return {key for key in first if first[key] != second[key]}


def with_epochs(plan, epochs):
    training = replace(plan.preset.training, epochs=epochs)
    return replace(plan, preset=replace(plan.preset, training=training))


@given(PLANS)
def test_a_training_setting_changes_everything(plan):
    before, after = list_tasks(plan, "d"), list_tasks(with_epochs(plan, 77), "d")
    assert changed(before, after) == {task.id for task in before}


@given(PLANS, COMBINATIONS)
def test_another_combination_leaves_the_others_as_they_were(plan, extra):
    more = replace(plan, combinations=tuple(dict.fromkeys((*plan.combinations, extra))))
    before = {task.id: task.digest for task in list_tasks(plan, "d")}
    assert before.items() <= {task.id: task.digest for task in list_tasks(more, "d")}.items()


@given(PLANS)
def test_a_setting_of_a_method_changes_what_uses_it_and_the_benches(plan):
    pruning = replace(plan.fine_tuning.pruning, sparsity=0.8)
    other = replace(plan, fine_tuning=replace(plan.fine_tuning, pruning=pruning))
    before = list_tasks(plan, "d")
    pruned = {task.id for task in before if task.step.startswith("pruned")}
    benches = {task.id for task in before if task.step == "bench" and pruned}
    assert changed(before, list_tasks(other, "d")) == pruned | benches


@given(PLANS)
def test_bench_options_change_the_benches_alone(plan):
    before = list_tasks(plan, "d")
    after = list_tasks(replace(plan, bench=replace(plan.bench, rounds=7)), "d")
    assert changed(before, after) == {task.id for task in before if task.step == "bench"}


@given(PLANS)
def test_another_data_set_changes_everything(plan):
    before = list_tasks(plan, "d")
    assert changed(before, list_tasks(plan, "e")) == {task.id for task in before}


@given(PLANS)
def test_cells_differ_in_loss_optimizer_and_seed_alone(plan):
    """Same data, network, augmentation, epochs: what the comparison rests on."""
    works = [task.work for task in list_tasks(plan, "d") if task.step == "train"]
    alike = {(work.network, replace(work.training, loss="bce", optimizer="adam", seed=0)) for work in works}
    assert len(alike) == 1


def test_an_alternative_is_made_of_the_trained_network_and_benched_with_the_variants():
    text = "[also.qat2]\nvariant = 'int8-qat'\ncombinations = ['bce+adam']\nqat.batch_size = 2\n"
    plan = parse(text)
    tasks = {task.id: task for task in list_tasks(plan, "d")}
    other, usual = tasks["bce+adam_seed0_qat2"], tasks["bce+adam_seed0_int8-qat"]
    assert (other.work.variant, other.after) == ("int8-qat", ("bce+adam_seed0_train",))
    assert other.digest != usual.digest
    assert other.id in tasks["bce+adam_seed0_bench"].after
    assert "bce+nadam_seed0_qat2" not in tasks


def test_an_alternative_changes_nothing_of_what_others_are_made_from():
    alone, beside = (
        {task.id: task.digest for task in list_tasks(parse(text), "d")}
        for text in ("", "[also.qat2]\nvariant = 'int8-qat'\nqat.batch_size = 2\n")
    )
    assert {key: beside[key] for key in alone if "bench" not in key} == {
        key: digest for key, digest in alone.items() if "bench" not in key
    }
