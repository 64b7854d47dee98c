"""TBL004: migrations of the project that the database was not given."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from diagnose.plugin import Check, Confidence, Mode, Need, Severity, listed
from diagnose.schemas import (
    applied_names,
    database_name,
    missing_columns,
    missing_tables,
    pending_migrations,
    read_definitions,
    unkeyed_inserts,
    why_unknown,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from diagnose.plugin import Context, Finding
    from diagnose.project import D1Binding
    from diagnose.schemas import PendingMigrations

_MOST_SHOWN: Final = 5
_END_TO_END: Final = ("E2E001", "E2E002", "E2E004")


class MigrationsPending(Check):
    """Every migration of the project is applied to the database behind its binding.

    ## What it checks

    The files that wrangler would find (`migrations_dir`, `migrations_pattern`) against the names that the
    database holds in its table of migrations (`migrations_table`), and what the pending ones would do to
    the tables as they are. A file that was edited after it was applied cannot be told from one that was not:
    only names are entered. Migrations whose tables are there although nothing is entered were run in some
    other way; that is advice.

    ## Why it matters

    `wrangler deploy` applies no migrations, and `wrangler d1 migrations apply` without `--remote` applies
    them to a database on one's own machine (https://developers.cloudflare.com/d1/reference/migrations/). The
    worker then meets tables and columns that are not there. A pending file that comes before an applied one,
    as after a merge, is applied behind it.

    ## Example

    The database has no `d1_migrations`, or not this name in it:

    ```
    migrations/0001_create_rates.sql
    migrations/0002_add_source.sql     <- pending
    ```

    Right, after `npx wrangler d1 migrations apply history --remote`:

    ```
    $ npx wrangler d1 migrations list history --remote
    No migrations to apply!
    ```

    ## Remedy

    Apply them with `--remote`, before the worker that needs them is deployed. Where they were run in another
    way, enter their names.

    ## Fix safety

    review: applies the pending migrations in their order, each in one query with its entry, as wrangler does.
    One that the D1 engine refuses, or whose tables are there already, is shown and nothing is applied. What a
    migration changed is not undone.

    ## Evidence

    - `binding`, `database`: whose migrations they are.
    - `pending`: names of the files that are not entered as applied, in the order of their application.
    - `out_of_order`: those of them that come before one that is applied.
    - `already_there`: those of them whose tables and columns the database has all the same.
    - `refused`: those of them that would fail: `migration` and `error`.
    - `unknown`: names that are entered as applied and that no file has.
    - `applied`: of a pass, how many are applied.

    ## Permissions

    D1 Read. The fix needs D1 Edit.
    """

    code: ClassVar[str] = "TBL004"
    name: ClassVar[str] = "migrations-pending"
    severity: ClassVar[Severity] = Severity.WARNING
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.ACCOUNT})
    scopes: ClassVar[tuple[str, ...]] = ("D1 Read",)
    mode: ClassVar[Mode] = Mode.READ

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each binding that has migrations."""
        bindings = {_identity(binding): binding for binding in reversed(ctx.config.d1)}
        having = [one for one in reversed(bindings.values()) if ctx.project.migrations(one)]
        for binding in having:
            yield await self._compared(ctx, binding)
        if not having:
            yield self.passed("the project has no migrations")

    async def _compared(self, ctx: Context, binding: D1Binding) -> Finding:
        definitions = await read_definitions(ctx.project, ctx.account, binding)
        if ctx.account is None or definitions is None:
            return self.skipped(why_unknown(ctx.account, binding), location=binding.location)
        applied = await applied_names(ctx.account, binding)
        found = pending_migrations(ctx.project, binding, applied, definitions)
        if not found.pending:
            return self.passed(
                f"every migration of {binding.binding} is applied",
                location=binding.location,
                evidence={"binding": binding.binding, "applied": found.shared},
            )
        database = await database_name(ctx.account, binding)
        return self.problem(
            f"{_said(found, database)}",
            severity=Severity.ADVICE if found.is_made_otherwise else Severity.WARNING,
            confidence=Confidence.LOW if found.is_foreign else Confidence.HIGH,
            location=binding.location,
            resource=f"d1/{binding.database_id}",
            evidence={
                "binding": binding.binding,
                "database": database,
                "pending": [migration.name for migration in found.pending],
                "out_of_order": list(found.late),
                "already_there": list(found.there),
                "refused": [{"migration": name, "error": error} for name, error in found.refused],
                "unknown": list(found.unknown),
            },
            explains=_explained(ctx, binding, definitions, found.definitions),
        )


def _identity(binding: D1Binding) -> tuple[str | None, ...]:
    """Two bindings of one database with one folder have the same migrations."""
    return binding.database_id, binding.migrations_dir, binding.migrations_pattern, binding.migrations_table


def _said(found: PendingMigrations, database: str) -> str:
    names = listed([migration.name for migration in found.pending], _MOST_SHOWN)
    if found.is_made_otherwise:
        return f"{names} {_are(found)} not entered as applied to {database}, although what they make is there"
    late = f"; {listed(found.late, _MOST_SHOWN)} came before one that is applied" if found.late else ""
    refused = f"; {found.refused[0][0]} would fail: {found.refused[0][1]}" if found.refused else ""
    foreign = "; the names that are entered there are no files of this project" if found.is_foreign else ""
    return f"{names} {_are(found)} not applied to {database}{late}{refused}{foreign}"


def _are(found: PendingMigrations) -> str:
    return "is" if len(found.pending) == 1 else "are"


def _explained(
    ctx: Context, binding: D1Binding, before: Sequence[str], after: Sequence[str]
) -> tuple[str, ...]:
    """The findings about tables that would be gone once everything is applied, and what follows from them."""
    source = ctx.project.source
    if source is None:
        return ()
    looks = {"TBL001": missing_tables, "TBL002": missing_columns, "TBL003": unkeyed_inserts}
    codes = tuple(
        code
        for code, look in looks.items()
        if len(look(after, source, binding)) < len(look(before, source, binding))
    )
    return (*codes, *_END_TO_END) if codes else ()
