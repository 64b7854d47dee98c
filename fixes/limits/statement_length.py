"""The repair of LIM002."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from diagnose.d1.limits import LIMITS
from diagnose.d1.splitting import statements_in
from diagnose.errors import AccountError, ProjectError, SourceError
from diagnose.plugin import Fix, Safety, Turn
from diagnose.project.migrations import names_behind
from diagnose.project.sql_files import read_sql
from diagnose.rewriting import Refused, reread, rewrite_until_done
from diagnose.rewriting.json_values import rewrite_json_value
from diagnose.rewriting.outcome import NotUnderstood, with_line_ends_of
from diagnose.rewriting.split_files import split_file
from diagnose.rewriting.split_inserts import split_insert
from diagnose.rewriting.written_rows import rewrite_written_rows
from diagnose.schemas import applied_names
from diagnose.simulation import statement_size
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.account import Account
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project import D1Binding, Migration
    from diagnose.project.source import Source, StatementSite
    from diagnose.rewriting import Outcome

    _Uses: TypeAlias = "list[tuple[D1Binding, Migration]]"

_BY_HAND = (
    "write it as several statements; a single value of this length can only be bound, with "
    "`prepare(…).bind(value)` in a worker or `params` of the API's query"
)
_MARK = "\ufeff"
_LIMIT = int(LIMITS.d1.statement_bytes)
_ENTRY = 1_000
"""Bytes left free in a migration, because its entry into the migrations table is sent in one text with it."""


class StatementLength(Fix):
    """Splits an INSERT of a SQL file, and its migration into several; binds rows in source as JSON."""

    code = "LIM002"
    safety = Safety.REVIEW
    scopes = ("D1 Read",)
    turn = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Edit the file that the finding is in."""
        if finding.location is None:
            return self.nothing("the place is not there any more")
        path, function = finding.location.path, finding.evidence.get("function")
        return await self._in_file(ctx, path) if function is None else self._in_source(ctx, path, function)

    async def _in_file(self, ctx: Context, path: str) -> Plan:
        try:
            text = read_sql(ctx.project.root, path)
            uses = _uses(ctx, path)
        except ProjectError as error:
            return self.refuse(f"{path} cannot be read", error.message)
        try:
            if await _is_applied(ctx.account, uses):
                return self.refuse(f"{path} is applied already", "its rows are there; a change has no effect")
        except AccountError as error:
            return self.refuse(f"whether {path} is applied cannot be told", error.message)
        try:
            after = _divided(text, _LIMIT - _ENTRY if uses else _LIMIT)
        except NotUnderstood as obstacle:
            return self.refuse(f"{path} is left alone: {obstacle}", _BY_HAND)
        if after == text:
            return self.nothing("its statements are short enough already")
        return self._written(ctx, path, after, uses)

    def _written(self, ctx: Context, path: str, text: str, uses: _Uses) -> Plan:
        before = ctx.project.root.joinpath(path).read_bytes()
        mark = _MARK.encode() if before.startswith(_MARK.encode()) else b""
        first, *others = split_file(text, _LIMIT - _ENTRY) if uses else (text,)
        paths = _paths_behind(ctx, uses, len(others)) if others else ()
        if paths is None:
            first, others, paths = text, [], ()
        why = "the rows are written by several statements, each short enough for D1"
        return self.steps(
            f"{why}, and by {len(others) + 1} migrations" if others else why,
            EditFile(path=path, before=before, after=mark + first.encode()),
            *(EditFile.text(each, None, other) for each, other in zip(paths, others, strict=True)),
        )

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


def _uses(ctx: Context, path: str) -> _Uses:
    """The bindings whose migration a file is. Raises ProjectError where migrations cannot be read."""
    bindings = ctx.config.d1 if ctx.project.config else ()
    found = ((binding, one) for binding in bindings for one in ctx.project.migrations(binding))
    return [(binding, migration) for binding, migration in found if migration.path == path]


async def _is_applied(account: Account | None, uses: _Uses) -> bool:
    """Whether a database of the account has been given the migration. Raises AccountError."""
    for binding, migration in uses if account else ():
        if account and migration.name in await applied_names(account, binding):
            return True
    return False


def _paths_behind(ctx: Context, uses: _Uses, count: int) -> tuple[str, ...] | None:
    """Files for what does not fit into a migration, or None where its bindings would not take them."""
    found: set[tuple[str, ...] | None] = set()
    for binding, migration in uses:
        existing = [one.name for one in ctx.project.migrations(binding)]
        names = names_behind(binding, existing, migration.name, count)
        folder = migration.path.removesuffix(migration.name)
        found.add(None if names is None else tuple(folder + name for name in names))
    return found.pop() if len(found) == 1 else None


def _divided(text: str, limit: int) -> str:
    """The file with every statement that is too long split; raises NotUnderstood if one cannot be."""
    pieces, done, end = [], 0, 0
    for start, statement in statements_in(text):
        if len(statement.encode()) > _LIMIT:
            room = limit - _beside(text[:start], text[end:start], limit)
            pieces += [text[done:start], with_line_ends_of(text, _split(statement, room))]
            done = start + len(statement)
        end = start + len(statement)
    return "".join([*pieces, text[done:]])


def _beside(before: str, comment: str, limit: int) -> int:
    """Bytes that stand in one file with a statement: all before it while that is little, else its comment."""
    size = len(before.encode())
    return size if size < limit // 2 else len(comment.encode())


def _split(statement: str, limit: int) -> str:
    """The statement as several, below the limit where its rows allow that, else below D1's."""
    try:
        return split_insert(statement, limit)
    except NotUnderstood:
        return split_insert(statement)


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
