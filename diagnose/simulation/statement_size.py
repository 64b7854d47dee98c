"""How long the text of a statement gets for the rows that the code puts into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.d1.limits import LIMITS
from diagnose.project.source.counts import FromData
from diagnose.simulation.parameters import SAMPLES, growing_keys, rows_asked

if TYPE_CHECKING:
    from diagnose.project.source.model import StatementSite
    from diagnose.project.source.sql import SqlText

_SMALLEST: Final = "0"
_MOST_ROWS: Final = 2 * int(LIMITS.d1.statement_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementSize:
    """Bytes of a text that the source builds; a value that is not known counts as one byte.

    Attributes:
        rows: that the code asks for or allows, or None.
        asked: bytes with that many rows, or None.
        per_row: bytes that each row adds.
        breaks_at: the smallest number of rows whose text D1 refuses, or None when it does not grow.
        exact: nothing in the text is unknown, so that the sizes are not only lower bounds.
        unbounded: the worker's own fetch decides on the rows, and asks for no number; 2,000 of them would
            not fit into a statement.
    """

    rows: int | None
    asked: int | None
    per_row: int
    breaks_at: int | None
    exact: bool
    unbounded: bool


def statement_size(site: StatementSite) -> StatementSize:
    """Measure the site's text."""
    keys = growing_keys(site.sql)
    rows = rows_asked(site) if keys else 1
    one, two = _bytes(site.sql, keys, 1), _bytes(site.sql, keys, 2)
    breaks_at = _breaks_at(one, two - one)
    match site.rows:
        case FromData(asked=None, queried=False, filtered=False):
            unbounded = bool(keys) and breaks_at is not None and breaks_at <= SAMPLES[-1]
        case _:
            unbounded = False
    return StatementSize(
        rows=rows,
        asked=None if rows is None else _bytes(site.sql, keys, min(rows, _MOST_ROWS)),
        per_row=two - one,
        breaks_at=breaks_at,
        exact=site.sql.is_complete,
        unbounded=unbounded,
    )


def _bytes(sql: SqlText, keys: frozenset[str], rows: int) -> int:
    return len(sql.render(dict.fromkeys(keys, rows), rows=1, hole=_SMALLEST).encode(errors="replace"))


def _breaks_at(one: int, per_row: int) -> int | None:
    limit = int(LIMITS.d1.statement_bytes)
    if one > limit:
        return 1
    return None if per_row <= 0 else (limit - one) // per_row + 2
