"""What `exec()` makes of a text: each line is a statement of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from diagnose.d1 import Bounds, D1Error, Database, Statement
from diagnose.d1.splitting import is_blank, statements_in, trim

_NOT_A_STATEMENT = re.compile(
    r"incomplete input|syntax error|unrecognized token|no tables specified|did not contain a statement"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenLine:
    """The first line of a text that is no statement, although the text as a whole consists of them.

    Attributes:
        number: of the line, from 1, white space around the text left out.
        error: what `exec()` answers.
        statements: in the whole text.
        fits_prepare: `prepare()` takes the text as it is: no comment follows its last semicolon.
    """

    number: int
    line: str
    error: str
    statements: int
    fits_prepare: bool


def broken_line(text: str) -> BrokenLine | None:
    """The line at which `exec()` fails because a statement goes on below it.

    None when each line is a statement, and when the text is wrong in another way as well. Tables that do
    not exist are no matter here.
    """
    lines = trim(text).split("\n")
    statements = list(statements_in(text))
    with Database.memory() as database, database.within(Bounds.of_migrations()):
        refused = next(
            (
                (number, error)
                for number, line in enumerate(lines, start=1)
                if not is_blank(line) and (error := _refusal(database, line)) is not None
            ),
            None,
        )
        if len(lines) == 1 or refused is None or any(_refusal(database, one) for _, one in statements):
            return None
    number, error = refused
    return BrokenLine(
        number=number,
        line=lines[number - 1],
        error=error.in_exec(lines[0]).text,
        statements=len(statements),
        fits_prepare=_fits_prepare(text, statements),
    )


def _refusal(database: Database, text: str) -> D1Error | None:
    """What D1 says to a text that is no statement."""
    try:
        database.run(Statement(text))
    except D1Error as error:
        return error if _NOT_A_STATEMENT.search(error.cause) else None
    return None


def _fits_prepare(text: str, statements: list[tuple[int, str]]) -> bool:
    """Nothing stands between the statements but space and comments, behind a last semicolon only space."""
    start, last = statements[-1]
    behind = text[start + len(last) :]
    ends = [begin + len(one) for begin, one in statements]
    gaps = [text[end:begin] for end, (begin, _) in zip([0, *ends], statements, strict=False)]
    return not any(";" in gap for gap in gaps) and (not last.endswith(";") or not behind.strip())
