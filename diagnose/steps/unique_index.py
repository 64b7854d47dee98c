"""A unique index by a migration, once no two rows have the same key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.identifiers import quoted
from diagnose.schemas import applied_names, database_name, new_migration
from diagnose.steps.migration import Reversal
from diagnose.steps.new_migration import migration_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.account import Account
    from diagnose.project import D1Binding, Project
    from diagnose.steps.files import EditFile
    from diagnose.steps.migration import ApplyMigration


def unique_index_sql(table: str, key: Sequence[str]) -> str:
    """The statement that creates the index, with a line break."""
    columns = ", ".join(map(quoted, key))
    return f"CREATE UNIQUE INDEX {_name(table, key)} ON {quoted(table)} ({columns});\n"


async def unique_index_steps(
    project: Project, account: Account | None, binding: D1Binding, table: str, key: Sequence[str]
) -> tuple[EditFile, ApplyMigration] | None:
    """The migration and its application; None where another tool makes the project's migrations.

    Raises:
        AccountError: the account cannot be asked.
        ProjectError: an existing migration cannot be read.
    """
    applied = await applied_names(account, binding) if account else frozenset[str]()
    sql = unique_index_sql(table, key)
    migration = new_migration(project, binding, f"unique_{table}", sql, applied)
    if migration is None:
        return None
    drop = Reversal(guard="", sql=f"DROP INDEX IF EXISTS {_name(table, key)}", kept="")
    return migration_steps(binding, await database_name(account, binding), migration, drop)


async def count_duplicates(
    account: Account | None, binding: D1Binding, table: str, key: Sequence[str]
) -> int:
    """How many keys are held by several rows; a key with a NULL in it never counts as taken.

    Raises:
        AccountError: the account cannot be asked.
    """
    if account is None or binding.database_id is None:
        return 0
    sql = f"SELECT count(*) FROM ({duplicates_sql(table, key)})"
    results = await account.query(binding.database_id, sql, reads_only=True)
    return int(results[-1].rows[0][0])


def duplicates_sql(table: str, key: Sequence[str]) -> str:
    """The query that shows which keys are held by several rows."""
    columns = ", ".join(map(quoted, key))
    present = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in key)
    return (
        f"SELECT {columns}, count(*) AS copies FROM {quoted(table)}"
        f" WHERE {present} GROUP BY {columns} HAVING count(*) > 1"
    )


def _name(table: str, key: Sequence[str]) -> str:
    return quoted("_".join((table, *key)))
