"""How steps reach a database: through the account's API, with its errors turned into step errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.account import Account
from diagnose.errors import AccountError, StepError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

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
    workspace: Workspace,
    database_id: str,
    sql: str,
    params: Sequence[SqliteValue] = (),
    *,
    repeatable: bool = False,
    landed: Callable[[], Awaitable[bool]] | None = None,
) -> tuple[QueryResult, ...]:
    """Run SQL in a database.

    Args:
        workspace: whose account is acted on.
        database_id: a UUID.
        sql: one statement, or several divided by `;`.
        params: for the last one.
        repeatable: running it twice leaves what running it once leaves.
        landed: tells whether it has run, for when the answer is lost.

    Raises:
        StepError: with what the API answered.
    """
    account = account_of(workspace)
    return await _told(
        account.query(database_id, sql, params, repeatable=repeatable, landed=landed), database_id
    )


async def select(
    workspace: Workspace, database_id: str, sql: str, params: Sequence[SqliteValue] = ()
) -> tuple[QueryResult, ...]:
    """Run SQL that changes nothing. Raises StepError with what the API answered."""
    return await _told(account_of(workspace).query(database_id, sql, params, reads_only=True), database_id)


async def count(workspace: Workspace, database_id: str, sql: str, params: Sequence[SqliteValue] = ()) -> int:
    """The single number that a query answers."""
    results = await select(workspace, database_id, sql, params)
    return int(results[-1].rows[0][0])


async def _told(query: Awaitable[tuple[QueryResult, ...]], database_id: str) -> tuple[QueryResult, ...]:
    try:
        return await query
    except AccountError as error:
        raise StepError(
            error.message, where=f"database {database_id}", why=error.why, hint=error.hint
        ) from error
