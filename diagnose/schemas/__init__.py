"""What the worker's statements expect of their tables, what the tables are, and SQL that closes the gap."""

from diagnose.schemas.clauses import ConflictClause, conflict_clause
from diagnose.schemas.columns import MissingColumns, missing_columns
from diagnose.schemas.conflicts import UnkeyedInsert, unkeyed_inserts
from diagnose.schemas.creation import create_table_sql
from diagnose.schemas.definitions import read_definitions
from diagnose.schemas.elsewhere import Elsewhere, tables_elsewhere
from diagnose.schemas.files import created_in
from diagnose.schemas.judging import Gap, GapKind, Judge
from diagnose.schemas.keys import covering_keys, known_key, parse_key
from diagnose.schemas.migrating import NewMigration, applied_names, new_migration, pending_until
from diagnose.schemas.naming import database_name, find_binding, resource, sites_of, why_unknown
from diagnose.schemas.pending import PendingMigrations, pending_migrations
from diagnose.schemas.repeats import RepeatedInsert, refusal_after, repeated_inserts
from diagnose.schemas.samples import recorded_samples
from diagnose.schemas.tables import MissingTable, missing_tables, still_refused
from diagnose.schemas.types import column_type

__all__ = [
    "ConflictClause",
    "Elsewhere",
    "Gap",
    "GapKind",
    "Judge",
    "MissingColumns",
    "MissingTable",
    "NewMigration",
    "PendingMigrations",
    "RepeatedInsert",
    "UnkeyedInsert",
    "applied_names",
    "column_type",
    "conflict_clause",
    "covering_keys",
    "create_table_sql",
    "created_in",
    "database_name",
    "find_binding",
    "known_key",
    "missing_columns",
    "missing_tables",
    "new_migration",
    "parse_key",
    "pending_migrations",
    "pending_until",
    "read_definitions",
    "recorded_samples",
    "refusal_after",
    "repeated_inserts",
    "resource",
    "sites_of",
    "still_refused",
    "tables_elsewhere",
    "unkeyed_inserts",
    "why_unknown",
]
