"""Tables of the same name in other databases of the account."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.d1.identifiers import quoted

if TYPE_CHECKING:
    from diagnose.account import Account, DatabaseInfo
    from diagnose.d1.schema import Table

MOST_DATABASES: Final = 25
"""How many other databases are looked into: each costs a request, and an account may hold thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A table of that name in another database."""

    database: DatabaseInfo
    table: Table
    empty: bool


async def tables_elsewhere(
    account: Account | None, table: str, *, apart_from: str | None
) -> tuple[Elsewhere, ...]:
    """The tables of that name, by the name of their database; at most `MOST_DATABASES` are looked into.

    Without an account there are none.

    Raises:
        AccountError: the account cannot be asked.
    """
    if account is None:
        return ()
    databases = [info for info in await account.databases() if info.uuid != (apart_from or "").lower()]
    databases.sort(key=lambda info: info.name)
    found = await asyncio.gather(*(_look(account, info, table) for info in databases[:MOST_DATABASES]))
    return tuple(each for each in found if each is not None)


async def _look(account: Account, info: DatabaseInfo, name: str) -> Elsewhere | None:
    table = (await account.schema(info.uuid)).table(name)
    if table is None:
        return None
    sql = f"SELECT EXISTS (SELECT 1 FROM {quoted(table.name)})"  # noqa: S608 - a quoted name
    results = await account.query(info.uuid, sql, reads_only=True)
    return Elsewhere(database=info, table=table, empty=not results[-1].rows[0][0])
