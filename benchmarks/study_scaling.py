"""How a study scales with the number of workers: list scheduling of its real task graph, by calculation.

    .venv/bin/python benchmarks/study_scaling.py [STUDY] [--seconds train=7300 int8-qat=7300 ...]

Each task begins as soon as what it needs is done and a worker is free, in the order of the plan, as in
`edgeseg study run`; benches follow, one after the other on one machine.

The seconds that it assumes without --seconds: 73 s an epoch for 100 epochs, which the paper measured for
quantization-aware training at batch 6 on a GeForce 2060 Super (its Table 1; 120 s at batch 2), taken for
training and pruning too, whose times it does not state; one minute a conversion; for a bench four files, 217
images and three rounds of each at 1.5 s an inference (`unet-64`, one thread, x86).
"""

from __future__ import annotations

import argparse
import heapq
from collections.abc import Mapping, Sequence

from edgeseg.host.study.plan_file import find_study_file
from edgeseg.host.study.tasks import BENCH, Task, list_tasks

ASSUMED = {
    "train": 7300.0,
    "float32": 60.0,
    "int8-ptq": 60.0,
    "int8-qat": 7300.0 + 60,
    "int8-qat-batch2": 12000.0 + 60,
    "pruned": 7300.0 + 60,
    BENCH: 4 * (217 * 1.5 + 3 * (3 + 10 * 1.5)),
}
WORKERS = (1, 2, 4, 8, 12, 16, 24, 32, 64)


def critical_path(tasks: Sequence[Task], seconds: Mapping[str, float]) -> list[Task]:
    """The chain of tasks, benches left out, that no number of workers makes shorter."""
    ends: dict[str, tuple[float, list[Task]]] = {}
    for task in tasks:  # each behind those that it needs
        start, chain = max((ends[each] for each in task.after), key=lambda end: end[0], default=(0.0, []))
        ends[task.id] = start + seconds[task.step], [*chain, task]
    return max(ends.values(), key=lambda end: end[0])[1]


def makespan(tasks: Sequence[Task], seconds: Mapping[str, float], workers: int) -> float:
    """When the last task ends."""
    done: set[str] = set()
    waiting, running, now = list(tasks), list[tuple[float, str]](), 0.0
    while waiting or running:
        for task in [each for each in waiting if done.issuperset(each.after)][: workers - len(running)]:
            waiting.remove(task)
            heapq.heappush(running, (now + seconds[task.step], task.id))
        now, ended = heapq.heappop(running)
        done.add(ended)
    return now


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="How a study scales with the number of workers.")
    parser.add_argument("study", nargs="?", default="paper")
    parser.add_argument("--seconds", nargs="*", default=[], metavar="TASK=SECONDS")
    arguments = parser.parse_args()
    given = dict(each.split("=") for each in arguments.seconds)
    seconds = ASSUMED | {key: float(value) for key, value in given.items()}
    tasks = list_tasks(find_study_file(arguments.study).plan(), "")
    trained = [task for task in tasks if task.step != BENCH]
    benches = sum(seconds[BENCH] for task in tasks if task.step == BENCH)
    work = sum(seconds[task.step] for task in trained)
    print("| workers | hours | speed-up | busy |")
    print("|---:|---:|---:|---:|")
    for workers in WORKERS:
        total = makespan(trained, seconds, workers)
        print(f"| {workers} | {total / 3600:.1f} | {work / total:.1f} | {work / total / workers:.0%} |")
    path_ = critical_path(trained, seconds)
    chain = " -> ".join(f"{task.step} ({seconds[task.step] / 3600:.1f} h)" for task in path_)
    print(f"\n{len(trained)} tasks, {work / 3600:.1f} h of work; critical path: {chain}")
    print(f"benches behind them, one after the other: {benches / 3600:.1f} h")


if __name__ == "__main__":
    main()
