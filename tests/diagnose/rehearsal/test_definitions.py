from __future__ import annotations

from diagnose.d1 import Database, Statement
from diagnose.rehearsal.definitions import triggers_on, unique_indexes

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE COLLATE NOCASE, name TEXT, gone INTEGER);
CREATE UNIQUE INDEX users_name ON users (name) WHERE gone IS NULL;
CREATE INDEX users_gone ON users (gone);
CREATE TRIGGER users_told AFTER INSERT ON users BEGIN SELECT 1; END;
"""


def test_what_stands_around_a_table():
    with Database.memory() as database:
        database.run_all(Statement(SCHEMA))
        assert unique_indexes(database, "users") == (
            "CREATE UNIQUE INDEX users_name ON users (name) WHERE gone IS NULL",
            "CREATE UNIQUE INDEX unique_1 ON users (email COLLATE NOCASE)",
        )
        assert triggers_on(database, "USERS") == (
            "CREATE TRIGGER users_told AFTER INSERT ON users BEGIN SELECT 1; END",
        )
