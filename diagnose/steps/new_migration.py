"""The two steps that bring a new migration into the project and into the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.steps.files import EditFile
from diagnose.steps.migration import ApplyMigration

if TYPE_CHECKING:
    from diagnose.project import D1Binding
    from diagnose.schemas import NewMigration
    from diagnose.steps.migration import Reversal


def migration_steps(
    binding: D1Binding, database: str, migration: NewMigration, *reversals: Reversal
) -> tuple[EditFile, ApplyMigration]:
    """Write the file, then apply it as `wrangler d1 migrations apply` would."""
    return (
        EditFile.text(migration.path, None, migration.sql),
        apply_step(binding, database, migration.name, migration.sql, *reversals),
    )


def apply_step(
    binding: D1Binding, database: str, name: str, sql: str, *reversals: Reversal
) -> ApplyMigration:
    """Apply a migration that is in the project."""
    return ApplyMigration(
        database_id=binding.database_id or "",
        database_name=database,
        name=name,
        sql=sql,
        reversals=reversals,
        migrations_table=binding.migrations_table,
    )
