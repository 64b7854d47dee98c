"""The watched table as rows that follow each other in time, as the account holds it now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from diagnose.d1.identifiers import quoted
from diagnose.schemas import why_unknown
from diagnose.schemas.series import gaps, time_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.account import Account
    from diagnose.d1 import Table
    from diagnose.plugin import Context
    from diagnose.project import D1Binding
    from diagnose.schemas.series import Gap

_MOST_ROWS: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedSeries:
    """The keys of the watched table.

    Attributes:
        database_id: of the binding, which the account has.
        key: columns, as the table spells them.
        place: of the time in the key.
        rows: the newest 20,000 keys; one with a NULL is left out.
    """

    binding: D1Binding
    database_id: str
    table: Table
    key: tuple[str, ...]
    place: int
    rows: tuple[tuple[Any, ...], ...]

    @property
    def gaps(self) -> list[Gap]:
        """Where rows are missing, oldest first."""
        return gaps(self.rows, self.place)


async def watched_series(ctx: Context) -> WatchedSeries | str:
    """The table that `[watch]` names; or why it cannot be looked at.

    Raises:
        AccountError: the account cannot be asked.
    """
    watch = ctx.project.settings.watch
    if watch is None:
        return "no table is watched: name it under [watch], as `diagnose init` does"
    binding = _binding(ctx, watch.database)
    if binding is None:
        return "[watch] names no database of the config"
    table = await _table(ctx, binding, watch.table)
    if table is None:
        return f"{watch.table} is not in the database"
    key = _known(table, watch.key or _own_key(table))
    if not key:
        return f"{table.name} has no key to tell its rows apart: name it under [watch]"
    if ctx.account is None or binding.database_id is None:
        return why_unknown(ctx.account, binding)
    return await _read(ctx.account, binding, binding.database_id, table, key)


async def _read(
    account: Account, binding: D1Binding, database_id: str, table: Table, key: tuple[str, ...]
) -> WatchedSeries | str:
    first = await _keys(account, database_id, table, key, "LIMIT 20")
    if not first:
        return f"{table.name} is empty"
    place = time_column(first)
    if place is None:
        return f"no column of the key of {table.name} holds a time"
    newest = f"ORDER BY {quoted(key[place])} DESC LIMIT {_MOST_ROWS}"
    rows = await _keys(account, database_id, table, key, newest)
    if any(isinstance(value, list) for row in rows for value in row):
        return f"the key of {table.name} holds BLOBs, which name no series"
    return WatchedSeries(
        binding=binding, database_id=database_id, table=table, key=key, place=place, rows=rows
    )


def _known(table: Table, names: Sequence[str]) -> tuple[str, ...]:
    """The columns as the table spells them; () when it lacks one."""
    columns = [table.column(name) for name in names]
    found = tuple(column.name for column in columns if column is not None)
    return found if len(found) == len(columns) else ()


def _binding(ctx: Context, database: str | None) -> D1Binding | None:
    names = ((one, {None, one.binding, one.database_name, one.database_id}) for one in ctx.config.d1)
    return next((one for one, known in names if database in known), None)


async def _table(ctx: Context, binding: D1Binding, name: str) -> Table | None:
    if ctx.account is None or binding.database_id is None:
        return None
    if await ctx.account.database(binding.database_id) is None:
        return None
    return (await ctx.account.schema(binding.database_id)).table(name)


def _own_key(table: Table) -> tuple[str, ...]:
    """The key that tells rows apart and means something: a row's number alone does not."""
    keys = [key.columns for key in table.unique_keys if not key.partial and all(key.columns)]
    return max(keys, key=len, default=())


async def _keys(
    account: Account, database_id: str, table: Table, key: Sequence[str], rest: str
) -> tuple[tuple[Any, ...], ...]:
    columns = ", ".join(map(quoted, key))
    present = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in key)
    sql = f"SELECT {columns} FROM {quoted(table.name)} WHERE {present} {rest}"  # noqa: S608 - names are quoted
    (result,) = await account.query(database_id, sql, reads_only=True)
    return result.rows
