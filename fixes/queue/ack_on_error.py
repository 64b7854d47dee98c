"""The repair of QUE005."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Fix, Safety, Turn
from diagnose.project.source.beside import are_beside
from diagnose.rewriting import Refused, rewrite_acked, rewrite_until_done
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.source import Source
    from diagnose.rewriting import Outcome


class AckOnError(Fix):
    """Retries the message, or raises, where a failed write ended in an ack."""

    code: ClassVar[str] = "QUE005"
    safety: ClassVar[Safety] = Safety.REVIEW
    turn: ClassVar[Turn] = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Rewrite every such place in the function that the finding is about."""
        if finding.location is None or ctx.project.source is None:
            return self.nothing("the place is not there any more")
        path, function = finding.location.path, finding.evidence.get("function")

        def rewrite(source: Source, text: str) -> Outcome | None:
            for failure in source.acked_failures:
                meant = (failure.span.path, failure.function) == (path, function)
                if meant and not are_beside(source, failure.writes):
                    return rewrite_acked(text, failure, source)
            return None

        outcome = rewrite_until_done(ctx.source, path, rewrite)
        if outcome is None:
            return self.nothing("an earlier repair settled it")
        if isinstance(outcome, Refused):
            return self.refuse(outcome.why, outcome.remedy)
        return self.steps(outcome.how, EditFile.text(path, ctx.source.text(path), outcome.text))
