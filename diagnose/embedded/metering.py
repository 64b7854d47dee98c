"""How many queries one invocation makes, under both readings of `batch()`.

The documentation does not say whether `batch()` counts once or once for each of its statements
(https://developers.cloudflare.com/d1/platform/limits/). It is one request to the binding, so the
lenient reading is the one enforced; both are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diagnose.embedded.invocation import ExecutedStatement, Invocation


@dataclass(frozen=True, slots=True)
class QueryCount:
    """D1 queries of one invocation.

    Attributes:
        calls: every `run`, `all`, `first`, `raw`, `batch()` and `exec()` counts once.
        statements: every statement of a `batch()` and every line of an `exec()` counts.
    """

    calls: int = 0
    statements: int = 0

    def plus(self, statements: int) -> QueryCount:
        """The count after one more call with that many statements."""
        return QueryCount(self.calls + 1, self.statements + statements)


def count_queries(invocation: Invocation) -> QueryCount:
    """What an invocation sent to D1, including what D1 refused; `bind()` refusals sent nothing."""
    sent = [
        statement
        for statement in invocation.statements
        if not (statement.error or "").startswith("D1_TYPE_ERROR")
    ]
    batches = {statement.batch for statement in sent if statement.batch is not None}
    single = sum(1 for statement in sent if statement.batch is None)
    return QueryCount(calls=single + len(batches), statements=sum(map(_statements, sent)))


def statements_in_exec(text: str) -> int:
    """How many statements `exec()` makes of a text: one for each line that is not empty."""
    return sum(1 for line in text.split("\n") if line.strip())


def _statements(executed: ExecutedStatement) -> int:
    return statements_in_exec(executed.sql) if executed.method == "exec" else 1
