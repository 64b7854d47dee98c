"""TBL003: a conflict clause without a unique key that could conflict."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Mode, Need, Severity
from diagnose.schemas import (
    database_name,
    read_definitions,
    resource,
    sites_of,
    unkeyed_inserts,
    why_unknown,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project import D1Binding
    from diagnose.schemas import UnkeyedInsert


class ConflictTarget(Check):
    """A table that is written with a conflict clause has a unique key that the written rows can violate.

    ## What it checks

    `INSERT OR IGNORE`, `INSERT OR REPLACE` and `ON CONFLICT` without columns need a unique key within the
    written columns; an id that SQLite hands out is none. `ON CONFLICT (columns)` needs a key over exactly
    these columns: the statement is compiled by D1's engine. Partial indexes and indexes over
    expressions count as keys, and a plain INSERT is not looked at.

    ## Why it matters

    Without a key nothing ever conflicts: each run of the import adds all its rows again. A key that does
    not match the columns of ON CONFLICT fails every statement (https://sqlite.org/lang_upsert.html).

    ## Example

    ```sql
    CREATE TABLE price_data (id INTEGER PRIMARY KEY AUTOINCREMENT, symbol TEXT, day INTEGER, close REAL);
    INSERT OR IGNORE INTO price_data (symbol, day, close) VALUES (?, ?, ?);  -- ignores nothing
    ```

    Repaired:

    ```sql
    CREATE UNIQUE INDEX price_data_symbol_day ON price_data (symbol, day);
    ```

    ## Remedy

    Remove the rows that are there twice, then create a unique index over the columns that tell rows apart.

    ## Fix safety

    data: a migration with the unique index; from then on D1 refuses a second row with the same key. When
    the account holds duplicates they are reported with a query that shows them, and nothing is changed:
    which of them to keep is for a person to say. The key is that of `[watch] key`, of the ON CONFLICT, or
    of a table of the same name elsewhere; otherwise `--option key=COLUMN,COLUMN` is asked for. Undo drops
    the index.

    ## Evidence

    - `binding`, `database`, `table`: the table.
    - `clause`: how the statement meets conflicts, such as `INSERT OR IGNORE`.
    - `columns`: the columns that it writes.
    - `keys`: the table's unique keys, each a list of columns.
    - `error`: what D1 answers, or null when it accepts the statement.

    ## Permissions

    D1 Read, with an account. The fix needs D1 Edit.
    """

    code: ClassVar[str] = "TBL003"
    name: ClassVar[str] = "conflict-target"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE, Need.SCHEMA})
    scopes: ClassVar[tuple[str, ...]] = ("D1 Read",)
    mode: ClassVar[Mode] = Mode.READ

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each statement whose clause finds no key."""
        unsettled = 0
        for binding in ctx.config.d1:
            if not sites_of(ctx.source, binding):
                continue
            definitions = await _definitions(ctx, binding)
            if definitions is None:
                unsettled += 1
                yield self.skipped(why_unknown(ctx.account, binding), location=binding.location)
                continue
            for insert in unkeyed_inserts(definitions, ctx.source, binding):
                unsettled += 1
                yield await self._problem(ctx, binding, insert)
        if not unsettled:
            yield self.passed("every conflict clause has a unique key to conflict with")

    async def _problem(self, ctx: Context, binding: D1Binding, insert: UnkeyedInsert) -> Finding:
        site, table = insert.site, insert.table
        return self.problem(
            _message(insert),
            confidence=Confidence.HIGH if ctx.account else Confidence.MEDIUM,
            location=site.location,
            resource=resource(binding, table.name),
            evidence={
                "binding": binding.binding,
                "database": await database_name(ctx.account, binding),
                "table": table.name,
                "clause": insert.clause.text,
                "columns": list(insert.columns),
                "keys": [list(key.columns) for key in table.unique_keys],
                "error": insert.error,
            },
            explains=("E2E001", "E2E002", "E2E004") if insert.error else (),
        )


async def _definitions(ctx: Context, binding: D1Binding) -> tuple[str, ...] | None:
    read = partial(read_definitions, ctx.project, ctx.account, binding)
    return await ctx.fact(f"definitions {binding.binding}", read)


def _message(insert: UnkeyedInsert) -> str:
    table = insert.table.name
    if insert.error is not None:
        return f"{insert.clause.text} in {insert.site.function} matches no unique key of {table}"
    return (
        f"{insert.clause.text} in {insert.site.function} never meets a conflict: {table} has no unique key"
        " within the written columns, so that each run adds its rows again"
    )
