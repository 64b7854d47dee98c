"""Rows written into a table, and the record of which of them were ours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from diagnose.d1.cells import check
from diagnose.d1.errors import RowError
from diagnose.d1.identifiers import quoted
from diagnose.d1.limits import LIMITS
from diagnose.errors import AccountError, StepError
from diagnose.importing import Rows, compare_rows, import_rows
from diagnose.importing.chunks import chunks
from diagnose.model import Effect, Step
from diagnose.steps.database import account_of, count, execute, select

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.d1.javascript import SqliteValue
    from diagnose.importing.chunks import Chunk
    from diagnose.model import Json
    from diagnose.model.plan import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRows(Step):
    """Write rows through the importer and compare every one of them in the database.

    Attributes:
        key: columns of the unique key; a row whose key is already there is left as it is.
        ours: positions of the rows that were not there before; known after `prepare`.
    """

    kind: ClassVar[str] = "import-rows"
    effect: ClassVar[Effect] = Effect.ACCOUNT

    database_id: str
    database_name: str
    table: str
    rows: Rows
    key: tuple[str, ...]
    ours: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        return f"import {len(self.rows):,} rows into {self.table} of database {self.database_name}"

    def preview(self) -> str:
        statements = len(list(chunks(self.rows)))
        columns = ", ".join(self.rows.columns)
        return (
            f"INSERT OR IGNORE INTO {self.table} ({columns}) SELECT … FROM json_each(?1)\n"
            f"{len(self.rows):,} rows in {statements} statement(s), one bound parameter each;"
            f" then every row is compared by ({', '.join(self.key)})"
        )

    async def prepare(self, workspace: Workspace) -> ImportRows:
        self._refuse_unusable()
        ours: list[int] = []
        start = 0
        for chunk in chunks(self.rows):
            source, params = chunk.source(self.key, numbered=True)
            sql = (
                f"SELECT source.key FROM {source} WHERE NOT EXISTS"
                f" (SELECT 1 FROM {quoted(self.table)} AS t WHERE {chunk.equals(self.key)})"
            )
            results = await select(workspace, self.database_id, sql, params)
            ours += [start + int(row[0]) for row in results[-1].rows]
            start += chunk.count
        return replace(self, ours=tuple(ours))

    async def apply(self, workspace: Workspace) -> None:
        try:
            await import_rows(account_of(workspace), self.database_id, self.table, self.rows, key=self.key)
        except (AccountError, RowError) as error:
            raise StepError(error.message, where=f"table {self.table}", hint=error.hint) from error

    async def verify(self, workspace: Workspace) -> str | None:
        account = account_of(workspace)
        try:
            comparison = await compare_rows(account, self.database_id, self.table, self.rows, key=self.key)
        except AccountError as error:
            return error.message
        if comparison.is_complete:
            return None
        return (
            f"of {comparison.rows:,} rows {comparison.found:,} are there and {comparison.equal:,} are equal"
        )

    async def undo(self, workspace: Workspace) -> str | None:
        exists = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?1"
        if not self.ours or not await count(workspace, self.database_id, exists, (self.table,)):
            return None
        mine = Rows(self.rows.columns, tuple(self.rows.values[place] for place in self.ours))
        for chunk in chunks(mine):
            await execute(workspace, self.database_id, *self._deletion(chunk), repeatable=True)
        account = account_of(workspace)
        kept = await compare_rows(account, self.database_id, self.table, mine, key=self.key)
        return f"{kept.found:,} rows of {self.table} were changed since; they stay" if kept.found else None

    def _refuse_unusable(self) -> None:
        """Refuse what D1 cannot hold, and a NULL in the key: never unique, a repeat doubles it."""
        for number, row in enumerate(self.rows.values):
            for column, value in zip(self.rows.columns, row, strict=True):
                if value is None and column in self.key:
                    raise StepError(f"row {number} has no value in the key column {column}", where=self.table)
                try:
                    check(value, row=number, column=column, limits=LIMITS.d1)
                except RowError as error:
                    where = f"{self.table}, {error.where}"
                    raise StepError(error.message, where=where, hint=error.hint) from error

    def _deletion(self, chunk: Chunk) -> tuple[str, tuple[SqliteValue, ...]]:
        """Delete what stands in the table exactly as we wrote it; a row changed since is left alone."""
        name = quoted(self.table)
        source, params = chunk.source(self.rows.columns)
        keys = ", ".join(quoted(column) for column in self.key)
        found = ", ".join(f"t.{quoted(column)}" for column in self.key)
        by_key, by_all = chunk.equals(self.key), chunk.equals(self.rows.columns)
        sql = (
            f"DELETE FROM {name} WHERE ({keys}) IN"
            f" (SELECT {found} FROM {source} JOIN {name} AS t ON {by_key} WHERE {by_all})"
        )
        return sql, params

    def record(self) -> Mapping[str, Json]:
        return {
            "database_id": self.database_id,
            "database_name": self.database_name,
            "table": self.table,
            "columns": list(self.rows.columns),
            "rows": [[_to_json(value) for value in row] for row in self.rows.values],
            "key": list(self.key),
            "ours": list(self.ours),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        values = tuple(tuple(_from_json(value) for value in row) for row in record["rows"])
        return cls(
            database_id=str(record["database_id"]),
            database_name=str(record["database_name"]),
            table=str(record["table"]),
            rows=Rows(tuple(map(str, record["columns"])), values),
            key=tuple(map(str, record["key"])),
            ours=tuple(map(int, record["ours"])),
        )


def _to_json(value: object) -> Json:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if value is None or isinstance(value, str | int | float):
        return value
    raise StepError(f"a row holds a value that SQLite cannot: {type(value).__name__}")


def _from_json(value: Any) -> str | int | float | bytes | None:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
