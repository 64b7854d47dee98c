"""Compares rows with a table, inside the database: nothing is taken for granted because it was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.d1.identifiers import quoted
from diagnose.importing.chunks import chunks

if TYPE_CHECKING:
    from diagnose.account import Account
    from diagnose.importing.rows import Rows


@dataclass(frozen=True, slots=True)
class Comparison:
    """How rows and table agree.

    Attributes:
        rows: how many rows were looked for.
        found: how many of them stand in the table under their key.
        equal: how many of those are equal in every column.
    """

    rows: int
    found: int
    equal: int

    @property
    def is_complete(self) -> bool:
        """True when every row is there and equal."""
        return self.rows == self.found == self.equal


async def compare_rows(
    account: Account, database_id: str, table: str, rows: Rows, *, key: tuple[str, ...]
) -> Comparison:
    """Look every row up by its key (all columns, when `key` is empty) and compare all columns.

    Raises:
        AccountError: the table or a column is not there.
    """
    found = equal = 0
    for chunk in chunks(rows):
        source, params = chunk.source(rows.columns)
        by_key, by_all = chunk.equals(key or rows.columns), chunk.equals(rows.columns)
        sql = (
            f"SELECT sum(EXISTS (SELECT 1 FROM {quoted(table)} AS t WHERE {by_key})),"
            f" sum(EXISTS (SELECT 1 FROM {quoted(table)} AS t WHERE {by_key} AND {by_all})) FROM {source}"
        )
        (result,) = await account.query(database_id, sql, params, reads_only=True)
        found += int(result.rows[0][0])
        equal += int(result.rows[0][1])
    return Comparison(len(rows), found, equal)
