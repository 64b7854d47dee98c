"""The repair of SRC006."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.plugin import Fix, Safety, Turn
from diagnose.project.source.interpolation import interpolations
from diagnose.rewriting import Refused, bind_interpolated, rewrite_until_done
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.source import Source
    from diagnose.rewriting import Outcome


class InterpolatedSql(Fix):
    """Takes values out of a statement's text and binds them."""

    code = "SRC006"
    safety = Safety.REVIEW
    turn = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Bind the values of every statement of the function that the finding is about."""
        if finding.location is None or ctx.project.source is None:
            return self.nothing("the place is not there any more")
        function, at = finding.evidence.get("function"), finding.location
        path = next(
            (
                found.site.sql_span.path
                for found in interpolations(ctx.source)
                if found.site.location.path == at.path and found.site.function == function
            ),
            at.path,
        )

        def rewrite(source: Source, text: str) -> Outcome | None:
            for found in interpolations(source):
                site = found.site
                if (site.location.path, site.function, site.sql_span.path) == (at.path, function, path):
                    return bind_interpolated(text, found, [one for one in source.sites if one is not site])
            return None

        outcome = rewrite_until_done(ctx.source, path, rewrite)
        if outcome is None:
            return self.nothing("no data is written into the text of a statement")
        if isinstance(outcome, Refused):
            return self.refuse(outcome.why, outcome.remedy)
        return self.steps(outcome.how, EditFile.text(path, ctx.source.text(path), outcome.text))
