"""The repair of LIM006."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.plugin import Fix, Safety, Turn
from diagnose.project.queue_roles import queue_sends
from diagnose.rehearsal.row_sizes import recorded_row_bytes
from diagnose.rewriting import Refused, rewrite_until_done
from diagnose.rewriting.sends import rewrite_batch
from diagnose.simulation import batch_size
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.source import Source
    from diagnose.rewriting import Outcome


class QueueBatchSize(Fix):
    """Sends the messages with as many calls of `sendBatch` as they need."""

    code = "LIM006"
    safety = Safety.REVIEW
    turn = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Cut every such call of the function that the finding is about."""
        if finding.location is None or ctx.project.source is None:
            return self.nothing("the place is not there any more")
        if ctx.source.language != "python":
            return self.refuse("only Python senders are rewritten", "send slices of at most 100 messages")
        path, function = finding.location.path, finding.evidence.get("function")
        row_bytes = recorded_row_bytes(ctx.project.settings)

        def rewrite(source: Source, text: str) -> Outcome | None:
            sites = (
                site
                for site in queue_sends(source, ctx.project.config)
                if (site.location.path, site.function) == (path, function)
                and site.method == "sendBatch"
                and batch_size(site, row_bytes).exceeds
            )
            site = next(sites, None)
            return None if site is None else rewrite_batch(text, site)

        outcome = rewrite_until_done(ctx.source, path, rewrite)
        if outcome is None:
            return self.nothing("each call carries what it may already")
        if isinstance(outcome, Refused):
            return self.refuse(outcome.why, outcome.remedy)
        return self.steps(outcome.how, EditFile.text(path, ctx.source.text(path), outcome.text))
