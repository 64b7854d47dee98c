"""The statements of a SQL file, one after the other, as D1 takes or refuses them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.d1 import Bounds, D1Error, Database, Statement
from diagnose.d1.limits import LIMITS
from diagnose.d1.splitting import statements_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diagnose.d1.limits import D1Limits

_HEAD: Final = 60
_UNKNOWN: Final = ("no such table", "no such column", "no such index", "no such view")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedStatement:
    """One statement.

    Attributes:
        line: of its first character, from 1.
        head: how it begins, on one line.
        size: bytes in UTF-8.
        parameters: values that it must be given; None when it does not compile.
        error: D1's answer, or None when it takes the statement.
        warning: what D1 would answer if it kept to the limits that it documents, where the runtime takes
            the statement; else None.
        unknown: the answer tells of tables that the file (and the migrations) do not make, not of a limit.
    """

    line: int
    head: str
    size: int
    parameters: int | None
    error: str | None
    warning: str | None
    unknown: bool = False


def judge_sql(
    text: str, *, before: Iterable[str] = (), limits: D1Limits = LIMITS.d1
) -> tuple[JudgedStatement, ...]:
    """Every statement of a text; those without parameters are executed, since later ones build on them.

    Args:
        text: the file.
        before: SQL that makes the tables first, such as migrations; what of it fails is passed over.
        limits: D1's.
    """
    with Database.memory(limits=limits) as database, database.within(Bounds.of_migrations()):
        for sql in before:
            _error(database, sql)
        return tuple(_judged(database, text, limits.documented()))


def _judged(database: Database, text: str, documented: D1Limits) -> Iterator[JudgedStatement]:
    line, behind = 1, 0
    for start, sql in statements_in(text):
        line += text.count("\n", behind, start)
        behind = start
        yield _judge(database, sql, line, documented)


def _judge(database: Database, sql: str, line: int, documented: D1Limits) -> JudgedStatement:
    with database.held_to(documented):
        parameters, warning = _tried(database, sql)
    error = None
    if warning is not None:
        parameters, error = _tried(database, sql)
    return JudgedStatement(
        line=line,
        head=" ".join(sql[: 2 * _HEAD].split())[:_HEAD],
        size=len(sql.encode(errors="surrogatepass")),
        parameters=parameters,
        error=error.text if error else None,
        warning=warning.text if warning and error is None else None,
        unknown=error is not None and error.cause.startswith(_UNKNOWN),
    )


def _tried(database: Database, sql: str) -> tuple[int | None, D1Error | None]:
    """Its parameters, and D1's answer; a statement without parameters has been executed if D1 takes it."""
    try:
        parameters = database.prepare(sql).parameters
    except D1Error as error:
        return None, error
    return parameters, None if parameters else _error(database, sql)


def _error(database: Database, sql: str) -> D1Error | None:
    try:
        database.run(Statement(sql))
    except D1Error as error:
        return error
    return None
