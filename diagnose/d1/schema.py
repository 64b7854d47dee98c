"""Tables of a database as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from diagnose.d1.javascript import SqliteValue

    Query: TypeAlias = Callable[..., Sequence[Sequence[SqliteValue]]]

_TABLES: Final = """
    SELECT name, type, wr, strict FROM pragma_table_list
    WHERE schema = 'main' AND type IN ('table', 'virtual') AND substr(name, 1, 7) <> 'sqlite_'
    ORDER BY name
"""
_COLUMNS: Final = """
    SELECT name, type, "notnull", dflt_value, pk, hidden
    FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid
"""
_UNIQUE: Final = """
    SELECT list.name, list.origin, list.partial, info.name
    FROM pragma_index_list(?1) AS list, pragma_index_info(list.name) AS info
    WHERE list."unique" ORDER BY list.seq DESC, info.seqno
"""
_SOURCES: Final[dict[SqliteValue, Literal["primary key", "unique", "index"]]] = {
    "pk": "primary key",
    "u": "unique",
    "c": "index",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        type: as declared, or "".
        default: the SQL of its DEFAULT, or None.
        primary_key_position: 1-based place in the primary key, or 0.
        generated: computed from other columns, so it cannot be inserted.
    """

    name: str
    type: str = ""
    not_null: bool = False
    default: str | None = None
    primary_key_position: int = 0
    generated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueKey:
    """Columns whose values together occur once.

    Attributes:
        columns: in the key's order; an expression is "".
        source: what declares it.
        partial: it holds for some rows only (an index with WHERE).
    """

    columns: tuple[str, ...]
    source: Literal["primary key", "unique", "index"]
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table."""

    name: str
    columns: tuple[Column, ...]
    unique_keys: tuple[UniqueKey, ...] = ()
    strict: bool = False
    without_rowid: bool = False

    def column(self, name: str) -> Column | None:
        """The column of that name in any letter case, or None."""
        return next((column for column in self.columns if column.name.lower() == name.lower()), None)

    def unique_key(self, columns: Sequence[str]) -> UniqueKey | None:
        """The key over exactly these columns, in any order and letter case, that holds for every row."""
        wanted = sorted(name.lower() for name in columns)
        return next(
            (
                key
                for key in self.unique_keys
                if not key.partial and sorted(name.lower() for name in key.columns) == wanted
            ),
            None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """All tables of an application; SQLite's own are left out."""

    tables: tuple[Table, ...] = ()

    def table(self, name: str) -> Table | None:
        """The table of that name in any letter case, or None."""
        return next((table for table in self.tables if table.name.lower() == name.lower()), None)


def read_schema(query: Query) -> Schema:
    """The schema as a function that runs SQL (text, then values) sees it.

    The statements use what D1 allows, so the function may reach a real account too.
    """
    return Schema(
        tables=tuple(
            Table(
                name=str(name),
                columns=_columns(query, str(name)),
                unique_keys=_unique_keys(query, str(name)),
                strict=bool(strict),
                without_rowid=bool(without_rowid),
            )
            for name, _type, without_rowid, strict in query(_TABLES)
        )
    )


def _columns(query: Query, table: str) -> tuple[Column, ...]:
    return tuple(
        Column(
            name=str(name),
            type=str(kind),
            not_null=bool(not_null),
            default=None if default is None else str(default),
            primary_key_position=int(str(position)),
            generated=hidden in {2, 3},
        )
        for name, kind, not_null, default, position, hidden in query(_COLUMNS, table)
    )


def _unique_keys(query: Query, table: str) -> tuple[UniqueKey, ...]:
    keys: dict[SqliteValue, UniqueKey] = {}
    for index, origin, partial, column in query(_UNIQUE, table):
        earlier = keys[index].columns if index in keys else ()
        keys[index] = UniqueKey(
            columns=(*earlier, str(column or "")), source=_SOURCES[origin], partial=bool(partial)
        )
    return (*_rowid_key(query, table, tuple(keys.values())), *keys.values())


def _rowid_key(query: Query, table: str, keys: tuple[UniqueKey, ...]) -> tuple[UniqueKey, ...]:
    """An INTEGER PRIMARY KEY is the row's number: it is unique without an index of its own."""
    columns = sorted(
        (column for column in _columns(query, table) if column.primary_key_position),
        key=lambda column: column.primary_key_position,
    )
    if not columns or any(key.source == "primary key" for key in keys):
        return ()
    return (UniqueKey(columns=tuple(column.name for column in columns), source="primary key"),)
