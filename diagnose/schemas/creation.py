"""A CREATE TABLE for the columns that the worker writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.identifiers import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def create_table_sql(table: str, types: Mapping[str, str], key: Sequence[str]) -> str:
    """The statement, one column a line.

    Args:
        table: its name.
        types: declared type by column, in the order of the columns; "" for a column without one.
        key: the columns of the primary key, which are NOT NULL; none for a table without a key.
    """
    wanted = {column.lower() for column in key}
    lines = [
        " ".join(filter(None, [quoted(column), kind, "NOT NULL" if column.lower() in wanted else ""]))
        for column, kind in types.items()
    ]
    if key:
        lines.append(f"PRIMARY KEY ({', '.join(map(quoted, key))})")
    body = ",\n".join(f"  {line}" for line in lines)
    return f"CREATE TABLE {quoted(table)} (\n{body}\n);\n"
