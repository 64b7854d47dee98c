"""What the worker writes to, and what stands there before and after."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from diagnose.d1 import D1Error, Database, Statement
from diagnose.d1.identifiers import quoted
from diagnose.d1.tokens import tokens
from diagnose.importing import Rows
from diagnose.rehearsal.comparing import differences, equal_rows
from diagnose.rehearsal.computed import assigned, computed_columns
from diagnose.rehearsal.definitions import triggers_on, unique_indexes
from diagnose.rehearsal.explaining import passed_over
from diagnose.rehearsal.model import WatchedTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diagnose.d1.schema import Column, Table
    from diagnose.embedded.invocation import ExecutedStatement
    from diagnose.project import Project
    from diagnose.rehearsal.staging import DeployedWorker

INSERTING = frozenset({"INSERT", "REPLACE"})
NAME = r'(?:"(?:[^"]|"")+"|`[^`]+`|\[[^\]]+\]|\w+)'
_BEFORE = r"^(?:\s|--[^\n]*\n|/\*.*?\*/)*"
INSERT = re.compile(
    rf"{_BEFORE}(?:INSERT|REPLACE)\b.*?\bINTO\s+(?:{NAME}\s*\.\s*)?(?P<table>{NAME})",
    re.IGNORECASE | re.DOTALL,
)
CHANGE = re.compile(
    rf"{_BEFORE}(?:UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM)\s+(?P<table>{NAME})", re.IGNORECASE | re.DOTALL
)
COLUMNS = re.compile(rf"\s*\(\s*(?P<columns>{NAME}(?:\s*,\s*{NAME})*)\s*\)")


@dataclass(frozen=True, slots=True)
class Watch:
    """A table to look at: the binding through which it is written, its database, its name."""

    binding: str
    database_id: str
    table: str


def choose_watches(workers: Sequence[DeployedWorker]) -> tuple[Watch, ...]:
    """The table that the settings name first, then every table that a worker's source writes.

    Args:
        workers: the triggered one first; its settings count.
    """
    written = [
        Watch(site.binding, worker.databases[site.binding], site.table)
        for worker in workers
        for site in worker.source.sites
        if site.verb in INSERTING and site.table and site.binding in worker.databases and site.reachable
    ]
    named = [watch for worker in workers if (watch := _named(worker)) is not None]
    # Of databases with the same binding, the one that a worker writes the table in is meant.
    named.sort(key=lambda watch: _place(watch) not in set(map(_place, written)))
    unique: dict[tuple[str, str], Watch] = {}
    for watch in (*named[:1], *written):
        unique.setdefault(_place(watch), watch)
    return tuple(unique.values())


def _place(watch: Watch) -> tuple[str, str]:
    return watch.database_id, watch.table.lower()


def _named(worker: DeployedWorker) -> Watch | None:
    """The table that the settings name, if it is in a database of the worker."""
    watch = worker.project.settings.watch
    binding = _watched_binding(worker.project, watch.database) if watch else ""
    if watch is None or binding not in worker.databases:
        return None
    return Watch(binding, worker.databases[binding], watch.table)


def _watched_binding(project: Project, wanted: str | None) -> str:
    bindings = project.config.d1 if project.config else ()
    for binding in bindings:
        if wanted in {None, binding.binding, binding.database_name, binding.database_id}:
            return binding.binding
    return ""


def empty_table(database: Database, table: str) -> bool:
    """Delete all rows, keeping the schema; False when the table is not there."""
    schema = database.schema()
    if schema.table(table) is None:
        return False
    database.run(Statement(f"DELETE FROM {quoted(table)}"))
    if database.run(Statement("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")).rows:
        # AUTOINCREMENT starts again, so that a rehearsal does not depend on those before.
        database.run(Statement("DELETE FROM sqlite_sequence WHERE name = ?1", (table,)))
    return True


def observe(watch: Watch, database: Database, statements: Sequence[ExecutedStatement]) -> WatchedTable:
    """The table after the trigger, beside the rows that were bound for it.

    Args:
        watch: the table.
        database: it stands in.
        statements: under the binding of the watch, whichever worker executed them.
    """
    table = database.schema().table(watch.table)
    seen = WatchedTable(
        binding=watch.binding,
        database_id=watch.database_id,
        table=watch.table,
        exists=table is not None,
        changes=sum(s.changes for s in statements if _writes(s, watch) and s.error is None),
        attempts=sum(_writes(s, watch) for s in statements),
        written_at=next((s.location for s in statements if _writes(s, watch)), None),
    )
    if table is None:
        return seen
    accepted = [s for s in statements if s.error is None and s.binding == watch.binding]
    bound = bound_rows(
        table,
        accepted,
        keys=unique_indexes(database, watch.table),
        triggers=triggers_on(database, watch.table),
    )
    columns = bound.columns if bound else tuple(column.name for column in table.columns)
    rows = _select(database, watch.table, columns)
    seen = replace(seen, bound=bound, landed=len(rows), rows=rows)
    if bound is None:
        return seen
    equal = equal_rows(bound, rows)
    if equal == len(bound):
        return replace(seen, equal=equal)
    written = [statement for statement in accepted if _writes(statement, watch)]
    return replace(
        seen,
        equal=equal,
        examples=differences(bound, rows),
        passed_over=passed_over(database, watch.table, written),
    )


def _writes(statement: ExecutedStatement, watch: Watch) -> bool:
    return statement.binding == watch.binding and written_table(statement.sql) == watch.table.lower()


def read_columns(database: Database, table: str, columns: tuple[str, ...]) -> Rows | None:
    """The rows of a table in these columns; None when it has not all of them."""
    try:
        return _select(database, table, columns)
    except D1Error:
        return None


def bound_rows(
    table: Table,
    statements: Iterable[ExecutedStatement],
    *,
    keys: Sequence[str] = (),
    triggers: Sequence[str] = (),
) -> Rows | None:
    """The rows that INSERTs bound, evaluated by SQLite in a table without text types and checks.

    A numeric column takes a number in text as a number without a loss, which is no difference; a text
    column turns 7 into '7.0', which is one. Unique keys are kept, so that what a statement may rightly
    ignore is not counted as lost. Columns that a statement fills with the time or with random values, and
    those that a trigger sets, are left out. None when there is no such statement, when one cannot be
    evaluated by itself, or when no column is left.
    """
    writes = [s for s in statements if written_table(s.sql) == table.name.lower()]
    inserts = [s for s in writes if INSERT.match(s.sql)]
    if not inserts:
        return None
    columns = _comparable_columns(table, inserts, [*(s.sql for s in writes), *triggers], triggers)
    if not columns:
        return None
    with Database.memory() as scratch:
        try:
            for sql in (_lenient(table), *keys):
                scratch.run(Statement(sql))
            for statement in writes:
                scratch.run(Statement(statement.sql, statement.params or None))
        except D1Error:
            return None
        return _select(scratch, table.name, columns)


def _comparable_columns(
    table: Table, inserts: Sequence[ExecutedStatement], texts: Iterable[str], triggers: Sequence[str]
) -> tuple[str, ...]:
    """The inserted columns whose values are the bound ones."""
    changed = {column for sql in triggers for column, _ in assigned(list(tokens(sql)))}
    changed.update(*(computed_columns(sql, _columns_of(table, sql)) for sql in texts))
    return tuple(name for name in _inserted_columns(table, inserts) if name.lower() not in changed)


def _columns_of(table: Table, sql: str) -> tuple[str, ...]:
    """The columns that an INSERT fills, in its order."""
    head = INSERT.match(sql)
    named = COLUMNS.match(sql, head.end()) if head else None
    if named is None:
        return tuple(column.name for column in table.columns if not column.generated)
    return tuple(_plain(name) for name in re.findall(NAME, named["columns"]))


def written_table(sql: str) -> str | None:
    """The name of the table that an INSERT, REPLACE, UPDATE or DELETE writes, in lower case."""
    match = INSERT.match(sql) or CHANGE.match(sql)
    return _plain(match["table"]).lower() if match else None


def _inserted_columns(table: Table, inserts: Iterable[ExecutedStatement]) -> tuple[str, ...]:
    named = {name.lower() for statement in inserts for name in _columns_of(table, statement.sql)}
    return tuple(column.name for column in table.columns if column.name.lower() in named)


def _lenient(table: Table) -> str:
    columns = [column for column in table.columns if not column.generated]
    name = quoted(table.name)
    body = ", ".join(
        " ".join((quoted(column.name), _lenient_type(table, column), _default(column))) for column in columns
    )
    return f"CREATE TABLE {name} ({body})"


def _lenient_type(table: Table, column: Column) -> str:
    """The declared type, unless it turns numbers into text (https://sqlite.org/datatype3.html, 3.1)."""
    declared = column.type.upper()
    keys = sum(bool(other.primary_key_position) for other in table.columns)
    if declared == "INTEGER" and column.primary_key_position and keys == 1 and not table.without_rowid:
        return "INTEGER PRIMARY KEY"  # SQLite fills in the number where none, or NULL, is given
    is_text = "INT" not in declared and any(part in declared for part in ("CHAR", "CLOB", "TEXT"))
    return "" if is_text else column.type


def _default(column: Column) -> str:
    return "" if column.default is None else f"DEFAULT ({column.default})"


def _select(database: Database, table: str, columns: tuple[str, ...]) -> Rows:
    names = ", ".join(quoted(column) for column in columns)
    result = database.run(Statement(f"SELECT {names} FROM {quoted(table)}"))
    return Rows(columns, result.rows)


def _plain(name: str) -> str:
    if name[0] in '"`':
        return name[1:-1].replace(name[0] * 2, name[0])
    return name[1:-1] if name[0] == "[" else name
