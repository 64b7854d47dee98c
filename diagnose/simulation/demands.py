"""The limits that writing many rows meets, each beside what the plainest way of writing asks of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.d1.limits import Limit, Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One limit.

    Attributes:
        limit: with its unit, source and date.
        needed: what `subject` asks for, in the limit's unit.
        subject: such as `all rows in one statement`.
    """

    limit: Limit
    needed: int
    subject: str

    @property
    def is_met(self) -> bool:
        """The limit allows it."""
        return self.needed <= self.limit

    @property
    def is_taken(self) -> bool:
        """The runtime lets it through, although the documentation may ask for less."""
        return self.needed <= self.limit.enforced


def demands(rows: int, columns: int, row_bytes: int, text_bytes: int, limits: Limits) -> Iterator[Demand]:
    """Every limit.

    Args:
        rows: how many there are.
        columns: bound values of each.
        row_bytes: of one row as a JSON array.
        text_bytes: of the INSERT that holds all rows.
        limits: the numbers.
    """
    d1, queues = limits.d1, limits.queues
    together = array_bytes(rows, row_bytes)
    alone = array_bytes(1, row_bytes)
    for limit, needed, subject in (
        (d1.bound_parameters, rows * columns, "all rows in one statement"),
        (d1.statement_bytes, text_bytes, "all rows in one statement"),
        (d1.columns, columns, "the table"),
        (d1.value_bytes, together, "all rows in one JSON parameter"),
        (d1.queries_per_invocation.free, rows, "one row per run(), free plan"),
        (d1.queries_per_invocation.paid, rows, "one row per run(), paid plan"),
        (queues.message_bytes, together, "all rows in one message"),
        (queues.batch_messages, rows, "one row per message in one sendBatch()"),
        (queues.batch_bytes, rows * alone, "one row per message in one sendBatch()"),
        (limits.api.requests, rows, "one row per request to the REST API"),
    ):
        yield Demand(limit=limit, needed=needed, subject=subject)


def array_bytes(rows: int, row_bytes: int) -> int:
    """Bytes of a JSON array of so many rows, each of so many bytes: brackets, rows and commas."""
    return rows * (row_bytes + 1) + 1
