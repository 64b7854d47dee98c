"""How steps reach a database: through the account's API, with its errors turned into step errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.account import Account
from diagnose.errors import AccountError, StepError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.account import QueryResult
    from diagnose.d1.javascript import SqliteValue
    from diagnose.model.plan import Workspace


def account_of(workspace: Workspace) -> Account:
    """The account to act on. Raises StepError when there is none."""
    account = workspace.account
    if not isinstance(account, Account):
        raise StepError("this step needs an account", hint="run it with --target cloudflare")
    return account


async def execute(
    workspace: Workspace, database_id: str, sql: str, params: Sequence[SqliteValue] = ()
) -> tuple[QueryResult, ...]:
    """Run SQL in a database. Raises StepError with what the API answered."""
    try:
        return await account_of(workspace).query(database_id, sql, params)
    except AccountError as error:
        raise StepError(
            error.message, where=f"database {database_id}", why=error.why, hint=error.hint
        ) from error


async def count(workspace: Workspace, database_id: str, sql: str, params: Sequence[SqliteValue] = ()) -> int:
    """The single number that a query answers."""
    results = await execute(workspace, database_id, sql, params)
    return int(results[-1].rows[0][0])
