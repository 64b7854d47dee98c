"""Compiles the worker's statements against the tables as they are, and reads what D1 answers."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, Self

from diagnose.d1 import D1Error, Database, Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diagnose.d1.schema import Schema, Table
    from diagnose.project.source.model import StatementSite
    from diagnose.project.source.sql import SqlText

_END: Final = r"(?: at offset \d+)?: SQLITE_ERROR"
_NO_TABLE: Final = re.compile(rf"no such table: (?:main\.)?(?P<name>.+?){_END}")
_NO_COLUMN_IN: Final = re.compile(rf"table (?P<table>.+) has no column named (?P<name>.+?){_END}")
_NO_COLUMN: Final = re.compile(rf"no such column: (?:[^.\s]+\.)?(?P<name>.+?){_END}")
_SUPPLIED: Final = re.compile(r"table (?P<table>.+) has \d+ columns but \d+ values were supplied")
_NO_TARGET: Final = "ON CONFLICT clause does not match any"
_SYNTAX: Final = ("syntax error", "incomplete input", "unrecognized token")

_UNKNOWN: Final = "\x00"
_FILLERS: Final = ("1", "unknown_name", " ")
"""What stands in for text that is not known: a value, else a name, else a clause that is left out."""

# FTS tables answer to their own name and to `rank`, which no list of columns shows.
_HIDDEN: Final = frozenset({"rank", "rowid"})


class GapKind(Enum):
    """What a statement names and the database has not."""

    TABLE = "table"
    COLUMN = "column"
    VALUES = "values"
    KEY = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One thing that is missing.

    Attributes:
        table: the table that is missing, or that lacks the column or key.
        name: of the table or column; empty for a key, and for values of another number than columns.
        error: what D1 answers to the statement.
    """

    kind: GapKind
    table: str
    name: str
    error: D1Error


class Judge:
    """An empty database with the tables as they are. A context manager."""

    def __init__(self, definitions: Iterable[str], sites: Iterable[StatementSite] = ()) -> None:
        """Make the tables, and those that the worker itself creates at run time (`sites`)."""
        self._database = Database.memory()
        self._opaque: set[str] = set()
        for sql in definitions:
            self._define(sql)
        for site in sites:
            if site.verb in {"CREATE", "ALTER"}:
                self._create(site)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._database.close()

    @property
    def schema(self) -> Schema:
        """The tables, those created at run time included."""
        return self._database.schema()

    def table(self, site: StatementSite) -> Table | None:
        """The table that a statement writes, when it is there and its columns are known."""
        if site.table is None or site.table.lower() in self._opaque:
            return None
        return self.schema.table(site.table)

    def gap(self, site: StatementSite) -> Gap | None:
        """What the statement names and the database has not; None also where that cannot be told."""
        error = self._refusal(site.sql)
        if error is None:
            return None
        gap = _read(error, site)
        return gap if gap is not None and self._is_believable(gap, site) else None

    def add(self, sql: str) -> D1Error | None:
        """Run one more definition; returns the error when D1 refuses it."""
        try:
            self._database.run(Statement(sql))
        except D1Error as error:
            return error
        return None

    def _define(self, sql: str) -> None:
        with suppress(D1Error):  # tables below a virtual one are there already
            self._database.run(Statement(sql))

    def _create(self, site: StatementSite) -> None:
        text = site.sql.render()
        if site.sql.is_complete and (site.verb == "CREATE" or re.search(r"\bADD\b", text, re.IGNORECASE)):
            self._define(text)
        elif site.table is not None:
            self._opaque.add(site.table.lower())

    def _refusal(self, sql: SqlText) -> D1Error | None:
        refusals: list[D1Error] = []
        for text in _texts(sql):
            try:
                self._database.prepare(text)
            except D1Error as error:
                refusals.append(error)
            else:
                return None
        readable = (error for error in refusals if not any(words in error.cause for words in _SYNTAX))
        return next(readable, refusals[-1])

    def _is_believable(self, gap: Gap, site: StatementSite) -> bool:
        """The name stands in the statement as it is, and nothing else explains the refusal."""
        name = (gap.name or gap.table).lower()
        if {name, gap.table.lower()} & self._opaque:
            return False
        if gap.kind is GapKind.COLUMN and (name in _HIDDEN or self.schema.table(name) is not None):
            return False
        if gap.kind is GapKind.COLUMN and self._has_column(gap.table, name):
            return False  # the table is named by an alias, which text that is not known spoils
        fixed = site.sql.render(hole=_UNKNOWN).lower()
        return re.search(rf"(?<![\w{_UNKNOWN}]){re.escape(name)}(?![\w{_UNKNOWN}])", fixed) is not None

    def _has_column(self, table: str, name: str) -> bool:
        known = self.schema.table(table)
        return known is not None and known.column(name) is not None


def _texts(sql: SqlText) -> Iterator[str]:
    """The statement with one row, in each way in which what is not known of it can be filled."""
    for filler in _FILLERS if not sql.is_complete else _FILLERS[:1]:
        yield sql.render(rows=1, hole=filler)


def _read(error: D1Error, site: StatementSite) -> Gap | None:  # noqa: PLR0911 - one return for each case
    if match := _NO_TABLE.match(error.cause):
        return Gap(kind=GapKind.TABLE, table=match["name"], name=match["name"], error=error)
    if match := _NO_COLUMN_IN.match(error.cause):
        return Gap(kind=GapKind.COLUMN, table=match["table"], name=match["name"], error=error)
    if site.table is None:
        return None
    if match := _NO_COLUMN.match(error.cause):
        return Gap(kind=GapKind.COLUMN, table=site.table, name=match["name"], error=error)
    if (match := _SUPPLIED.match(error.cause)) and _has_whole_rows(site.sql):
        return Gap(kind=GapKind.VALUES, table=match["table"], name="", error=error)
    if error.cause.startswith(_NO_TARGET):
        return Gap(kind=GapKind.KEY, table=site.table, name="", error=error)
    return None


def _has_whole_rows(sql: SqlText) -> bool:
    """All of the text is known, and what it repeats are rows in parentheses: as long as they look."""
    return sql.is_complete and all(
        part.unit.head().lstrip().startswith("(") and not part.unit.repeated for part in sql.repeated
    )
