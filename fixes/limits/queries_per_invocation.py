"""The repair of LIM003."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.limits import LIMITS
from diagnose.plugin import Fix, Safety, Turn
from diagnose.queueing import queued
from diagnose.rewriting import Files, rewrite_files, rewrite_row_loop
from diagnose.simulation import Verdict, usage, verdict
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.source import Source, StatementSite
    from diagnose.rewriting import Outcome


class QueriesPerInvocation(Fix):
    """Collects the rows of a loop and inserts them with one statement per value that D1 takes.

    A helper that executes what it is given stays as it is: its caller collects, and calls it less often.
    With `--option option=queue` they go through a queue instead (see QUE001).
    """

    code = "LIM003"
    safety = Safety.REVIEW
    turn = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Rewrite every such loop around what the function of the finding executes."""
        option = ctx.options.get("option", "direct")
        if option not in {"direct", "queue"}:
            return self.refuse(f"--option option={option} is not known", "choose direct or queue")
        if finding.location is None or ctx.project.source is None:
            return self.nothing("the place is not there any more")
        path, function = finding.location.path, finding.evidence.get("function")
        limit = LIMITS.d1.queries_per_invocation.of(ctx.plan)

        wanted = (finding.evidence.get("verb"), finding.evidence.get("table"))

        def exceeding(source: Source) -> list[StatementSite]:
            here = (each for each in source.sites if (each.location.path, each.function) == (path, function))
            found = [each for each in here if _exceeds(each, limit)]
            return sorted(found, key=lambda site: (site.verb, site.table) != wanted)

        site = next(iter(exceeding(ctx.source)), None)
        if option == "queue" and site is not None and site.verb in {"INSERT", "REPLACE"}:
            return await queued(self, ctx, site)

        def rewrites(source: Source) -> Iterator[tuple[str, Outcome]]:
            for site in exceeding(source):
                others = [other for other in source.sites if other is not site]
                home = site.sql_span.path
                yield home, rewrite_row_loop(source.text(home), site, others, source.modules)

        outcome = rewrite_files(ctx.source, rewrites)
        if outcome is None:
            return self.nothing("the queries stay within the plan's limit already")
        if not isinstance(outcome, Files):
            return self.refuse(outcome.why, outcome.remedy)
        edits = (EditFile.text(path, ctx.source.text(path), text) for path, text in outcome.texts.items())
        return self.steps(outcome.how, *edits)


def _exceeds(site: StatementSite, limit: int) -> bool:
    used = usage(site)
    return used is not None and verdict(used, limit) is not Verdict.WITHIN
