"""The repair of LIM004."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.plugin import Fix, Safety, Turn
from diagnose.rehearsal.row_sizes import recorded_row_bytes
from diagnose.rewriting import Refused, rewrite_until_done
from diagnose.rewriting.json_values import rewrite_json_value
from diagnose.simulation import oversized_value
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.source import Source
    from diagnose.rewriting import Outcome


class ValueSize(Fix):
    """Executes an INSERT once for each part of the rows whose JSON text D1 takes."""

    code = "LIM004"
    safety = Safety.REVIEW
    turn = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Cut every such value of the function that the finding is about."""
        if finding.location is None or ctx.project.source is None:
            return self.nothing("the place is not there any more")
        if finding.evidence.get("body") is not None:
            return self.refuse(
                "what a caller sends cannot be cut", "answer 413 to a body that is too long, or keep it in R2"
            )
        if finding.evidence.get("rows") is None:
            return self.refuse("one value alone is too large", "keep it in R2, or in several rows")
        if ctx.source.language != "python":
            return self.refuse("only Python is rewritten", "cut the value by bytes before it is bound")
        return self._in_source(ctx, finding.location.path, finding.evidence.get("function"))

    def _in_source(self, ctx: Context, path: str, function: object) -> Plan:
        row_bytes = recorded_row_bytes(ctx.project.settings)

        def rewrite(source: Source, text: str) -> Outcome | None:
            sites = (
                site
                for site in source.sites
                if (site.location.path, site.function) == (path, function)
                and oversized_value(site, row_bytes) is not None
            )
            site = next(sites, None)
            if site is None:
                return None
            return rewrite_json_value(text, site, [other for other in source.sites if other is not site])

        outcome = rewrite_until_done(ctx.source, path, rewrite)
        if outcome is None:
            return self.nothing("the values are small enough already")
        if isinstance(outcome, Refused):
            return self.refuse(outcome.why, outcome.remedy)
        return self.steps(outcome.how, EditFile.text(path, ctx.source.text(path), outcome.text))
