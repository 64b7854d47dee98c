"""How many rows stand in a table of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.account import StatementError
from diagnose.d1.identifiers import quoted

if TYPE_CHECKING:
    from diagnose.account import Account
    from diagnose.rehearsal.watching import Watch


async def count_rows(account: Account, watch: Watch) -> int | None:
    """The rows of a table, or None where there is no such table. Raises ApiError."""
    sql = f"SELECT count(*) FROM {quoted(watch.table)}"
    try:
        (result,) = await account.query(watch.database_id, sql, reads_only=True)
    except StatementError as error:
        if "no such table" in error.text:
            return None
        raise
    return int(result.rows[0][0])
