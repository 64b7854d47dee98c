"""SQL applied to a database the way `wrangler d1 migrations apply` does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from diagnose.model import Effect, Step
from diagnose.project.migrations import applied_table_sql
from diagnose.steps.database import count, execute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.model import Json
    from diagnose.model.plan import Workspace


@dataclass(frozen=True, slots=True)
class Reversal:
    """How one effect of a migration is taken back.

    Attributes:
        guard: a query whose count must be 0, so that nobody's rows are lost; empty when nothing can be.
        sql: what takes the effect back.
        kept: the sentence for the user when the guard forbids it.
    """

    guard: str
    sql: str
    kept: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyMigration(Step):
    """Run a migration and enter it into the migrations table, in one transaction.

    Attributes:
        name: the migration's file name, as wrangler enters it.
        migrations_table: where wrangler looks for what is applied.
        made_table: that table did not exist before; known after `prepare`.
    """

    kind: ClassVar[str] = "apply-migration"
    effect: ClassVar[Effect] = Effect.ACCOUNT

    database_id: str
    database_name: str
    name: str
    sql: str
    reversals: tuple[Reversal, ...] = field(default=())
    migrations_table: str = "d1_migrations"
    made_table: bool = False

    @property
    def title(self) -> str:
        return f"apply migration {self.name} to database {self.database_name} ({self.database_id})"

    @property
    def irreversible(self) -> str | None:
        return None if self.reversals else "what this migration changes stays when the run is undone"

    def preview(self) -> str:
        return self.sql.strip()

    async def prepare(self, workspace: Workspace) -> ApplyMigration:
        return replace(self, made_table=not await self._has_table(workspace))

    async def apply(self, workspace: Workspace) -> None:
        if await self.verify(workspace) is None:
            return
        table = self._table
        name = self.name.replace("'", "''")
        await execute(
            workspace,
            self.database_id,
            # A line of its own for the semicolon: the migration may end in a comment.
            f"{applied_table_sql(self.migrations_table)}\n{self.sql.strip().rstrip(';')}\n;\n"
            f"INSERT INTO {table} (name) VALUES ('{name}');",
            landed=lambda: self._is_applied(workspace),
        )

    async def verify(self, workspace: Workspace) -> str | None:
        return None if await self._is_applied(workspace) else f"{self.name} is not entered as applied"

    async def undo(self, workspace: Workspace) -> str | None:
        if not await self._is_applied(workspace):
            return None
        for reversal in reversed(self.reversals):
            if reversal.guard and await count(workspace, self.database_id, reversal.guard):
                return reversal.kept
        if not self.reversals:
            return f"migration {self.name} stays applied to {self.database_name}"
        statements = [reversal.sql.rstrip(";") for reversal in reversed(self.reversals)]
        name = self.name.replace("'", "''")
        statements.append(f"DELETE FROM {self._table} WHERE name = '{name}'")

        async def taken_back() -> bool:
            return not await self._is_applied(workspace)

        await execute(workspace, self.database_id, ";\n".join(statements), landed=taken_back)
        if self.made_table:
            await self._drop_empty_table(workspace)
        return None

    async def _has_table(self, workspace: Workspace) -> bool:
        exists = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?1"
        return bool(await count(workspace, self.database_id, exists, (self.migrations_table,)))

    async def _is_applied(self, workspace: Workspace) -> bool:
        if not await self._has_table(workspace):
            return False
        entered = f"SELECT count(*) FROM {self._table} WHERE name = ?1"
        return bool(await count(workspace, self.database_id, entered, (self.name,)))

    async def _drop_empty_table(self, workspace: Workspace) -> None:
        table = self._table
        if not await count(workspace, self.database_id, f"SELECT count(*) FROM {table}"):
            await execute(workspace, self.database_id, f"DROP TABLE IF EXISTS {table}", repeatable=True)

    @property
    def _table(self) -> str:
        return '"' + self.migrations_table.replace('"', '""') + '"'

    def record(self) -> Mapping[str, Json]:
        return {
            "database_id": self.database_id,
            "database_name": self.database_name,
            "name": self.name,
            "sql": self.sql,
            "reversals": [[r.guard, r.sql, r.kept] for r in self.reversals],
            "migrations_table": self.migrations_table,
            "made_table": self.made_table,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        return cls(
            database_id=str(record["database_id"]),
            database_name=str(record["database_name"]),
            name=str(record["name"]),
            sql=str(record["sql"]),
            reversals=tuple(Reversal(*map(str, parts)) for parts in record["reversals"]),
            migrations_table=str(record["migrations_table"]),
            made_table=bool(record["made_table"]),
        )
