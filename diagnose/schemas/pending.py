"""Migrations of the project that a database was not given, and what giving them would do."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.d1 import Bounds, D1Error, Database, Statement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from diagnose.project import D1Binding, Migration, Project

_ALREADY: Final = re.compile(r"already exists|duplicate column name")
_MAKES: Final = re.compile(r"\bCREATE\b", re.IGNORECASE)
_MASTER: Final = "SELECT type, name, sql FROM sqlite_master ORDER BY rowid"


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingMigrations:
    """What one database lacks of a binding's migrations.

    Attributes:
        pending: those that are not entered as applied, in the order of their application.
        late: names of pending ones that come before one that is applied.
        unknown: names that are entered as applied and that no file of the project has.
        shared: how many of the project's migrations are entered.
        there: names of pending ones whose tables and columns are in the database all the same.
        refused: pending ones that D1 refuses for another reason, with what it answers.
        definitions: the statements that define the database once everything has been applied.
    """

    pending: tuple[Migration, ...]
    late: tuple[str, ...]
    unknown: tuple[str, ...]
    shared: int
    there: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    definitions: tuple[str, ...]

    @property
    def is_made_otherwise(self) -> bool:
        """Whether everything that is pending is there: somebody ran it without entering it."""
        return bool(self.pending) and len(self.there) == len(self.pending)

    @property
    def is_foreign(self) -> bool:
        """Whether the migrations that are entered are those of another folder or project."""
        return bool(self.unknown) and not self.shared


def pending_migrations(
    project: Project, binding: D1Binding, applied: Collection[str], definitions: Iterable[str]
) -> PendingMigrations:
    """Compare the project's files with what is entered, and try what is pending in the D1 engine.

    Args:
        project: whose files they are.
        binding: of the database.
        applied: names that are entered as applied.
        definitions: the CREATE statements of the database as it is; its rows are not known.

    Raises:
        ProjectError: a migration cannot be read.
    """
    migrations = project.migrations(binding)
    names = [migration.name for migration in migrations]
    pending = tuple(migration for migration in migrations if migration.name not in applied)
    last = max((number for number, name in enumerate(names) if name in applied), default=-1)
    there, refused, after = _tried(pending, definitions)
    return PendingMigrations(
        pending=pending,
        late=tuple(name for name in names[: max(last, 0)] if name not in applied),
        unknown=tuple(sorted(set(applied) - set(names))),
        shared=len(names) - len(pending),
        there=there,
        refused=refused,
        definitions=after,
    )


def _tried(
    pending: Iterable[Migration], definitions: Iterable[str]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...], tuple[str, ...]]:
    there, refused = [], []
    with Database.memory() as database, database.within(Bounds.of_migrations()):
        for sql in definitions:
            with suppress(D1Error):  # what a virtual table made by itself
                database.run_all(Statement(sql))
        for migration in pending:
            before = database.run(Statement(_MASTER)).rows
            try:
                database.migrate(migration.sql)
            except D1Error as error:
                if _ALREADY.search(error.text):
                    there.append(migration.name)
                else:
                    refused.append((migration.name, error.text))
            else:
                same = database.run(Statement(_MASTER)).rows == before
                there += [migration.name] if same and _MAKES.search(migration.sql) else []
        made = database.run(Statement(_MASTER)).rows
    return tuple(there), tuple(refused), tuple(str(sql) for _, _, sql in made if sql is not None)
