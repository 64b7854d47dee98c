"""The repair of SRC007."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.errors import SourceError
from diagnose.plugin import Fix, Safety, Turn
from diagnose.rewriting import Refused, add_conflict_clause, reread, rewrite_until_done
from diagnose.schemas import (
    conflict_clause,
    find_binding,
    read_definitions,
    refusal_after,
    repeated_inserts,
    sites_of,
)
from diagnose.steps import EditFile
from diagnose.steps.unique_index import (
    count_duplicates,
    duplicates_sql,
    unique_index_sql,
    unique_index_steps,
)
from diagnose.tables import KeyQuestion

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan, Step
    from diagnose.project import D1Binding
    from diagnose.project.source import Source, StatementSite
    from diagnose.rewriting import Outcome, Rewritten
    from diagnose.schemas import RepeatedInsert

_OTHER_TOOL = "the project's migrations are made by another tool"


class RetryDuplicatesRows(Fix):
    """Lets the INSERT pass over rows that are there already; without a key, creates it first."""

    code: ClassVar[str] = "SRC007"
    safety: ClassVar[Safety] = Safety.REVIEW
    scopes: ClassVar[tuple[str, ...]] = ("D1 Edit",)
    turn: ClassVar[Turn] = Turn.SCHEMA

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        if ctx.project.config is None or ctx.project.source is None:
            return self.refuse("the worker cannot be read", "make the config and `main` readable first")
        table = str(finding.evidence.get("table"))
        binding = find_binding(ctx.config.d1, finding.evidence.get("binding"))
        definitions = await read_definitions(ctx.project, ctx.account, binding) if binding else None
        if binding is None or definitions is None:
            return self.refuse(f"the database of {table} is not known", "correct the binding first (CFG006)")
        meant = (table, finding.evidence.get("function"))
        found = repeated_inserts(definitions, ctx.source, binding)
        insert = next((each for each in found if (each.table.name, each.site.function) == meant), None)
        if insert is None:
            return self.nothing(f"rows of {table} that arrive twice are stored once")
        sites = sites_of(ctx.source, binding, table)
        question = KeyQuestion(table=table, columns=insert.columns, sites=sites)
        key = insert.key.columns if insert.key else await question.answer(ctx, binding)
        if key is None:
            return self.ask(f"nothing says which columns of {table} tell its rows apart", question.choice())
        return await self._keyed(ctx, binding, insert, key, definitions)

    async def _keyed(
        self,
        ctx: Context,
        binding: D1Binding,
        insert: RepeatedInsert,
        key: tuple[str, ...],
        definitions: tuple[str, ...],
    ) -> Plan:
        """The clause, after the index where there is none yet."""
        table = insert.table.name
        outcome = _rewritten(ctx.source, insert, key)
        if isinstance(outcome, Refused):
            return self.refuse(outcome.why, outcome.remedy)
        created = () if insert.key else (unique_index_sql(table, key),)
        refusal = _refusal(ctx.source, insert, outcome, (*definitions, *created))
        if refusal is not None:
            return self.refuse(f"the rewritten statement would not work: {refusal}", "write it by hand")
        duplicates = 0 if insert.key else await count_duplicates(ctx.account, binding, table, key)
        if duplicates:
            return self.refuse(
                f"{table} holds {duplicates:,} keys more than once, and a unique index refuses them",
                f"decide which rows to keep; this shows them: {duplicates_sql(table, key)}",
            )
        return await self._steps(ctx, binding, insert, key, outcome)

    async def _steps(
        self,
        ctx: Context,
        binding: D1Binding,
        insert: RepeatedInsert,
        key: tuple[str, ...],
        outcome: Rewritten,
    ) -> Plan:
        path = insert.site.sql_span.path
        steps: tuple[Step, ...] = ()
        if insert.key is None:
            index = await unique_index_steps(ctx.project, ctx.account, binding, insert.table.name, key)
            if index is None:
                sql = unique_index_sql(insert.table.name, key)
                return self.refuse(_OTHER_TOOL, f"let it make this one: {sql}")
            steps = index
        edit = EditFile.text(path, ctx.source.text(path), outcome.text)
        return self.steps(outcome.how, *steps, edit)


def _rewritten(source: Source, insert: RepeatedInsert, key: tuple[str, ...]) -> Rewritten | Refused:
    """The file with a clause in every plain INSERT of the function into the table."""

    def rewrite(source: Source, text: str) -> Outcome | None:
        site = next((site for site in source.sites if _is_meant(site, insert)), None)
        return None if site is None else add_conflict_clause(text, site, key)

    outcome = rewrite_until_done(source, insert.site.sql_span.path, rewrite)
    return outcome or Refused("the statement was not found again", "run `diagnose run` again")


def _is_meant(site: StatementSite, insert: RepeatedInsert) -> bool:
    return (
        site.verb == "INSERT"
        and conflict_clause(site) is None
        and (site.function, site.table, site.sql_span.path)
        == (insert.site.function, insert.site.table, insert.site.sql_span.path)
    )


def _refusal(
    source: Source, insert: RepeatedInsert, outcome: Rewritten, definitions: tuple[str, ...]
) -> str | None:
    """What D1 would answer to the rewritten statements, or why they cannot be read."""
    try:
        after = reread(source, insert.site.sql_span.path, outcome.text)
    except SourceError as error:
        return str(error)
    sites = [
        site
        for site in after.sites
        if (site.function, site.table, site.verb) == (insert.site.function, insert.site.table, "INSERT")
    ]
    return refusal_after(definitions, sites)
