"""Why a row did not land as it was bound, in a few words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from diagnose.d1 import D1Error, Statement
from diagnose.d1.identifiers import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from diagnose.d1 import Database
    from diagnose.embedded.invocation import ExecutedStatement
    from diagnose.model import Json

_OR_IGNORE: Final = re.compile(r"^(\s*INSERT)\s+OR\s+IGNORE\b", re.IGNORECASE)
_CONSTRAINT: Final = re.compile(
    r"(?:NOT NULL|CHECK) constraint failed: .*?(?=: SQLITE_CONSTRAINT)", re.DOTALL
)
_MOST: Final = 100
"""Statements that are tried: the first row that is passed over is nearly always among the first."""


def passed_over(database: Database, table: str, statements: Iterable[ExecutedStatement]) -> str | None:
    """The constraint for which an INSERT OR IGNORE left rows out; None when it was at most a duplicate.

    The statements are executed without their OR IGNORE, in a copy of the database with the table empty.
    """
    tried = [statement for statement in statements if _OR_IGNORE.match(statement.sql)][:_MOST]
    if not tried:
        return None
    with database.snapshot() as scratch:
        scratch.run(Statement(f"DELETE FROM {quoted(table)}"))
        for statement in tried:
            try:
                scratch.run(Statement(_OR_IGNORE.sub(r"\1", statement.sql), statement.params or None))
            except D1Error as error:
                found = _CONSTRAINT.match(error.cause)
                if found:
                    return found[0]
    return None


def difference(examples: Sequence[Mapping[str, Json]], source: str) -> str | None:
    """What differs in the first example with a row to compare: `open is '1.5' where 1.5 was bound`.

    Args:
        examples: as `comparing.differences` makes them.
        source: what happened to the expected value: `bound` or `fetched`.
    """
    for example in examples:
        expected, landed = example["bound"], example["landed"]
        if isinstance(expected, dict) and isinstance(landed, dict):
            return ", ".join(
                f"{column} is {landed[column]!r} where {value!r} was {source}"
                for column, value in expected.items()
                if landed[column] != value
            )
    return None
