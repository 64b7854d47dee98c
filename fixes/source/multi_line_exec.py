"""The repair of SRC003."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.plugin import Fix, Safety, Turn
from diagnose.rewriting import Refused, prepare_instead, rewrite_until_done
from diagnose.simulation.exec_lines import broken_line
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.source import Source
    from diagnose.rewriting import Outcome


class MultiLineExec(Fix):
    """Prepares and runs what `exec()` would cut into lines."""

    code = "SRC003"
    safety = Safety.SAFE
    turn = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Rewrite every such call of the function that the finding is about."""
        if finding.location is None or ctx.project.source is None:
            return self.nothing("the place is not there any more")
        if ctx.source.language != "python":
            return self.refuse(
                "only Python source is rewritten",
                "use `prepare(…).run()`, or write each statement on one line",
            )
        path, function = finding.location.path, finding.evidence.get("function")

        def rewrite(source: Source, text: str) -> Outcome | None:
            return _next(source, text, path, function)

        outcome = rewrite_until_done(ctx.source, path, rewrite)
        if outcome is None:
            return self.nothing("no text for `exec()` breaks a line")
        if isinstance(outcome, Refused):
            return self.refuse(outcome.why, outcome.remedy)
        return self.steps(outcome.how, EditFile.text(path, ctx.source.text(path), outcome.text))


def _next(source: Source, text: str, path: str, function: object) -> Outcome | None:
    for site in source.sites:
        if (site.method, site.span.path, site.function) != ("exec", path, function):
            continue
        broken = broken_line(site.sql.render(hole="x"))
        if broken is not None and not broken.fits_prepare:
            return Refused(
                f"{site.function} is not rewritten: `prepare` takes no comment behind the last semicolon",
                "move the comment in front of a statement, then use `prepare(…).run()`",
            )
        if broken is not None:
            return prepare_instead(text, site)
    return None
