"""Which files break the limits that the study sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edgeseg.budget.check import broken, check_budgets
from edgeseg.budget.facts import facts_of_result
from edgeseg.errors import ConfigError
from edgeseg.host.study.findings.results import File, StudyResults


def broken_budgets(results: StudyResults) -> Iterator[tuple[File, str]]:
    """Each broken limit: the file, and a sentence.

    Raises:
        ConfigError: a pattern fits no file of the study, or a limit is on something that was not measured.
    """
    budgets = results.plan.budgets
    if budgets is None:
        return
    fitting: set[str] = set()
    for network, bench in results.benches.items():
        files = [file for file in results.files if file.network.name == network]
        facts = facts_of_result(replace(bench, models=tuple(file.model for file in files)))
        here = tuple(each for each in budgets.budgets if any(map(each.fits, facts)))
        fitting.update(each.pattern for each in here)
        if not here:
            continue
        by_name = {file.model.name: file for file in files}
        for judgement in broken(check_budgets(facts, replace(budgets, budgets=here))):
            yield by_name[judgement.file], judgement.sentence
    for each in budgets.budgets:
        if each.pattern not in fitting:
            raise ConfigError(f'the pattern [budgets."{each.pattern}"] fits no file of the study')
