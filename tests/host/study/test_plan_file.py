"""STUDY.toml: what it may say, and one sentence for everything else."""

from pathlib import Path

import pytest

from edgeseg.errors import ConfigError
from edgeseg.host.study.paper.table3 import has_papers_grid
from edgeseg.host.study.plan_file import BUILT_IN, StudyFile, find_study_file

PATH = Path("studies/mine.toml")


def parse(text):
    return StudyFile(PATH, text).plan()


def test_an_empty_study_is_the_grid_of_the_paper():
    plan = parse("")
    assert [each.name for each in plan.combinations] == [
        "bce+adam",
        "bce+nadam",
        "bce+rmsprop",
        "bce+adagrad",
        "dice-bce+adam",
        "dice-focal+adam",
        "jaccard-bce+adam",
        "jaccard-bce+rmsprop",
    ]
    assert plan.variants == ("float32", "int8-ptq", "int8-qat", "pruned")
    assert has_papers_grid(plan)
    assert plan.name == "mine"


def test_a_relative_data_set_starts_from_the_file():
    assert parse('dataset = "../data"').datasets == (Path("studies/../data"),)


def test_several_data_sets_start_from_the_file_too():
    assert parse('dataset = ["a", "/b"]').datasets == (Path("studies/a"), Path("/b"))


def test_an_alternative_has_the_settings_of_all_but_for_its_own():
    plan = parse("[qat]\nepochs = 5\n[also.qat2]\nvariant = 'int8-qat'\nqat.batch_size = 2\n")
    (other,) = plan.alternatives
    assert (other.name, other.variant, other.combinations) == ("qat2", "int8-qat", plan.combinations)
    assert (other.fine_tuning.qat.epochs, other.fine_tuning.qat.batch_size) == (5, 2)
    assert plan.fine_tuning.qat.batch_size != 2


def test_budgets_are_limits_by_file_name():
    plan = parse('[budgets."*int8*"]\nmax_bytes = "600 kB"\nmin_dice = 0.8\n')
    (budget,) = plan.budgets.budgets
    assert (budget.pattern, [limit.amount for limit in budget.limits]) == ("*int8*", [600_000, 0.8])


def test_losses_and_optimizers_give_every_product():
    plan = parse('losses = ["bce", "dice-bce"]\noptimizers = ["adam", "nadam"]')
    assert [each.name for each in plan.combinations] == [
        "bce+adam",
        "bce+nadam",
        "dice-bce+adam",
        "dice-bce+nadam",
    ]


def test_settings_are_those_of_the_command_line():
    plan = parse(
        'preset = "unet-16"\n[training]\nepochs = 3\nlearning_rate = 1e-4\nflip = false\n'
        'preprocessing.kind = "percentile"\nbase_filters = 4\n'
        "[qat]\nbatch_size = 2\n[bench]\nthreads = [1, 2]\nseconds = 1\n[needs.train]\ngpus = 1\n"
    )
    assert (plan.preset.training.epochs, plan.preset.training.learning_rate) == (3, 1e-4)
    assert plan.preset.training.preprocessing.kind == "percentile"
    assert plan.preset.training.flip is False
    assert plan.preset.network.base_filters == 4
    assert plan.fine_tuning.qat.batch_size == 2
    assert (plan.bench.threads, plan.bench.seconds) == ((1, 2), 1)
    assert (plan.needs["train"].gpus, plan.needs["export"].gpus) == (1, 0)


def test_extra_seeds_come_behind_the_seeds_of_all():
    plan = parse('seeds = [3]\n[extra_seeds]\n"bce+adam" = [3, 5]')
    adam, nadam, *_ = plan.combinations
    assert (plan.seeds_of(adam), plan.seeds_of(nadam)) == ((3, 5), (3,))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("epochs", "is not valid TOML"),
        ('preset = "unet8"', "no preset 'unet8'; did you mean 'unet-8'?"),
        ('varaints = ["float32"]', "no key 'varaints'; did you mean 'variants'?"),
        ('variants = ["int8"]', "no variant 'int8'; did you mean 'int8-qat'?"),
        ('variants = "float32"', "expected a list as variants, but got 'float32'"),
        ("variants = []", "expected a list as variants, but got []"),
        ("variants = [1]", "expected a list of texts as variants"),
        ('dataset = ["a", "synthetic"]', '"synthetic" is no data set of several'),
        ("[also.qat]\nqat.batch_size = 2", "no variant ''; "),
        ("[also.x]\nvariant = 'int8-qat'", "[also.x] sets nothing, so it would be int8-qat once more"),
        ("[also.x]\nvariant = 'int8-qat'\npruning.epochs = 2", "pruning.epochs changes nothing in the"),
        ("[also.x]\nvariant = 'int8-qat'\nqat.epochs = 2\ncombinations = ['bce+adm']", "no combination"),
        ("[also.pruned]\nvariant = 'int8-qat'\nqat.epochs = 2", "but got 'pruned'"),
        ("[also.'../x']\nvariant = 'int8-qat'\nqat.epochs = 2", "but got '../x'"),
        (
            "[export]\nmin_agrement = 1",
            "[export] has min_agrement, which is not known; did you mean 'min_agreement'?",
        ),
        ("[export]\nmin_agreement = 2", "expected min_agreement from 0 to 1, but got 2"),
        ("[export]\nmin_agreement = 'all'", 'expected a number as min_agreement in [export], but got "all"'),
        ("[budgets.'*']\nmax_byte = 1", "no limit 'max_byte' in "),
        ("[budgets.'*']\nmax_growth_bytes = '1 %'", 'max_growth_bytes in [budgets."*"] needs a baseline'),
        ("[budgets]\nmax_bytes = 1", "expected tables [budgets."),
        ('combinations = ["bce"]', "expected a combination as LOSS+OPTIMIZER (bce+adam), but got 'bce'"),
        ('combinations = ["dice+adam"]', "no loss 'dice'; did you mean 'dice-bce'?"),
        ('combinations = ["bce+sgd"]', "no optimizer 'sgd'; "),
        ('losses = ["dcie-bce"]', "no loss 'dcie-bce'; did you mean 'dice-bce'?"),
        ('losses = ["bce"]\ncombinations = ["bce+adam"]', "combinations and losses exclude each other"),
        ("name = 3", "expected a text as name, but got 3"),
        ("seeds = [1.5]", "expected whole numbers as seeds, but got 1.5"),
        ("seeds = [-1]", "expected each seed from 0 to"),
        ('[extra_seeds]\n"bce+adma" = [1]', "no combination 'bce+adma'; did you mean 'bce+adam'?"),
        ("training = 3", "expected a table [training], but got 3"),
        ("[training]\nepoch = 3", "no setting 'epoch'; did you mean 'epochs'?"),
        ("[training]\nepochs = 2.5", "expected a whole number as epochs in [training], but got 2.5"),
        ("[training]\nepochs = 0", "expected epochs from 1 to 100000, but got 0"),
        ('[training]\nloss = "bce"', "loss does not belong into [training]: combinations decides it"),
        ("[training]\nseed = 1", "seed does not belong into [training]: seeds decides it"),
        ("[training]\npreprocessing = 3", "expected an object as preprocessing in [training], but got 3"),
        ("[training]\npreprocessing.kind = 'x'", "no preprocessing 'x'; valid: scale, percentile"),
        ("[qat]\nepochs = 2.5", "expected a whole number as qat.epochs in the study, but got 2.5"),
        ("[qat]\nepoch = 3", "no setting 'qat.epoch'; did you mean 'qat.epochs'?"),
        ('variants = ["pruned"]\n[qat]\nepochs = 3', "qat.epochs changes nothing in the variants asked for"),
        (
            'variants = ["slim"]\n[slim]\nteacher_run = "big"',
            "slim.teacher_run is not for a study: its networks are taught by their own run",
        ),
        ("[bench]\nround = 1", "[bench] has round, which is not known; did you mean 'rounds'?"),
        ('[bench]\nrounds = "3"', 'expected a whole number as rounds in [bench], but got "3"'),
        ("[bench]\nrounds = true", "expected a whole number as rounds in [bench], but got true"),
        ("[bench]\nrounds = 0", "expected rounds from 1 to 100, but got 0"),
        ("[bench]\nthreads = 2", "expected a list as threads in [bench], but got 2"),
        ("[synthetic]\ncount = 3", '[synthetic] changes nothing while dataset is not "synthetic"'),
        ("[needs.training]\ngpus = 1", "no kind of task 'training'; did you mean 'train'?"),
        ("[needs]\ntrain = 1", "expected a table [train], but got 1"),
        ("[needs.train]\ncpus = 0", "expected cpus from 1 to 1024, but got 0"),
    ],
)
def test_what_does_not_fit_is_one_sentence_that_names_the_file(text, sentence):
    with pytest.raises(ConfigError) as error:
        parse(text)
    assert str(error.value).startswith("studies/mine.toml")
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_the_studies_that_come_along_are_what_the_page_says():
    plans = {name: find_study_file(name).plan() for name in BUILT_IN}
    paper = plans["paper"]
    assert paper.preset.network.base_filters == 64
    assert (paper.preset.training.epochs, paper.preset.training.batch_size) == (100, 8)
    assert (paper.fine_tuning.qat.batch_size, paper.fine_tuning.qat.epochs) == (6, 100)
    pruning = paper.fine_tuning.pruning
    assert (pruning.initial_sparsity, pruning.sparsity, pruning.frequency) == (0.5, 0.9, 100)
    assert (pruning.allocation, pruning.teacher) == ("uniform", 0)
    for name in ("paper", "small"):
        plan = plans[name]
        assert len(plan.combinations) == 8
        assert sum(len(plan.seeds_of(each)) for each in plan.combinations) == 12
        assert plan.datasets == ()
    assert plans["smoke"].datasets == ("synthetic",)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "papre",
            "no study 'papre'; did you mean 'paper'? Valid: paper, small, smoke, or the path",
        ),
        ("nowhere.toml", "expected a study at nowhere.toml, but there is no such file"),
    ],
)
def test_a_study_that_is_not_there(name, sentence):
    with pytest.raises(ConfigError, match=sentence.replace("?", r"\?")):
        find_study_file(name)
