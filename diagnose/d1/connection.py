"""Opens SQLite so that it accepts and refuses what D1's SQLite does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

import apsw

from diagnose.d1.allowed import MODULES

if TYPE_CHECKING:
    from pathlib import Path

    from diagnose.d1.authorizer import Authorizer
    from diagnose.d1.limits import D1Limits

_BUSY_MILLISECONDS: Final = 5_000


def open_connection(
    path: Path | None, *, limits: D1Limits, authorizer: Authorizer, readonly: bool = False
) -> apsw.Connection:
    """A connection to a file, or to a database in memory when `path` is None.

    A file uses a rollback journal that is flushed at each commit, so that it survives a kill at any moment.
    What pages that become free held is in it too, so that journals that follow each other lead back.
    """
    flags = apsw.SQLITE_OPEN_READONLY if readonly else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    connection = apsw.Connection(":memory:" if path is None else str(path), flags=flags)
    connection.set_busy_timeout(_BUSY_MILLISECONDS)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)  # tables behind a virtual table cannot be written
    connection.execute("PRAGMA foreign_keys=on; PRAGMA synchronous=full")
    if path is not None:
        connection.pragma("secure_delete", True)  # noqa: FBT003 - apsw's
    if not readonly:
        _found(connection)
    set_limits(connection, limits)
    connection.drop_modules(MODULES)
    connection.create_module("carray", _AbsentModule(), eponymous=True)  # type: ignore[arg-type]
    connection.authorizer = authorizer
    return connection


def _found(connection: apsw.Connection) -> None:
    """Give a new database its first page, which a new D1 database has: growth is counted from there."""
    if connection.pragma("page_count") == 0:
        connection.execute("PRAGMA user_version=0")


def set_limits(connection: apsw.Connection, limits: D1Limits) -> None:
    """Let SQLite enforce these numbers from now on."""
    for category, limit in (
        (apsw.SQLITE_LIMIT_LENGTH, limits.value_bytes),
        (apsw.SQLITE_LIMIT_SQL_LENGTH, limits.statement_bytes),
        (apsw.SQLITE_LIMIT_COLUMN, limits.columns),
        (apsw.SQLITE_LIMIT_EXPR_DEPTH, limits.expression_depth),
        (apsw.SQLITE_LIMIT_COMPOUND_SELECT, limits.compound_select_terms),
        (apsw.SQLITE_LIMIT_FUNCTION_ARG, limits.function_arguments),
        (apsw.SQLITE_LIMIT_ATTACHED, limits.attached_databases),
        (apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, limits.like_pattern_bytes),
        (apsw.SQLITE_LIMIT_VARIABLE_NUMBER, limits.bound_parameters),
        (apsw.SQLITE_LIMIT_TRIGGER_DEPTH, limits.trigger_depth),
    ):
        connection.limit(category, limit.enforced)


class _AbsentModule:
    """Stands for `carray`, which this SQLite registers on first use and D1's SQLite does not have."""

    def Connect(self, _connection: apsw.Connection, name: str, *_names: str) -> NoReturn:  # noqa: N802 - apsw
        raise apsw.SQLError(f"no such table: {name}")

    Create = Connect
