"""Writes rows into a D1 database: few statements, one bound parameter each, safe to repeat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.d1.forms import Conflict, Insert, json_each
from diagnose.importing.verifier import compare_rows

if TYPE_CHECKING:
    from diagnose.account import Account
    from diagnose.importing.rows import Rows
    from diagnose.importing.verifier import Comparison


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did.

    Attributes:
        statements: how many were sent.
        written: rows that were new, by SQLite's own count of changes; fewer when an answer was lost and its
            statement repeated.
        comparison: what the database holds afterwards, compared row by row.
    """

    statements: int
    written: int
    comparison: Comparison


async def import_rows(
    account: Account, database_id: str, table: str, rows: Rows, *, key: tuple[str, ...]
) -> ImportResult:
    """Insert the rows that are not there yet, then compare every row.

    Repeating it after any failure is safe as long as the table has a unique key over `key`; a statement whose
    answer is lost is repeated then, and without a key it is not.

    Raises:
        AccountError: a statement was refused; those before it stay.
        RowError: a row cannot be stored (NaN, infinity, a value over the limit).
    """
    insert = Insert(table=table, columns=rows.columns, conflict=Conflict.IGNORE)
    statements = written = 0
    for statement in json_each(insert, rows.values):
        params = statement.params or ()
        results = await account.query(database_id, statement.sql, params, repeatable=bool(key))
        statements += 1
        written += sum(result.meta.changes for result in results)
    comparison = await compare_rows(account, database_id, table, rows, key=key)
    return ImportResult(statements, written, comparison)
