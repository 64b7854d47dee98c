"""The statements that define a database, from the account or from the project's migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from diagnose.account.schema import DEFINITIONS_SQL
from diagnose.d1 import D1Error, Database, Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diagnose.account import Account
    from diagnose.d1.javascript import SqliteValue
    from diagnose.project import D1Binding, Project

_ORDER: Final = ("table", "index", "view", "trigger")


async def read_definitions(
    project: Project, account: Account | None, binding: D1Binding
) -> tuple[str, ...] | None:
    """Every CREATE statement of a database, in an order in which they can be run again.

    None when the account has no such database, when there is neither an account nor a migration, and
    when a migration does not run.

    Raises:
        AccountError: the account cannot be asked.
        ProjectError: a migration cannot be read.
    """
    if account is None:
        return _from_migrations(project, binding)
    if binding.database_id is None or await account.database(binding.database_id) is None:
        return None
    return _ordered(await account.definitions(binding.database_id))


def _from_migrations(project: Project, binding: D1Binding) -> tuple[str, ...] | None:
    migrations = project.migrations(binding)
    if not migrations:
        return None
    with Database.memory() as database:
        try:
            for migration in migrations:
                database.migrate(migration.sql)
        except D1Error:
            return None
        return _ordered(database.run(Statement(DEFINITIONS_SQL)).rows)


def _ordered(rows: Iterable[Sequence[SqliteValue]]) -> tuple[str, ...]:
    """Virtual tables first: they make tables of their own, which then need not be made again."""
    found = [(str(kind), str(sql)) for kind, sql in rows]
    found.sort(key=lambda each: (not each[1].upper().startswith("CREATE VIRTUAL"), _ORDER.index(each[0])))
    return tuple(sql for _, sql in found)
