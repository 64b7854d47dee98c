"""The repair of SRC001."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.plugin import Fix, Safety, Turn
from diagnose.rewriting import Refused, invented_counts, rewrite_count, rewrite_handling, rewrite_until_done
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.source import Source
    from diagnose.rewriting import Outcome


class SwallowedError(Fix):
    """Raises what was swallowed, awaits what nothing waited for, and reports what D1 counted."""

    code = "SRC001"
    safety = Safety.REVIEW
    turn = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Rewrite the place that the finding is about."""
        if finding.location is None or ctx.project.source is None:
            return self.nothing("the place is not there any more")
        evidence = finding.evidence
        if evidence.get("kind") == "count":
            path = str(evidence.get("origin")).rpartition(":")[0]
        else:
            path = finding.location.path

        def rewrite(source: Source, text: str) -> Outcome | None:
            if evidence.get("kind") == "count":
                return _next_count(source, text, path, evidence.get("expression"))
            return _next_handling(source, text, path, evidence.get("function"))

        outcome = rewrite_until_done(ctx.source, path, rewrite)
        if outcome is None:
            return self.nothing("an earlier repair settled it")
        if isinstance(outcome, Refused):
            return self.refuse(outcome.why, outcome.remedy)
        return self.steps(outcome.how, EditFile.text(path, ctx.source.text(path), outcome.text))


def _next_handling(source: Source, text: str, path: str, function: object) -> Outcome | None:
    for handling in source.error_handlers:
        if (
            handling.swallows
            and handling.writes
            and (handling.span.path, handling.function) == (path, function)
        ):
            return rewrite_handling(text, handling)
    return None


def _next_count(source: Source, text: str, path: str, expression: object) -> Outcome | None:
    for count in invented_counts(source):
        if (count.origin.path, count.expression) == (path, expression):
            return rewrite_count(text, count, source.sites, source.modules)
    return None
