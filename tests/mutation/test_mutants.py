"""Every planted defect is found with its code and line, and repaired; figures are printed at the end."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from diagnose.model import Status
from mutation.bases import STYLES, direct_import, queue_import, without_tags
from mutation.harness import MUTANTS_EACH, findings, look, mutants, problems, repair, write
from mutation.operators import OPERATORS

MUTANTS = mutants()
BEHAVING = MUTANTS[::MUTANTS_EACH]
"""One mutant of each operator, whose repair is executed, too."""


def test_there_are_enough_of_them():
    assert len(MUTANTS) >= 150
    assert len({str(mutant) for mutant in MUTANTS}) == len(MUTANTS)
    assert min(Counter(operator.code[:3] for operator in OPERATORS).values()) >= 2


@pytest.mark.parametrize("make", [direct_import, queue_import])
@pytest.mark.parametrize("style", STYLES[::9], ids=str)
def test_the_projects_are_correct_before(make, style, tmp_path):
    write(without_tags(make(style).files), tmp_path)
    found = asyncio.run(findings(tmp_path))
    codes = {finding.code for finding in found}
    assert {code: problems(found, code) for code in codes} == {code: [] for code in codes}
    landed = {finding.code: finding.status for finding in found if finding.code.startswith("E2E")}
    assert set(landed.values()) == {Status.PASS}


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_planted_defect_is_found_and_repaired(mutant, tmp_path, record_property):
    operator = mutant.operator
    figures = Counter(planted=1)
    where = mutant.write(tmp_path)
    seen = look(tmp_path, operator.code, where)
    figures.update(found=int(seen.found), line=int(seen.right_line))
    if seen.found:
        result = asyncio.run(repair(tmp_path, operator.code, operator.answers))
        left = problems(result.findings, operator.code)
        figures.update(**{"repaired" if not left else "refused" if is_refused(result) else "failed": 1})
        if not left and mutant in BEHAVING:
            figures.update(lands=int(does_land(tmp_path)))
    record_property("mutant", {str(operator): dict(figures)})
    assert seen.right_line, f"{where}: {seen.told}"
    if operator.refused(mutant.style):
        assert figures["refused"] == 1
    else:
        assert figures["repaired"] == 1, [(s.outcome, s.detail) for s in result.settlements]
        assert figures["lands"] == (mutant in BEHAVING)


def is_refused(result) -> bool:
    """Nothing was changed, and every finding has a reason."""
    return all(settlement.steps == 0 and settlement.detail for settlement in result.settlements)


def does_land(folder) -> bool:
    """The repaired import is executed, and every row lands."""
    found = asyncio.run(findings(folder, "E2E"))
    statuses = {finding.code: finding.status for finding in found}
    return set(statuses.values()) == {Status.PASS}
