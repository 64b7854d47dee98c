"""The repair of LIM003."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.limits import LIMITS
from diagnose.plugin import Fix, Safety, Turn
from diagnose.queueing import queued
from diagnose.rewriting import Refused, rewrite_row_loop, rewrite_until_done
from diagnose.simulation import Verdict, usage, verdict
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.source import Source, StatementSite
    from diagnose.rewriting import Outcome


class QueriesPerInvocation(Fix):
    """Collects the rows of a loop and inserts them with one statement per value that D1 takes.

    With `--option option=queue` they go through a queue instead (see QUE001).
    """

    code = "LIM003"
    safety = Safety.REVIEW
    turn = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Rewrite every such loop of the function that the finding is about."""
        option = ctx.options.get("option", "direct")
        if option not in {"direct", "queue"}:
            return self.refuse(f"--option option={option} is not known", "choose direct or queue")
        if finding.location is None or ctx.project.source is None:
            return self.nothing("the place is not there any more")
        path, function = finding.location.path, finding.evidence.get("function")
        limit = LIMITS.d1.queries_per_invocation.of(ctx.plan)

        def exceeding(source: Source) -> StatementSite | None:
            here = (each for each in source.sites if (each.location.path, each.function) == (path, function))
            return next((each for each in here if _exceeds(each, limit)), None)

        site = exceeding(ctx.source)
        if option == "queue" and site is not None and site.verb in {"INSERT", "REPLACE"}:
            return await queued(self, ctx, site)

        def rewrite(source: Source, text: str) -> Outcome | None:
            site = exceeding(source)
            if site is None:
                return None
            return rewrite_row_loop(text, site, [other for other in source.sites if other is not site])

        outcome = rewrite_until_done(ctx.source, path, rewrite)
        if outcome is None:
            return self.nothing("the queries stay within the plan's limit already")
        if isinstance(outcome, Refused):
            return self.refuse(outcome.why, outcome.remedy)
        return self.steps(outcome.how, EditFile.text(path, ctx.source.text(path), outcome.text))


def _exceeds(site: StatementSite, limit: int) -> bool:
    used = usage(site)
    return used is not None and verdict(used, limit) is not Verdict.WITHIN
