"""What is known of the tables of a connection: looked up once, until the schema changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from diagnose.d1.identifiers import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.d1.schema import Query

# The key of a WITHOUT ROWID table is the table itself.
_INDEXES: Final = """
    SELECT list.name, info.name
    FROM pragma_index_list(?1) AS list, pragma_index_info(list.name) AS info
    WHERE NOT (list.origin = 'pk' AND EXISTS (SELECT 1 FROM pragma_table_list(?1) WHERE wr))
"""
_AUTOINCREMENT: Final = """
    SELECT 1 FROM sqlite_master
    WHERE type = 'table' AND name = ?1 COLLATE NOCASE AND sql LIKE '%AUTOINCREMENT%'
"""
_KEY_COLUMNS: Final = "SELECT name, pk FROM pragma_table_xinfo(?1)"
_WITHOUT_ROWID: Final = "SELECT 1 FROM pragma_table_list(?1) WHERE wr"
_ROW_NUMBERS: Final = ("rowid", "_rowid_", "oid")


class KnownTables:
    """Facts about tables that the engine asks for again and again."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._indexes: dict[str, Mapping[str, frozenset[str]]] = {}
        self._counting: dict[str, bool] = {}

    def forget(self) -> None:
        """The schema may be another one from now on."""
        self._indexes.clear()
        self._counting.clear()

    def indexes(self, table: str) -> Mapping[str, frozenset[str]]:
        """The indexes that a write to the table must keep, each with its columns in lower case."""
        if table not in self._indexes:
            found: dict[str, frozenset[str]] = {}
            for index, column in self._query(_INDEXES, table):
                found[str(index)] = found.get(str(index), frozenset()) | {str(column).lower()}
            self._indexes[table] = found
        return self._indexes[table]

    def counts_up(self, table: str) -> bool:
        """Whether the table numbers its rows by AUTOINCREMENT."""
        if table not in self._counting:
            self._counting[table] = bool(self._query(_AUTOINCREMENT, table))
        return self._counting[table]

    def row_key(self, table: str) -> tuple[str, ...]:
        """Columns, as they stand in SQL, that tell the rows of a table apart."""
        columns = [(str(name), int(str(position))) for name, position in self._query(_KEY_COLUMNS, table)]
        if self._query(_WITHOUT_ROWID, table):
            keyed = sorted((position, name) for name, position in columns if position)
            return tuple(quoted(name) for _, name in keyed)
        taken = {name.lower() for name, _ in columns}
        return (next((name for name in _ROW_NUMBERS if name not in taken), _ROW_NUMBERS[0]),)
