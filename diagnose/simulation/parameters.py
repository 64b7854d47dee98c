"""What D1 says to the statement of one site as the number of its rows grows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from diagnose.d1 import D1Error, Database, Statement
from diagnose.d1.identifiers import quoted
from diagnose.d1.limits import LIMITS
from diagnose.project.source.sql import Hole, Repeated, SqlText, Text, parameter_count
from diagnose.simulation.numbers import named_number

if TYPE_CHECKING:
    from diagnose.d1.limits import D1Limits
    from diagnose.d1.schema import Schema
    from diagnose.project.source.model import Parameters, StatementSite
    from diagnose.project.source.sql import Part

SAMPLES: Final = (1, 10, 100, 2_000)
"""Row counts that every report shows."""

_HOLE: Final = "unknown_name"
_ONE_ROW: Final = re.compile(r"\bVALUES\s*\(\s*\Z", re.IGNORECASE)
_IN_LIST: Final = re.compile(r"\bIN\s*\(\s*\Z", re.IGNORECASE)
_GROWTH_ERRORS: Final = (
    "too many SQL variables",
    "variable number must be between",
    "statement too long",
    "too many terms in compound SELECT",
    "Expression tree is too large",
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """The statement with a certain number of rows, as D1 compiles it.

    Attributes:
        parameters: how many it binds.
        error: what D1 answers, or None when the statement is accepted.
    """

    rows: int
    parameters: int
    error: D1Error | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What becomes of one statement.

    Attributes:
        samples: the statement at each of `SAMPLES` rows.
        asked: at the number of rows that the code itself asks for, or None when it names none.
        breaks: the smallest number of rows that D1 refuses, or None when it accepts any number
            that was tried.
        exact: the text is the site's own; False when only its parameters are known, so that the
            error's offset is not.
    """

    samples: tuple[Attempt, ...]
    asked: Attempt | None
    breaks: Attempt | None
    exact: bool = True

    @property
    def reached(self) -> bool:
        """The rows that the code itself asks for are refused."""
        return self.asked is not None and self.asked.error is not None

    @property
    def is_too_long(self) -> bool:
        """What D1 refuses is the length of the text, whatever it binds (LIM002)."""
        error = self.breaks.error if self.breaks else None
        return error is not None and error.cause.startswith("statement too long")

    @property
    def breaks_for_the_code(self) -> bool:
        """It is refused for some number of rows that the source does not rule out."""
        return self.breaks is not None and (self.asked is None or self.reached)


def simulate(
    site: StatementSite, schema: Schema | None = None, *, limits: D1Limits = LIMITS.d1
) -> Simulation | None:
    """Compile the site's statement under D1's limits for growing numbers of rows.

    None when the number of its parameters does not depend on the number of rows and D1 accepts it,
    and when neither its text nor its parameters can be told from the source.
    """
    sql, exact = _statement(site)
    with Database.memory(limits=limits) as database:
        _make_table(database, site, schema)
        trial = _Trial(database, sql, growing_keys(sql))
        if trial.is_unreadable():
            return None
        asked = rows_asked(site) if trial.keys else 1
        breaks = trial.first_refused(max(SAMPLES[-1], asked or 0))
        if breaks is None and trial.attempt(1).parameters == trial.attempt(2).parameters:
            return None
        return Simulation(
            samples=tuple(trial.attempt(rows) for rows in SAMPLES),
            asked=None if asked is None else trial.attempt(asked),
            breaks=breaks,
            exact=exact,
        )


def answer(site: StatementSite, *, limits: D1Limits = LIMITS.d1) -> D1Error | None:
    """What D1 answers to the site's own text with one row, or None when it compiles.

    Its table exists, with the columns that it names; what is not known in the text stands as a name.
    """
    with Database.memory(limits=limits) as database:
        _make_table(database, site, None)
        try:
            database.prepare(site.sql.render(rows=1, hole=_HOLE))
        except D1Error as error:
            return error
    return None


def rows_asked(site: StatementSite) -> int | None:
    """The rows of one statement that the code itself asks for, or allows at most."""
    if site.chunk is not None:
        return site.chunk
    return named_number(site.rows)


@dataclass(frozen=True, slots=True)
class _Trial:
    database: Database
    sql: SqlText
    keys: frozenset[str]

    def text(self, rows: int) -> str:
        return self.sql.render(dict.fromkeys(self.keys, rows), rows=1, hole=_HOLE)

    def attempt(self, rows: int) -> Attempt:
        text = self.text(rows)
        try:
            return Attempt(rows, self.database.prepare(text).parameters, None)
        except D1Error as error:
            grown = error.cause.startswith(_GROWTH_ERRORS)
            return Attempt(rows, parameter_count(text), error if grown else None)

    def is_unreadable(self) -> bool:
        """What is left open in the text is more than a name: not even one row of it is SQL."""
        try:
            self.database.prepare(self.text(1))
        except D1Error as error:
            return "syntax error" in error.cause or "incomplete input" in error.cause
        return False

    def first_refused(self, most: int) -> Attempt | None:
        """The smallest number of rows that D1 refuses, by bisection: what breaks at n breaks beyond n."""
        if self.attempt(most).error is None:
            return None
        accepted, refused = 0, most
        while refused - accepted > 1:
            middle = (accepted + refused) // 2
            if self.attempt(middle).error is None:
                accepted = middle
            else:
                refused = middle
        return self.attempt(refused)


def _statement(site: StatementSite) -> tuple[SqlText, bool]:
    """The site's text, or one with as many marks as it binds when the text does not show them."""
    if growing_keys(site.sql) or site.bound is None or not site.bound.known or site.sql.is_complete:
        return site.sql, True
    if not _hides_rows(site, site.bound):
        return site.sql, True
    return _made_up(site.bound), False


def _hides_rows(site: StatementSite, bound: Parameters) -> bool:
    """What is not known in the text stands where rows or list elements belong, not the columns of one row."""
    if site.verb in {"INSERT", "REPLACE"}:
        return any(group.per_row > 1 for group in bound.groups)
    return any(
        isinstance(part, Hole) and isinstance(before, Text) and _IN_LIST.search(before.text)
        for before, part in pairwise(site.sql.parts)
    )


def _made_up(bound: Parameters) -> SqlText:
    groups = tuple(
        Repeated(SqlText((Text(", ?" * group.per_row),)), "", group.count, group.key)
        for group in bound.groups
    )
    return SqlText((Text("SELECT NULL" + ", ?" * (bound.fixed or 0)), *groups))


def growing_keys(sql: SqlText) -> frozenset[str]:
    """Keys of the repetitions that follow the rows; of a text without any, of those of fixed length."""
    parts = (Text(""), *sql.parts)
    repeated = [
        part
        for before, part in pairwise(parts)
        if isinstance(part, Repeated) and not _is_of_columns(before, part) and not _is_optional(part)
    ]
    open_ended = frozenset(part.key for part in repeated if part.count.exact is None)
    return open_ended or frozenset(part.key for part in repeated)


def _is_of_columns(before: Part, part: Repeated) -> bool:
    """It repeats for each column of one row, of which a table has 100 at most.

    As in `VALUES (?, ?)`, or in `SET a = ?, b = ?` where the names are not known.
    """
    if part.count.exact is not None:
        return False
    in_one_row = isinstance(before, Text) and _ONE_ROW.search(before.text) is not None
    return in_one_row or (any(part.unit.holes()) and not part.unit.head().lstrip().startswith("("))


def _is_optional(part: Repeated) -> bool:
    """It is there on one path and not on another, as in `"INSERT OR IGNORE" if ignore else "INSERT"`."""
    return part.count.exact is None and part.count.upper == 1


def _make_table(database: Database, site: StatementSite, schema: Schema | None) -> None:
    """The table that the statement names: as it is known, else with the columns that it names."""
    if site.table is None:
        return
    known = schema.table(site.table) if schema is not None else None
    columns = [column.name for column in known.columns] if known else list(site.columns)
    names = ", ".join(quoted(column) for column in columns or ["value"])
    database.run(Statement(f"CREATE TABLE {quoted(site.table)} ({names})"))
