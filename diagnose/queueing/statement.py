"""The statement that a consumer executes for each message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.rewriting.handing_on import selection_of
from diagnose.schemas import conflict_clause, covering_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.d1.schema import Table
    from diagnose.project.source.model import StatementSite

_PIECE: Final = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|(?:\s|--[^\n]*|/\*.*?\*/)+""", re.DOTALL
)
_INSERT: Final = re.compile(r"\AINSERT\s+INTO\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedStatement:
    """An INSERT that takes the rows of a message as one JSON parameter.

    Attributes:
        sql: on one line.
        caveat: what a second delivery of a message does to the table, where that is harm; else None.
    """

    sql: str
    caveat: str | None = None


def queued_statement(
    site: StatementSite, table: Table | None, *, expected: Sequence[str] = ()
) -> QueuedStatement:
    """The site's INSERT for the consumer, made safe to repeat where a key of the table allows it.

    Args:
        site: whose rows are queued.
        table: as it is, or None when it is not known.
        expected: the key that a table gets that is not there yet.

    Raises:
        NotUnderstood: the statement cannot take its rows from one parameter.
    """
    sql = _on_one_line(selection_of(site).statement)
    if conflict_clause(site) is not None:
        return QueuedStatement(sql=sql)
    if expected if table is None else covering_keys(table, site.columns):
        return QueuedStatement(sql=_INSERT.sub("INSERT OR IGNORE INTO", sql))
    name = site.table or "the table"
    return QueuedStatement(
        sql=sql,
        caveat=(
            f"a queue delivers at least once, and nothing keeps {name} from storing a message's rows twice: "
            "give it a unique key and the INSERT a conflict clause (TBL003, SRC007)"
        ),
    )


def _on_one_line(sql: str) -> str:
    """The statement without comments and line breaks; what stands in quotes is kept."""
    return _PIECE.sub(lambda found: found[0] if found[0][0] in "'\"`[" else " ", sql).strip()
