"""The tables of a database that is reached through the API, asked for in one request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from diagnose.d1.schema import Column, Schema, Table, UniqueKey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

# D1 keeps tables of its own under `_cf_` and answers `not authorized` to questions about them.
_TABLES: Final = """\
FROM pragma_table_list AS tables{join}
WHERE tables.schema = 'main' AND tables.type IN ('table', 'virtual')
  AND tables.name NOT LIKE 'sqlite^_%' ESCAPE '^' AND tables.name NOT LIKE '^_cf^_%' ESCAPE '^'"""

SCHEMA_SQL: Final = ";\n".join(
    (
        "SELECT tables.name, tables.strict, tables.wr " + _TABLES.format(join="") + " ORDER BY tables.name",
        'SELECT tables.name, info.name, info.type, info."notnull", info.dflt_value, info.pk, info.hidden '
        + _TABLES.format(join=", pragma_table_xinfo(tables.name) AS info")
        + " AND info.hidden <> 1 ORDER BY tables.name, info.cid",
        "SELECT tables.name, list.name, list.origin, list.partial, info.name "
        + _TABLES.format(
            join=", pragma_index_list(tables.name) AS list, pragma_index_info(list.name) AS info"
        )
        + ' AND list."unique" ORDER BY tables.name, list.seq DESC, info.seqno',
    )
)
"""Three statements: tables, columns, unique indexes."""

DEFINITIONS_SQL: Final = r"""
SELECT type, sql FROM sqlite_master
WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE '\_cf\_%' ESCAPE '\'
"""
"""One statement: the CREATE statements that made everything."""

_SOURCES: Final[dict[str, Literal["primary key", "unique", "index"]]] = {
    "pk": "primary key",
    "u": "unique",
    "c": "index",
}
_GENERATED: Final = frozenset({2, 3})


def make_schema(
    tables: Sequence[Sequence[Any]], columns: Sequence[Sequence[Any]], indexes: Sequence[Sequence[Any]]
) -> Schema:
    """The schema that the rows of `SCHEMA_SQL` describe; the same that the D1 engine reads directly."""
    columns_of: dict[str, list[Column]] = {}
    for table, name, kind, not_null, default, position, hidden in columns:
        column = Column(
            name=str(name),
            type=str(kind),
            not_null=bool(not_null),
            default=None if default is None else str(default),
            primary_key_position=int(position),
            generated=hidden in _GENERATED,
        )
        columns_of.setdefault(table, []).append(column)
    keys_of: dict[str, dict[str, UniqueKey]] = {}
    for table, index, origin, partial, column_name in indexes:
        keys = keys_of.setdefault(table, {})
        earlier = keys[index].columns if index in keys else ()
        keys[index] = UniqueKey(
            columns=(*earlier, str(column_name or "")), source=_SOURCES[origin], partial=bool(partial)
        )
    return Schema(
        tables=tuple(
            Table(
                name=str(name),
                columns=tuple(columns_of.get(name, ())),
                unique_keys=_with_rowid_key(columns_of.get(name, ()), tuple(keys_of.get(name, {}).values())),
                strict=bool(strict),
                without_rowid=bool(without_rowid),
            )
            for name, strict, without_rowid in tables
        )
    )


def _with_rowid_key(columns: Sequence[Column], keys: tuple[UniqueKey, ...]) -> tuple[UniqueKey, ...]:
    """The keys, and an INTEGER PRIMARY KEY, which is the row's number and so has no index."""
    primary = sorted(
        (column for column in columns if column.primary_key_position),
        key=lambda column: column.primary_key_position,
    )
    if not primary or any(key.source == "primary key" for key in keys):
        return keys
    return (UniqueKey(columns=tuple(column.name for column in primary), source="primary key"), *keys)
