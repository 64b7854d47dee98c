"""New migrations, and those that the account has not seen yet."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.d1 import D1Error, Database
from diagnose.d1.identifiers import quoted
from diagnose.project import next_migration_name

if TYPE_CHECKING:
    from collections.abc import Collection

    from diagnose.account import Account
    from diagnose.project import D1Binding, Migration, Project


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMigration:
    """A migration that is to be written; `path` is relative to the project."""

    name: str
    path: str
    sql: str


def new_migration(
    project: Project, binding: D1Binding, slug: str, sql: str, applied: Collection[str] = ()
) -> NewMigration | None:
    """The next migration of a binding.

    None where migrations are files of another kind (`migrations_pattern`): another tool makes them.

    Raises:
        ProjectError: an existing migration cannot be read.
    """
    pattern = binding.migrations_pattern
    if pattern is not None and not (pattern.endswith("/*.sql") and pattern.count("*") == 1):
        return None
    known = [migration.name for migration in project.migrations(binding)]
    name = next_migration_name([*known, *applied], slug)
    return NewMigration(name=name, path=posixpath.join(project.migrations_folder(binding), name), sql=sql)


async def applied_names(account: Account, binding: D1Binding) -> frozenset[str]:
    """The names of the migrations that the database has been given.

    Raises:
        AccountError: the account cannot be asked.
    """
    if binding.database_id is None:
        return frozenset()
    schema = await account.schema(binding.database_id)
    if schema.table(binding.migrations_table) is None:
        return frozenset()
    sql = f"SELECT name FROM {quoted(binding.migrations_table)}"  # noqa: S608 - a quoted name
    results = await account.query(binding.database_id, sql, reads_only=True)
    return frozenset(str(row[0]) for row in results[-1].rows)


def pending_until(
    project: Project, binding: D1Binding, applied: Collection[str], table: str
) -> tuple[Migration, ...]:
    """The migrations to apply until a table is there; none when no pending migration creates it.

    Raises:
        ProjectError: a migration cannot be read.
    """
    migrations = project.migrations(binding)
    with Database.memory() as database:
        for count, migration in enumerate(migrations, start=1):
            try:
                database.migrate(migration.sql)
            except D1Error:
                return ()
            if database.schema().table(table) is not None:
                return tuple(each for each in migrations[:count] if each.name not in applied)
    return ()
