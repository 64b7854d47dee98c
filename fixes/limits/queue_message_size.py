"""The repair of LIM005."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.errors import SourceError
from diagnose.plugin import Fix, Safety, Turn
from diagnose.project.queue_roles import queue_sends
from diagnose.rehearsal.row_sizes import recorded_row_bytes
from diagnose.rewriting import Refused, reread, rewrite_until_done
from diagnose.rewriting.sends import rewrite_message
from diagnose.simulation import oversized_message
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.source import SendSite, Source
    from diagnose.rewriting import Outcome


class QueueMessageSize(Fix):
    """Sends the rows of a message in as many messages as their bytes need."""

    code = "LIM005"
    safety = Safety.REVIEW
    turn = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Cut every such message of the function that the finding is about."""
        if finding.location is None or ctx.project.source is None:
            return self.nothing("the place is not there any more")
        if ctx.source.language != "python":
            return self.refuse(
                "only Python senders are rewritten", "cut the rows by bytes before they are sent"
            )
        path, function = finding.location.path, finding.evidence.get("function")
        row_bytes = recorded_row_bytes(ctx.project.settings)

        def sends(source: Source) -> list[SendSite]:
            return [
                site
                for site in queue_sends(source, ctx.project.config)
                if (site.location.path, site.function) == (path, function)
            ]

        def rewrite(source: Source, text: str) -> Outcome | None:
            before = sends(source)
            large = (i for i, site in enumerate(before) if oversized_message(site, row_bytes) is not None)
            position = next(large, None)
            if position is None:
                return None

            def fits(after: str) -> bool:
                try:
                    now = sends(reread(source, path, after))
                except SourceError:
                    return False
                return _is_cut(before, now, position) and oversized_message(now[position], row_bytes) is None

            return rewrite_message(text, before[position], fits)

        outcome = rewrite_until_done(ctx.source, path, rewrite)
        if outcome is None:
            return self.nothing("the message is small enough already")
        if isinstance(outcome, Refused):
            return self.refuse(outcome.why, outcome.remedy)
        return self.steps(outcome.how, EditFile.text(path, ctx.source.text(path), outcome.text))


def _is_cut(before: list[SendSite], after: list[SendSite], position: int) -> bool:
    """The message is what it was but for the number of its rows: it was a list that was cut."""
    if len(before) != len(after):
        return False
    old, new = before[position].body, after[position].body
    return (
        old is not None
        and new is not None
        and (old.fixed, [each.each for each in old.elements])
        == (new.fixed, [each.each for each in new.elements])
    )
