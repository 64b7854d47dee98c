"""The declared type that suits the values of a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.d1.javascript import SqliteValue


def column_type(values: Iterable[SqliteValue]) -> str:
    """`INTEGER`, `REAL`, `TEXT` or `BLOB`; empty when nothing is known or the values are of several kinds.

    A column without a type stores every value as it comes (https://sqlite.org/datatype3.html). Numbers
    reach D1 as doubles, so that 1.0 counts as whole.
    """
    kinds = {_kind(value) for value in values if value is not None}
    if kinds == {"INTEGER", "REAL"}:
        return "REAL"
    return kinds.pop() if len(kinds) == 1 else ""


def _kind(value: SqliteValue) -> str:
    match value:
        case str():
            return "TEXT"
        case bytes():
            return "BLOB"
        case float() if not value.is_integer():
            return "REAL"
        case _:
            return "INTEGER"
