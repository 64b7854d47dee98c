"""The repair of LIM002."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.limits import LIMITS
from diagnose.d1.splitting import statements_in
from diagnose.errors import ProjectError, SourceError
from diagnose.plugin import Fix, Safety, Turn
from diagnose.project.sql_files import read_sql
from diagnose.rewriting import Refused, reread, rewrite_until_done
from diagnose.rewriting.json_values import rewrite_json_value
from diagnose.rewriting.outcome import NotUnderstood, with_line_ends_of
from diagnose.rewriting.split_inserts import split_insert
from diagnose.rewriting.written_rows import rewrite_written_rows
from diagnose.simulation import statement_size
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.source import Source, StatementSite
    from diagnose.rewriting import Outcome

_BY_HAND = (
    "write it as several statements; a single value of this length can only be bound, with "
    "`prepare(…).bind(value)` in a worker or `params` of the API's query"
)
_MARK = "\ufeff"


class StatementLength(Fix):
    """Splits an INSERT of a SQL file into several; binds the rows of a statement in source as JSON."""

    code = "LIM002"
    safety = Safety.REVIEW
    turn = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Edit the file that the finding is in."""
        if finding.location is None:
            return self.nothing("the place is not there any more")
        path, function = finding.location.path, finding.evidence.get("function")
        return self._in_file(ctx, path) if function is None else self._in_source(ctx, path, function)

    def _in_file(self, ctx: Context, path: str) -> Plan:
        try:
            text = read_sql(ctx.project.root, path)
        except ProjectError as error:
            return self.refuse(f"{path} cannot be read", error.message)
        try:
            after = _divided(text)
        except NotUnderstood as obstacle:
            return self.refuse(f"{path} is left alone: {obstacle}", _BY_HAND)
        if after == text:
            return self.nothing("its statements are short enough already")
        before = ctx.project.root.joinpath(path).read_bytes()
        mark = _MARK.encode() if before.startswith(_MARK.encode()) else b""
        step = EditFile(path=path, before=before, after=mark + after.encode())
        return self.steps("the rows are written by several statements, each short enough for D1", step)

    def _in_source(self, ctx: Context, path: str, function: object) -> Plan:
        if ctx.project.source is None:
            return self.nothing("the place is not there any more")

        def rewrite(source: Source, text: str) -> Outcome | None:
            site = next((each for each in source.sites if _is_long(each, path, function)), None)
            return None if site is None else _bound(source, path, text, site)

        outcome = rewrite_until_done(ctx.source, path, rewrite)
        if outcome is None:
            return self.nothing("the text is short enough already")
        if isinstance(outcome, Refused):
            return self.refuse(outcome.why, outcome.remedy)
        return self.steps(outcome.how, EditFile.text(path, ctx.source.text(path), outcome.text))


def _divided(text: str) -> str:
    """The file with every statement that is too long split; raises NotUnderstood if one cannot be."""
    pieces, done = [], 0
    for start, statement in statements_in(text):
        if len(statement.encode()) > LIMITS.d1.statement_bytes:
            pieces += [text[done:start], with_line_ends_of(text, split_insert(statement))]
            done = start + len(statement)
    return "".join([*pieces, text[done:]])


def _bound(source: Source, path: str, text: str, site: StatementSite) -> Outcome:
    """The module with the rows of a statement in its parameter, cut by bytes where that can be done."""
    outcome = rewrite_written_rows(text, site, _others(source, site))
    if isinstance(outcome, Refused):
        return outcome
    try:
        after = reread(source, path, outcome.text)
    except SourceError:
        return outcome
    if len(after.sites) != len(source.sites):
        return outcome
    bound = after.sites[source.sites.index(site)]
    cut = rewrite_json_value(outcome.text, bound, _others(after, bound))
    return outcome if isinstance(cut, Refused) else cut


def _others(source: Source, site: StatementSite) -> list[StatementSite]:
    return [other for other in source.sites if other is not site]


def _is_long(site: StatementSite, path: str, function: object) -> bool:
    if site.location.path != path or site.function != function:
        return False
    size = statement_size(site)
    return size.unbounded or (size.asked is not None and size.asked > LIMITS.d1.statement_bytes)
