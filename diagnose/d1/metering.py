"""Estimates `rows_read` and `rows_written`, which D1 counts with counters patched into its SQLite.

Written: each changed row counts 1, and 1 more for every index of the first table that the statement inserts
into, or whose columns it updates; deleting from an index is free. A new table or view counts 2, another
change of the schema 1. A new table counts 1 more for each index that its keys make and each row that it is
filled with, and 2 for the table of sequences that the first AUTOINCREMENT makes; inserting into such a table
counts 1 for its sequence. A new index counts the rows of its table. Rows of triggers and cascades count like
those of that first table, and rows that an upsert updates count like inserted ones.

Read: the rows returned (if a table is read at all) or those that full scans pass, whichever is more; a scan
of an empty table counts 1, and so does a new table; what is sorted is read once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import apsw

from diagnose.d1.identifiers import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.d1.session import Session

_SCHEMA_ROWS: Final = {
    apsw.SQLITE_CREATE_TABLE: 2,
    apsw.SQLITE_CREATE_VTABLE: 2,
    apsw.SQLITE_CREATE_VIEW: 2,
    apsw.SQLITE_CREATE_INDEX: 1,
    apsw.SQLITE_CREATE_TRIGGER: 1,
    apsw.SQLITE_ALTER_TABLE: 1,
}

_NEW: Final = frozenset({apsw.SQLITE_CREATE_TABLE, apsw.SQLITE_CREATE_VIEW})
_SEQUENCES_ROWS: Final = 2


class Meter:
    """Counts for one connection."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._scanned = 0
        self._sorted = False
        self._had_sequences = True
        self._schema = 0
        session.connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, self._profiled)

    def start(self) -> None:
        """A statement is about to run."""
        self._scanned, self._sorted = 0, False
        if not _SCHEMA_ROWS.keys().isdisjoint(self._session.authorizer.actions):
            self._schema = self._schema_version()
            self._had_sequences = self._has_sequences()

    def rows_read(self, rows: int) -> int:
        """The estimate for the statement that has just run and returned so many rows."""
        authorizer = self._session.authorizer
        if not authorizer.actions.isdisjoint(_NEW):
            return 1
        if not authorizer.reads:
            return self._scanned
        counted = all(not column for _, column in authorizer.reads)
        read = max(rows, self._scanned + (0 if counted else 1))
        return read + (rows if self._sorted else 0)

    def rows_written(self, changes: int, *, readonly: bool) -> int:
        """The estimate for the statement that has just run and changed so many rows."""
        if readonly:
            return 0
        authorizer = self._session.authorizer
        schema = max((_SCHEMA_ROWS.get(action, 0) for action in authorizer.actions), default=0)
        if schema and self._schema == self._schema_version():
            return 0  # IF NOT EXISTS, and it does
        if schema:
            return schema + self._built(authorizer.created, authorizer.actions)
        if not changes:
            return 0
        return changes * (1 + self._indexes(authorizer.written)) + self._sequences(authorizer.written)

    def _built(self, table: str | None, actions: set[int]) -> int:
        """What a new table or index brings along."""
        if table is None:
            return 0
        if apsw.SQLITE_CREATE_TABLE not in actions:
            return self._count(table)
        # Tables behind a virtual one and of statistics are made on the way; one of them is dropped again.
        on_the_way = apsw.SQLITE_CREATE_VTABLE in actions or self._session.authorizer.analyzed
        filled = 0 if on_the_way else self._count(table)
        sequences = 0 if self._had_sequences or not self._has_sequences() else _SEQUENCES_ROWS
        return filled + len(self._session.tables.indexes(table)) + sequences

    def _count(self, table: str) -> int:
        ((rows,),) = self._session.own(f"SELECT count(*) FROM {quoted(table)}")  # noqa: S608 - quoted
        return int(str(rows))

    def _schema_version(self) -> int:
        ((version,),) = self._session.own("PRAGMA schema_version")
        return int(str(version))

    def _has_sequences(self) -> bool:
        return bool(self._session.own("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"))

    def _sequences(self, written: Sequence[tuple[int, str, str]]) -> int:
        action, table, _ = written[0]
        return int(action == apsw.SQLITE_INSERT and self._session.tables.counts_up(table))

    def _indexes(self, written: Sequence[tuple[int, str, str]]) -> int:
        first, table, _ = written[0]
        if first == apsw.SQLITE_DELETE:
            return 0
        indexes = self._session.tables.indexes(table)
        if first == apsw.SQLITE_INSERT:
            return len(indexes)
        updated = {column.lower() for _, name, column in written if name == table}
        return sum(not updated.isdisjoint(columns) for columns in indexes.values())

    def _profiled(self, event: dict[str, Any]) -> None:
        status = event["stmt_status"]
        self._scanned = max(self._scanned, status["SQLITE_STMTSTATUS_FULLSCAN_STEP"])
        self._sorted = self._sorted or status["SQLITE_STMTSTATUS_SORT"] > 0
