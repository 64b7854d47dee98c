"""The messages of all queues of an account, in a SQLite database of their own.

A message stays in it until somebody acknowledged it: what is being delivered is only hidden for a while,
so that a kill in the middle of a delivery loses nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import apsw

from diagnose.d1.limits import LIMITS
from diagnose.embedded.invocation import Backlog
from diagnose.errors import DiagnoseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

MEMORY_BYTES: Final = 256 << 20
"""Of messages that are kept in memory: a worker that feeds itself shall not take all of it."""

_BUSY_MILLISECONDS: Final = 5_000
_WORKER: Final = "worker"
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS messages (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  queue TEXT NOT NULL,
  content_type TEXT NOT NULL,
  body BLOB NOT NULL,
  sent INTEGER NOT NULL,
  visible INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  lease TEXT
);
CREATE INDEX IF NOT EXISTS due ON messages (queue, visible, number);
"""
# Measured on workerd: what is retried stands behind what waits.
_BEHIND: Final = "lease = NULL, number = (SELECT max(number) + 1 FROM messages) WHERE id = ?"
_COLUMNS: Final = "id, content_type, body, sent, visible, attempts, lease"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedMessage:
    """One message in a queue. Moments are milliseconds since the epoch.

    Attributes:
        id: 32 hexadecimal digits.
        visible: when it may be delivered.
        attempts: deliveries so far.
        lease: by which whoever pulled it acknowledges it.
    """

    id: str
    content_type: Literal["json", "text", "bytes", "v8"]
    body: bytes
    sent: int
    visible: int
    attempts: int = 0
    lease: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What becomes of messages that were delivered.

    Attributes:
        removed: ids of those that are done with: acknowledged, or given up.
        retried: when each of those to be delivered again is due, by id.
        moved: the queue (by id) that each of the others goes to, where its attempts start again.
        now: when they are moved.
    """

    removed: Sequence[str] = ()
    retried: Mapping[str, int] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    now: int = 0


class StoreFullError(DiagnoseError):
    """Messages were not taken, because there would be too many bytes of them."""


class MessageStore:
    """Every call is one transaction; what it wrote survives a kill of the process at any later moment."""

    def __init__(self, connection: apsw.Connection, *, most_bytes: int) -> None:
        self._connection = connection
        self._most_bytes = most_bytes

    @classmethod
    def memory(cls, *, most_bytes: int = MEMORY_BYTES) -> MessageStore:
        """No messages."""
        connection = apsw.Connection(":memory:")
        connection.execute(_TABLE)
        return cls(connection, most_bytes=most_bytes)

    @classmethod
    def open(cls, path: Path, *, readonly: bool = False) -> MessageStore:
        """The messages in a file, which is created when it does not exist and `readonly` is False."""
        flags = (
            apsw.SQLITE_OPEN_READONLY if readonly else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        )
        connection = apsw.Connection(str(path), flags=flags)
        connection.set_busy_timeout(_BUSY_MILLISECONDS)
        if not readonly:
            connection.execute(f"PRAGMA synchronous=full; BEGIN IMMEDIATE; {_TABLE} COMMIT")
        return cls(connection, most_bytes=int(LIMITS.queues.backlog_bytes))

    def snapshot(self) -> MessageStore:
        """An independent copy in memory."""
        connection = apsw.Connection(":memory:")
        with connection.backup("main", self._connection, "main") as backup:
            backup.step()
        connection.execute(_TABLE)
        return MessageStore(connection, most_bytes=MEMORY_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def add(self, queue_id: str, messages: Sequence[QueuedMessage]) -> None:
        """Put messages at the end of a queue: all, or none. Raises StoreFullError."""
        if self._size + sum(len(message.body) for message in messages) > self._most_bytes:
            raise StoreFullError(f"more than {self._most_bytes} bytes would wait in queues")
        with self._connection:
            self._connection.executemany(
                "INSERT INTO messages (queue, id, content_type, body, sent, visible, attempts)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (queue_id, one.id, one.content_type, one.body, one.sent, one.visible, one.attempts)
                    for one in messages
                ],
            )

    def due(self, queue_id: str, most: int) -> tuple[int, ...]:
        """When the next messages of a queue may be delivered, the earliest first."""
        rows = self._connection.execute(
            "SELECT visible FROM messages WHERE queue = ? ORDER BY visible, number LIMIT ?", (queue_id, most)
        )
        return tuple(visible for (visible,) in rows)

    def take(
        self, queue_id: str, most: int, *, now: int, until: int, pulled: bool = False
    ) -> tuple[QueuedMessage, ...]:
        """The next messages that are due, with this attempt counted; hidden until then or their settlement.

        Args:
            queue_id: of the queue.
            most: messages.
            now: milliseconds since the epoch.
            until: when those that nobody settles are due again.
            pulled: over HTTP, so that each gets a lease of its own.
        """
        with self._connection:
            taken = self.peek(queue_id, most, now=now)
            leases = [secrets.token_urlsafe(24) if pulled else _WORKER for _ in taken]
            self._connection.executemany(
                "UPDATE messages SET attempts = attempts + 1, visible = ?, lease = ? WHERE id = ?",
                [(until, lease, one.id) for one, lease in zip(taken, leases, strict=True)],
            )
        found = (self._find("id = ?", (one.id,)) for one in taken)
        return tuple(one for messages in found for one in messages)

    def settle(self, settlement: Settlement) -> None:
        """Remove, reschedule and move messages: all of it, or nothing."""
        with self._connection:
            self._connection.executemany(
                "DELETE FROM messages WHERE id = ?", [(name,) for name in settlement.removed]
            )
            self._connection.executemany(
                f"UPDATE messages SET visible = ?, {_BEHIND}",  # noqa: S608 - a constant of this module
                [(visible, name) for name, visible in settlement.retried.items()],
            )
            self._connection.executemany(
                f"UPDATE messages SET queue = ?, attempts = 0, visible = ?, {_BEHIND}",  # noqa: S608 - idem
                [(queue, settlement.now, name) for name, queue in settlement.moved.items()],
            )

    def release(self, ids: Iterable[str], *, now: int) -> None:
        """Take messages back that were taken and not delivered: their attempt does not count."""
        with self._connection:
            self._connection.executemany(
                "UPDATE messages SET attempts = attempts - 1, visible = ?, lease = NULL WHERE id = ?",
                [(now, name) for name in ids],
            )

    def leased(self, queue_id: str, lease: str) -> QueuedMessage | None:
        """The message that was pulled under a lease, or None."""
        return next(self._find("queue = ? AND lease = ?", (queue_id, lease)), None)

    def peek(self, queue_id: str, most: int, *, now: int | None = None) -> tuple[QueuedMessage, ...]:
        """The first messages of a queue, hidden ones included unless `now` is given."""
        if now is None:
            return tuple(self._find("queue = ? ORDER BY number LIMIT ?", (queue_id, most)))
        order = "queue = ? AND visible <= ? ORDER BY visible, number LIMIT ?"
        return tuple(self._find(order, (queue_id, now, most)))

    def backlog(self, queue_id: str) -> Backlog:
        """How much is in a queue, hidden messages included."""
        ((messages, size, oldest),) = self._connection.execute(
            "SELECT count(*), coalesce(sum(length(body)), 0), min(sent) FROM messages WHERE queue = ?",
            (queue_id,),
        )
        return Backlog(messages=messages, bytes=size, oldest_ms=oldest)

    def remove(self, queue_id: str, ids: Sequence[str]) -> tuple[str, ...]:
        """Delete messages of a queue; returns those that it does not have."""
        with self._connection:
            found = [name for name in ids if any(self._find("queue = ? AND id = ?", (queue_id, name)))]
            self._connection.executemany("DELETE FROM messages WHERE id = ?", [(name,) for name in found])
        return tuple(name for name in ids if name not in found)

    def purge(self, queue_id: str) -> None:
        """Delete every message of a queue."""
        self._connection.execute("DELETE FROM messages WHERE queue = ?", (queue_id,))

    def recover(self, queue_ids: Iterable[str]) -> None:
        """Put right what a kill left: messages of queues that are gone, and deliveries that never ended."""
        known = set(queue_ids)
        queues = [queue for (queue,) in self._connection.execute("SELECT DISTINCT queue FROM messages")]
        for queue in queues:
            if queue not in known:
                self.purge(queue)
        self._connection.execute(
            "UPDATE messages SET visible = sent, lease = NULL WHERE lease = ?", (_WORKER,)
        )

    @property
    def _size(self) -> int:
        pages = self._connection.pragma("page_count") - self._connection.pragma("freelist_count")
        return int(pages * self._connection.pragma("page_size"))

    def _find(self, where: str, values: tuple[Any, ...]) -> Iterator[QueuedMessage]:
        sql = f"SELECT {_COLUMNS} FROM messages WHERE {where}"  # noqa: S608 - constants of this module
        for row in self._connection.execute(sql, values):
            identity, content_type, body, sent, visible, attempts, lease = row
            yield QueuedMessage(
                id=identity,
                content_type=content_type,
                body=body,
                sent=sent,
                visible=visible,
                attempts=attempts,
                lease=lease,
            )
