"""SRC007: rows that arrive twice are stored once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Mode, Need, Severity
from diagnose.schemas import (
    database_name,
    read_definitions,
    repeated_inserts,
    resource,
    sites_of,
    why_unknown,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project import D1Binding
    from diagnose.schemas import RepeatedInsert

_AGAIN = {
    "queue": "a queue delivers a message again after a failure, and sometimes without one",
    "cron": "the next run may fetch the same rows again",
}


class RetryDuplicatesRows(Check):
    """An INSERT whose rows can arrive twice says what happens to those that are there already.

    ## What it checks

    INSERTs without a conflict clause in a `queue` handler and what it calls, and those of a cron run that
    store what it has fetched. Without a unique key within the written columns the second arrival is stored
    again; with one it is refused, and the whole statement with it. A key that gets a random value or the
    present time tells nothing apart. In order are tables that note what happened (logs, events, errors,
    runs), statements that look first, DELETE or UPDATE of the same table beside the INSERT, triggers that
    decide, and messages that are recognised by their id. Conflict clauses without a key are TBL003.

    ## Why it matters

    Queues deliver at least once, and a handler that raises gets its whole batch again, with the messages that
    were stored already (https://developers.cloudflare.com/queues/reference/delivery-guarantees/). The table
    then holds rows twice; or `UNIQUE constraint failed` meets every further delivery, until the message is in
    the dead-letter queue with the rows that were not stored yet.

    ## Example

    ```sql
    CREATE TABLE price_data (symbol TEXT, day INTEGER, close REAL);
    INSERT INTO price_data (symbol, day, close) VALUES (?, ?, ?);
    ```

    ```sql
    CREATE TABLE price_data (symbol TEXT, day INTEGER, close REAL, UNIQUE (symbol, day));
    INSERT INTO price_data (symbol, day, close) VALUES (?, ?, ?) ON CONFLICT (symbol, day) DO NOTHING;
    ```

    ## Remedy

    A unique key over the columns that tell rows apart, and `ON CONFLICT (key) DO NOTHING`, or `DO UPDATE SET
    column = excluded.column` where the later arrival is the better one.

    ## Fix safety

    Review: the statement gets `ON CONFLICT (key) DO NOTHING`. Where there is no key, a migration creates the
    unique index first: over the columns of `[watch] key`, of an ON CONFLICT elsewhere, or of a table of the
    same name in another database; otherwise `--option key=COLUMN,COLUMN` is asked for. When the table holds
    duplicates they are reported with a query that shows them, and nothing is changed.

    ## Evidence

    - `binding`, `database`, `table`: the table.
    - `function`: where the statement is executed.
    - `columns`: the columns that it writes.
    - `keys`: the table's unique keys, each a list of columns.
    - `key`: the key that refuses the second arrival, or null when it is stored again.
    - `by`: what brings the rows again: `queue` or `cron`.

    ## Permissions

    D1 Read, with an account. The fix needs D1 Edit when it creates an index.
    """

    code: ClassVar[str] = "SRC007"
    name: ClassVar[str] = "retry-duplicates-rows"
    severity: ClassVar[Severity] = Severity.WARNING
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE, Need.SCHEMA})
    scopes: ClassVar[tuple[str, ...]] = ("D1 Read",)
    mode: ClassVar[Mode] = Mode.READ

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each INSERT that a second arrival of its rows breaks."""
        unsettled = 0
        for binding in ctx.config.d1:
            if not any(site.verb == "INSERT" for site in sites_of(ctx.source, binding)):
                continue
            read = partial(read_definitions, ctx.project, ctx.account, binding)
            definitions = await ctx.fact(f"definitions {binding.binding}", read)
            if definitions is None:
                unsettled += 1
                yield self.skipped(why_unknown(ctx.account, binding), location=binding.location)
                continue
            for insert in repeated_inserts(definitions, ctx.source, binding):
                unsettled += 1
                yield await self._problem(ctx, binding, insert)
        if not unsettled:
            yield self.passed("rows that arrive twice are stored once")

    async def _problem(self, ctx: Context, binding: D1Binding, insert: RepeatedInsert) -> Finding:
        site, table = insert.site, insert.table
        return self.problem(
            _message(insert),
            confidence=_confidence(ctx, insert),
            location=site.location,
            resource=resource(binding, table.name),
            evidence={
                "binding": binding.binding,
                "database": await database_name(ctx.account, binding),
                "table": table.name,
                "function": site.function,
                "columns": list(insert.columns),
                "keys": [list(key.columns) for key in table.unique_keys],
                "key": list(insert.key.columns) if insert.key else None,
                "by": insert.by,
            },
            explains=("E2E003",) if insert.key and insert.by == "queue" else (),
        )


def _confidence(ctx: Context, insert: RepeatedInsert) -> Confidence:
    """Which rows a cron run fetches again is not known: without a key it may never be the same."""
    if insert.by == "cron":
        return Confidence.MEDIUM if insert.key else Confidence.LOW
    return Confidence.HIGH if ctx.account else Confidence.MEDIUM


def _message(insert: RepeatedInsert) -> str:
    table, function = insert.table.name, insert.site.function
    if insert.key is None:
        return (
            f"INSERT in {function} stores its rows in {table} a second time when they arrive again: no unique"
            f" key within the written columns tells; {_AGAIN[insert.by]}"
        )
    key = ", ".join(insert.key.columns)
    return (
        f"INSERT in {function} is refused when its rows arrive again (UNIQUE constraint failed: {key} of"
        f" {table}): {_AGAIN[insert.by]}"
    )
