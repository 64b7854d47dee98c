"""The table that another worker shall write: made now, since nothing in this worker names it any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from diagnose.d1.identifiers import quoted
from diagnose.rewriting import Refused
from diagnose.schemas import (
    applied_names,
    column_type,
    create_table_sql,
    database_name,
    known_key,
    missing_tables,
    new_migration,
    parse_key,
    pending_until,
    read_definitions,
    recorded_samples,
)
from diagnose.steps import Reversal
from diagnose.steps.new_migration import migration_steps

if TYPE_CHECKING:
    from diagnose.account import Account
    from diagnose.model import Step
    from diagnose.project import D1Binding, Project
    from diagnose.project.source import StatementSite
    from diagnose.schemas import MissingTable

_FIRST: Final = "create it first: diagnose fix --select TBL001"


async def table_steps(
    project: Project, account: Account | None, binding: D1Binding, site: StatementSite
) -> tuple[Step, ...] | Refused:
    """A migration for the site's table where the database is known not to have it.

    Raises:
        AccountError: the account does not answer.
        ProjectError: a migration cannot be read.
    """
    definitions = await read_definitions(project, account, binding)
    if definitions is None or project.source is None:
        return ()
    found = missing_tables(definitions, project.source, binding)
    missing = next((each for each in found if each.name == site.table), None)
    if missing is None:
        return ()
    applied = await applied_names(account, binding) if account else frozenset[str]()
    if account is not None and pending_until(project, binding, applied, missing.name):
        return Refused(f"a migration that creates {missing.name} is not applied yet", _FIRST)
    sql = _definition(project, binding, missing)
    migration = new_migration(project, binding, f"create_{missing.name}", sql, applied) if sql else None
    if migration is None:
        return Refused(f"{missing.name} is not there, and nothing says what it is to be", _FIRST)
    database = await database_name(account, binding)
    return migration_steps(binding, database, migration, _reversal(missing.name, database))


def _definition(project: Project, binding: D1Binding, missing: MissingTable) -> str | None:
    """The CREATE TABLE; None where key or types are not known without executing anything."""
    known = known_key(project.settings, binding, missing.name, missing.sites)
    key = parse_key(",".join(known), missing.columns)
    if not key:
        return None
    samples = recorded_samples(project.settings, missing.sites)
    types = {column: column_type(samples.get(column.lower(), ())) for column in missing.columns}
    return create_table_sql(missing.name, types, key) if all(types.values()) else None


def _reversal(table: str, database: str) -> Reversal:
    return Reversal(
        guard=f"SELECT count(*) FROM {quoted(table)}",  # noqa: S608 - a quoted name
        sql=f"DROP TABLE {quoted(table)}",
        kept=f"table {table} of {database} holds rows; it stays, and its migration stays applied",
    )
