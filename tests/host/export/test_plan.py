"""What an export would do: which networks are made from which, in what order, and what is kept."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.errors import OutputError, TrainingError
from edgeseg.host.export.export_options import ExportOptions
from edgeseg.host.export.plan import file_name, plan_export, plan_files, plan_sources
from edgeseg.host.training.run_folder import open_run
from edgeseg.model.fine_tuning import ClusteringOptions, FineTuning, PruningOptions, QatOptions
from edgeseg.model.recipe import INT8_MIXED, RECIPES
from support.paths import ROOT

V01 = ROOT / "tests" / "fixtures" / "v0_1"

OPTIONS = ExportOptions()
OUT = Path("out")

SOME = st.lists(st.sampled_from([*RECIPES.values(), INT8_MIXED]), min_size=1, unique=True)


@pytest.fixture(scope="module")
def run():
    """The run that version 0.1 left."""
    return open_run(V01 / "run")


def files_of(run, *variants, options=OPTIONS, digest="d"):
    recipes = [RECIPES[variant] for variant in variants]
    return plan_files(run, recipes, OUT, options, model_sha256=digest)


def order(files):
    return [source.methods for source in plan_sources(files)]


def test_the_pruned_network_is_made_once_before_what_starts_from_it(run):
    files = files_of(run, "pruned-clustered-int8", "pruned-int8-qat", "pruned")
    assert order(files) == [(), ("pruning",), ("pruning", "clustering"), ("pruning", "qat")]
    assert [[file.recipe.variant for file in source.files] for source in plan_sources(files)] == [
        [], ["pruned"], ["pruned-clustered-int8"], ["pruned-int8-qat"]
    ]  # fmt: skip


@given(SOME)
def test_every_source_comes_behind_the_one_that_it_starts_from_and_every_file_is_made_once(recipes):
    files = plan_files(open_run(V01 / "run"), recipes, OUT, OPTIONS, model_sha256="d")
    sources = plan_sources(files)
    seen = set()
    for source in sources:
        assert source.methods[:-1] in seen or not source.methods
        seen.add(source.methods)
    made = [file for source in sources for file in source.files]
    assert sorted(file.path for file in made) == sorted(file.path for file in files)
    assert all(file.recipe.methods == source.methods for source in sources for file in source.files)


def test_nothing_is_made_for_nothing():
    assert plan_sources([]) == ()


def test_names_say_network_data_size_and_variant_and_that_a_file_is_compressed(run):
    assert file_name(run, RECIPES["int8-ptq"]) == "unet-4-3levels_blobs_64_int8-ptq.tflite"
    assert file_name(run, RECIPES["pruned"]) == "unet-4-3levels_blobs_64_pruned.tflite.xz"


def test_a_file_is_judged_by_the_sparsity_clusters_and_agreement_that_were_asked_for(run):
    options = ExportOptions(
        fine_tuning=FineTuning(
            pruning=PruningOptions(sparsity=0.8), clustering=ClusteringOptions(clusters=16)
        ),
        min_agreement=0.5,
    )
    (file,) = files_of(run, "pruned-clustered-int8", options=options)
    assert (file.recipe.sparsity, file.recipe.clusters, file.recipe.min_agreement) == (0.8, 16, 0.5)


def test_a_file_is_made_from_the_settings_of_its_own_methods_and_no_others(run):
    (plain,) = files_of(run, "int8-ptq")
    (tuned,) = files_of(
        run, "int8-qat", options=ExportOptions(fine_tuning=FineTuning(qat=QatOptions(epochs=2)))
    )
    assert plain.made_from == {
        "model_sha256": "d", "calibration_count": 200, "keep_float": None, "seed": 0
    }  # fmt: skip
    assert tuned.made_from == {
        "qat.epochs": 2, "qat.batch_size": 6, "qat.learning_rate": 2e-5, "qat.teacher": 0.5,
        "model_sha256": "d", "calibration_count": None, "keep_float": None, "seed": 0,
    }  # fmt: skip


def test_the_pairs_to_compare_are_those_that_one_of_the_files_belongs_to(run):
    plan = plan_export(run, [RECIPES["int8-ptq"], RECIPES["slim-int8-qat"]], OUT, OPTIONS)
    names = [
        tuple(path.name.removesuffix(".tflite").rpartition("_")[2] for path in pair) for pair in plan.pairs
    ]
    assert names == [("int8-qat", "int8-ptq"), ("slim-int8-qat", "slim-int8-ptq")]


@pytest.fixture
def exported(tmp_path):
    """What version 0.1 exported of its run."""
    return Path(shutil.copytree(V01 / "models", tmp_path / "models"))


def test_a_run_without_a_finished_epoch_is_refused(run, tmp_path):
    shutil.copytree(run.path, tmp_path / "run")
    (tmp_path / "run" / "best.keras").unlink()
    with pytest.raises(TrainingError, match="holds no finished epoch yet; train it"):
        plan_export(open_run(tmp_path / "run"), [RECIPES["float32"]], OUT, OPTIONS)


def test_what_version_0_1_made_in_the_same_way_is_kept(run, exported):
    (path,) = exported.glob("*_float32.tflite")
    plan = plan_export(run, [RECIPES["float32"]], exported, OPTIONS)
    assert plan.kept["float32"].path == path
    assert plan.sources == ()


def test_force_keeps_nothing(run, exported):
    plan = plan_export(run, [RECIPES["float32"]], exported, replace(OPTIONS, force=True))
    assert not plan.kept
    assert order(plan.files) == [()]


def test_what_was_made_otherwise_is_not_replaced_without_force(run, exported):
    with pytest.raises(OutputError, match=r"was made with another seed \(0, now 1\); pass --force"):
        plan_export(run, [RECIPES["float32"]], exported, replace(OPTIONS, seed=1))


def test_planning_loads_no_tensorflow(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from edgeseg.host.export.plan import plan_export\n"
        "from edgeseg.host.export.export_options import ExportOptions\n"
        "from edgeseg.host.training.run_folder import open_run\n"
        "from edgeseg.model.recipe import RECIPES\n"
        f"plan_export(open_run(Path({str(V01 / 'run')!r})), [*RECIPES.values()], Path({str(tmp_path)!r}), "
        "ExportOptions())\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
