"""The repair of SRC002."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.plugin import Fix, Safety, Turn
from diagnose.rewriting import Refused, await_call, rewrite_until_done
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.source import Source
    from diagnose.rewriting import Outcome


class UnawaitedWrite(Fix):
    """Puts `await` in front of a call that writes."""

    code = "SRC002"
    safety = Safety.SAFE
    turn = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Await every such call of the function that the finding is about."""
        if finding.location is None or ctx.project.source is None:
            return self.nothing("the place is not there any more")
        if ctx.source.language != "python":
            return self.refuse("only Python source is rewritten", "put `await` in front of the call")
        path, function = finding.location.path, finding.evidence.get("function")

        def rewrite(source: Source, text: str) -> Outcome | None:
            for call in source.unawaited:
                if (call.span.path, call.function) == (path, function):
                    return await_call(text, call)
            return None

        outcome = rewrite_until_done(ctx.source, path, rewrite)
        if outcome is None:
            return self.nothing("every write is awaited")
        if isinstance(outcome, Refused):
            return self.refuse(outcome.why, outcome.remedy)
        return self.steps(outcome.how, EditFile.text(path, ctx.source.text(path), outcome.text))
