"""Studies that are finished, with results made by hand: what each file finds is given."""

import hashlib
from dataclasses import replace

from edgeseg import files
from edgeseg.bench.quality import ImageCounts, QualityResult
from edgeseg.bench.result_file import save_result
from edgeseg.host.study.findings.results import read_results
from edgeseg.host.study.folder import StudyFolder, run_below
from edgeseg.host.study.plan_file import StudyFile
from edgeseg.host.study.record import Record, State
from edgeseg.host.study.tasks import BENCH, TRAIN, list_tasks
from edgeseg.host.training.run_folder import history_columns
from edgeseg.metrics.cells import CellCounts
from edgeseg.metrics.pixels import ConfusionCounts
from edgeseg.model.interface import float_interface
from support.bench_results import make_measurement, make_model, make_result, make_run

DIGEST = "d" * 64

#: Small enough to reason about: three networks of the base, one of each other combination.
PLAN = """
seeds = [0]
[extra_seeds]
"bce+adam" = [1, 2]
[also.int8-qat-batch2]
variant = "int8-qat"
combinations = ["bce+adam"]
qat.batch_size = 2
"""

#: Per cent of the true pixels of each image that are found.
IMAGES = (80, 84, 88, 92)

BYTES = {"float32": 400_000, "pruned": 60_000}


def quality_of(hits):
    """Images, each of another source image: per cent of the true pixels found, as many others wrong."""
    return QualityResult(
        tuple(
            ImageCounts(
                f"image{number}",
                f"image{number}",
                ConfusionCounts(tp=hit, fp=1000 - hit, fn=1000 - hit, tn=1000 + hit),
                CellCounts(4, 4, 3),
                differing=0,
            )
            for number, hit in enumerate(round(10 * each) for each in hits)
        )
    )


HISTORY = history_columns(float_interface(256, 256))


def _write_history(folder, task, epochs, seconds):
    below = run_below(task)
    if below is None:
        return
    run = folder.path / below
    lines = [",".join(HISTORY)]
    for epoch in range(1, epochs + 1):
        values = dict.fromkeys(HISTORY, 0.5 + epoch / 100) | {"epoch": epoch, "seconds": seconds}
        lines.append(",".join(str(values[name]) for name in HISTORY))
    run.mkdir(parents=True, exist_ok=True)
    (run / "history.csv").write_text("\n".join(lines) + "\n")


def write_study(path, hits, *, plan=PLAN, failed=(), missing=(), seconds=lambda _step: 10.0):
    """Write the folder of a study.

    Args:
        path: the folder.
        hits: combination's name, seed, step -> `quality_of`'s argument.
        plan: the text of the STUDY.toml.
        failed: ids of tasks that failed.
        missing: ids of tasks that were never begun.
        seconds: of an epoch, by step.
    """
    path.mkdir(parents=True)
    folder = StudyFolder(path=path)
    (path / "study.toml").write_text(plan)
    dataset = {"name": "hand", "root": "/nowhere", "digest": DIGEST}
    files.write_json(path / "study.json", {"schema_version": 1, "name": "hand", "dataset": dataset})
    tasks = list_tasks(StudyFile(path / "study.toml", plan).plan(), DIGEST)
    models = {}
    for task in tasks:
        if task.id in missing:
            continue
        if task.id in failed:
            folder.write_record(task.id, Record(state=State.FAILED, digest=task.digest, error="it broke"))
            continue
        sha = hashlib.sha256(task.id.encode()).hexdigest()
        after = {}
        outputs = {f"models/{task.network.name}/{task.step}/x.tflite": sha}
        if task.step == BENCH:
            result = make_result()
            result = replace(
                result,
                models=tuple(models[task.network.name]),
                reference=models[task.network.name][0].name,
                dataset=replace(result.dataset, images=len(IMAGES), of=len(IMAGES)),
            )
            save_result(folder.bench_path(task.network.name), result)
            outputs = {}
            after = dict.fromkeys((maker for maker in task.after if maker not in (*failed, *missing)), "0")
        elif task.step == TRAIN:
            _write_history(folder, task, 5, seconds(TRAIN))
            outputs = {}
        else:
            _write_history(folder, task, 2, seconds(task.step))
            network = task.network
            measurement = make_measurement(
                make_run(10, 12, 14) if task.step == "float32" else make_run(5, 6, 7),
                quality=quality_of(hits(network.combination.name, network.seed, task.step)),
            )
            model = make_model(
                f"{task.step}.tflite", task.work.variant, BYTES.get(task.step, 100_000), measurement
            )
            models.setdefault(network.name, []).append(model)
        folder.write_record(
            task.id, Record(state=State.DONE, digest=task.digest, after=after, outputs=outputs)
        )
    return path


def results_of(path, hits, **options):
    """The same, read."""
    return read_results(write_study(path, hits, **options))


def as_the_paper(combination, seed, step):
    """A world in which every claim holds."""
    points = {"bce+adagrad": -30, "bce+nadam": -10}.get(combination, 0)
    points += {("jaccard-bce+rmsprop", "pruned"): 6}.get((combination, step), 0)
    points += 1 if step == "pruned" else 0
    points -= 2 if step == "int8-qat-batch2" else 0
    first, *others = (hit + points for hit in IMAGES)
    return [first + 0.4 * (seed == 1), *others]  # 0.1 points between seeds
