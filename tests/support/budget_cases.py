"""Facts and budgets for tests, with figures that can be worked out by head."""

from pathlib import Path

from edgeseg.budget.check import check_budgets
from edgeseg.budget.facts import ModelFacts
from edgeseg.budget.limits import parse_budgets

PATH = Path("budgets.toml")
FILE = "unet-int8-ptq.tflite"
FACTS = {
    "bytes": 2_100_000, "gzip_bytes": 1_900_000, "macs": 3_000_000, "parameters": 2_000_000, "operators": 32,
    "operator_kinds": ("CONV_2D", "LOGISTIC"), "float_operators": 0, "partitions": 1,
    "arena_bytes": 22_000_000, "dice": 0.85,
}  # fmt: skip


def facts(name=FILE, *, details=None, path=None, **values):
    return ModelFacts(name=name, values=FACTS | values, why_missing={}, details=details or {}, path=path)


def limit(line, pattern="*", baseline=""):
    table = f'[baseline."{FILE}"]\n{baseline}\n' if baseline else ""
    return f'[models."{pattern}"]\n{line}\n{table}'


def judge(text, *models, **more):
    return check_budgets(models or [facts()], parse_budgets(text, path=PATH), **more)


def sentences(text, *models, **more):
    """What is said of limits that are not simply kept."""
    return [judgement.sentence for judgement in judge(text, *models, **more) if judgement.sentence]
