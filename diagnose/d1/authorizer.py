"""Decides, while SQLite compiles a statement, what it may touch; and remembers what it touched."""

from __future__ import annotations

from typing import Final

import apsw

from diagnose.d1.allowed import MODULES, function_allowed, name_allowed, pragma_allowed
from diagnose.d1.errors import D1Error

_TRANSACTION_TEXT: Final = (
    "To execute a transaction, please use the state.storage.transaction() or "
    "state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT statements. "
    "The JavaScript API is safer because it will automatically roll back on exceptions, and because it "
    "interacts correctly with Durable Objects' automatic atomic write coalescing."
)
_NAMED: Final = frozenset(
    {
        apsw.SQLITE_CREATE_TABLE,
        apsw.SQLITE_DROP_TABLE,
        apsw.SQLITE_CREATE_VIEW,
        apsw.SQLITE_DROP_VIEW,
        apsw.SQLITE_ANALYZE,
        apsw.SQLITE_REINDEX,
    }
)
_NAMED_TWICE: Final = frozenset(
    {
        apsw.SQLITE_CREATE_INDEX,
        apsw.SQLITE_DROP_INDEX,
        apsw.SQLITE_CREATE_TRIGGER,
        apsw.SQLITE_DROP_TRIGGER,
    }
)
_STATISTICS: Final = "sqlite_stat4"
_VIRTUAL: Final = frozenset({apsw.SQLITE_CREATE_VTABLE, apsw.SQLITE_DROP_VTABLE})
_CREATES: Final = frozenset({apsw.SQLITE_CREATE_TABLE, apsw.SQLITE_CREATE_INDEX})
_WRITES: Final = frozenset({apsw.SQLITE_INSERT, apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE})


class Authorizer:
    """SQLite's authorizer callback for one connection.

    Attributes:
        trusted: True while the engine runs statements of its own; everything is allowed then.
        refusal: the error that says more than SQLite's `not authorized`, or None.
        altered: a table was altered since `reset`.
        analyzed: statistics were gathered since `reset`.
        reads: (table, column) pairs read since `reset`; the column is "" when only rows are counted.
        written: (action, table, column) of each kind of write since `reset`; the column is "" for INSERT
            and DELETE.
        created: the table that a new table or index is for, since `reset`, or None.
        actions: everything that was asked since `reset`, what any SELECT or write asks for left out.
    """

    def __init__(self) -> None:
        self.trusted = True
        self.reset()

    def reset(self) -> None:
        """Forget what the last statement did."""
        self.refusal: D1Error | None = None
        self.altered = False
        self.analyzed = False
        self.reads: dict[tuple[str, str], None] = {}
        self.written: list[tuple[int, str, str]] = []
        self.created: str | None = None
        self.actions: set[int] = set()

    def __call__(
        self, action: int, first: str | None, second: str | None, database: str | None, _within: str | None
    ) -> int:
        """Answer SQLite; the meaning of `first` and `second` depends on the action.

        What a statement is in, a trigger, a view or the name of a CTE, decides nothing.

        See https://sqlite.org/c3ref/c_alter_table.html for the pairs.
        """
        allowed = self.trusted or self._allowed(action, first or "", second, database)
        return apsw.SQLITE_OK if allowed else apsw.SQLITE_DENY

    def _allowed(  # noqa: PLR0911 - one return per kind of action
        self, action: int, first: str, second: str | None, database: str | None
    ) -> bool:
        if action == apsw.SQLITE_ALTER_TABLE:
            # Alone among the actions: the database comes first, then the table, then the column.
            self.altered = True
            self.actions.add(action)
            return first == "main" and name_allowed(second or "")
        if database == "temp":
            return action in {apsw.SQLITE_READ, apsw.SQLITE_UPDATE} and name_allowed(first)
        if database not in {None, "main"}:
            return False
        if action == apsw.SQLITE_READ:
            self.reads[first, second or ""] = None
            return name_allowed(first)
        if action in _WRITES:
            self.written.append((action, first, second or ""))
            return name_allowed(first)
        if action == apsw.SQLITE_FUNCTION:
            return function_allowed(second or "")
        return self._schema_allowed(action, first, second)

    def _schema_allowed(self, action: int, first: str, second: str | None) -> bool:
        if action in {apsw.SQLITE_SELECT, apsw.SQLITE_RECURSIVE}:
            return True
        self.actions.add(action)
        if action in _CREATES:
            self.created = self.created or (first if action == apsw.SQLITE_CREATE_TABLE else second)
        if action == apsw.SQLITE_PRAGMA:
            return pragma_allowed(first, second)
        if action in {apsw.SQLITE_TRANSACTION, apsw.SQLITE_SAVEPOINT}:
            self.refusal = D1Error(_TRANSACTION_TEXT)
            return False
        self.analyzed = self.analyzed or action == apsw.SQLITE_ANALYZE or first == _STATISTICS
        if action in _VIRTUAL:
            return name_allowed(first) and (second or "").lower() in MODULES
        if action in _NAMED_TWICE:
            return name_allowed(first) and name_allowed(second or "")
        return action in _NAMED and name_allowed(first)
