"""The repair of LIM001."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.plugin import Fix, Safety, Turn
from diagnose.queueing import queued
from diagnose.rewriting import Refused, rewrite_in_list, rewrite_insert, rewrite_until_done
from diagnose.simulation import simulate
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.source import Source, StatementSite
    from diagnose.rewriting import Outcome


class BoundParameters(Fix):
    """Lets a statement take its rows, or the elements of its list, from one JSON parameter.

    An INSERT becomes `INSERT … SELECT value->>0, … FROM json_each(?1)`, an `IN (…)` list becomes
    `IN (SELECT value FROM json_each(?))`. Conflict clauses, comments and formatting stay. With
    `--option option=queue` the rows of an INSERT go through a queue instead (see QUE001).
    """

    code = "LIM001"
    safety = Safety.REVIEW
    turn = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Rewrite every statement of the function that the finding is about."""
        option = ctx.options.get("option", "direct")
        if option not in {"direct", "queue"}:
            return self.refuse(f"--option option={option} is not known", "choose direct or queue")
        if finding.location is None or ctx.project.source is None:
            return self.nothing("the place is not there any more")
        path, function = finding.location.path, finding.evidence.get("function")
        site = next((each for each in ctx.source.sites if _is_broken(each, path, function)), None)
        if option == "queue" and site is not None and site.verb in {"INSERT", "REPLACE"}:
            return await queued(self, ctx, site)

        def rewrite(source: Source, text: str) -> Outcome | None:
            site = next((each for each in source.sites if _is_broken(each, path, function)), None)
            return None if site is None else _rewrite(text, site, source)

        outcome = rewrite_until_done(ctx.source, path, rewrite)
        if outcome is None:
            return self.nothing("the statement stays within D1's limit already")
        if isinstance(outcome, Refused):
            return self.refuse(outcome.why, outcome.remedy)
        return self.steps(outcome.how, EditFile.text(path, ctx.source.text(path), outcome.text))


def _is_broken(site: StatementSite, path: str, function: object) -> bool:
    if site.location.path != path or site.function != function:
        return False
    simulation = simulate(site)
    return simulation is not None and not simulation.is_too_long and simulation.breaks_for_the_code


def _rewrite(text: str, site: StatementSite, source: Source) -> Outcome:
    others = [other for other in source.sites if other is not site]
    rewrite = rewrite_insert if site.verb in {"INSERT", "REPLACE"} else rewrite_in_list
    return rewrite(text, site, others)
