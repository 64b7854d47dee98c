from __future__ import annotations

import math
import random

import pytest

from diagnose.d1 import D1Error, Database, Statement
from diagnose.d1.dumping import DumpOptions

VALUES = (
    None, 0, -1, 2**53 + 1, -(2**63), 2**63 - 1, 0.1, 1.0, -0.0, 1e300, 5e-324, math.inf, -math.inf,
    "", "it's", "a\nb\r\nc\\n", "a\0b", "ü🐦", "x';DROP TABLE t;--", "\ufeff", b"", b"\x00\xff'",
)  # fmt: skip
TYPES = ("", "TEXT", "INTEGER", "REAL", "NUMERIC", "BLOB", "VARCHAR(10)")


def content(database: Database):
    """Every row with the type that each value is stored as."""
    schema = database.run(
        Statement("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")
    )
    tables = {}
    for table in database.schema().tables:
        names = ", ".join(f'"{column.name}", typeof("{column.name}")' for column in table.columns)
        tables[table.name] = sorted(
            map(repr, database.run(Statement(f'SELECT {names} FROM "{table.name}"')).rows)
        )
    return schema.rows, tables


def reimported(database: Database) -> Database:
    copy = Database.memory()
    for statement in b"".join(database.dump()).decode().split(";\n")[:-1]:
        copy.run(Statement(statement + ";"))
    return copy


def random_value(chance: random.Random):
    match chance.randrange(5):
        case 0:
            return chance.randrange(-(2**63), 2**63)
        case 1:
            return chance.uniform(-1, 1) * 10 ** chance.randrange(-300, 300)
        case 2:
            return "".join(chr(chance.choice((0, 10, 39, 65, 0x20AC, 0x1F426))) for _ in range(9))
        case 3:
            return chance.randbytes(8)
        case _:
            return chance.choice(VALUES)


@pytest.mark.parametrize("seed", range(8))
def test_what_is_imported_is_what_was_exported(seed):
    chance = random.Random(seed)  # noqa: S311 - a seed makes a failure repeatable
    with Database.memory() as database:
        connection = database._session.connection
        for number in range(chance.randint(1, 4)):
            columns = [f'"c{place} {chance.choice("ab")}" {chance.choice(TYPES)}' for place in range(3)]
            database.run(Statement(f"CREATE TABLE t{number} ({', '.join(columns)})"))
            database.run(Statement(f'CREATE INDEX i{number} ON t{number} ("{columns[0][1:5]}")'))
            rows = [[random_value(chance) for _ in columns] for _ in range(30)]
            connection.executemany(f"INSERT INTO t{number} VALUES (?, ?, ?)", rows)
        with reimported(database) as copy:
            assert content(copy) == content(database)


def test_every_kind_of_value_comes_back():
    with Database.memory() as database:
        database.run(Statement("CREATE TABLE t (a, b TEXT, c REAL)"))
        database._session.connection.executemany(
            "INSERT INTO t VALUES (?1, ?1, ?1)", [(value,) for value in VALUES]
        )
        with reimported(database) as copy:
            assert content(copy) == content(database)


def test_text_that_is_no_utf_8_comes_back():
    with Database.memory() as database:
        database.run_all(Statement("CREATE TABLE t (a); INSERT INTO t VALUES (CAST(x'ff27' AS TEXT))"))
        with reimported(database) as copy:
            found = copy.run(Statement("SELECT typeof(a), hex(a) FROM t"))
            assert found.rows == (("text", "FF27"),)


def test_keys_views_triggers_and_counters_come_back():
    with Database.memory() as database:
        database.run_all(
            Statement(
                "CREATE TABLE parent (a PRIMARY KEY, twice AS (a * 2) STORED) WITHOUT ROWID;"
                "CREATE TABLE child (a INTEGER PRIMARY KEY AUTOINCREMENT, p REFERENCES parent (a));"
                "CREATE VIEW v AS SELECT a FROM child;"
                "CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN INSERT INTO child VALUES (new.a, NULL); END;"
                "CREATE TRIGGER h AFTER INSERT ON child BEGIN UPDATE parent SET a = a; END;"
                "INSERT INTO parent (a) VALUES (3); INSERT INTO child (p) VALUES (3), (3);"
                "DELETE FROM child WHERE a = 2"
            )
        )
        with Database.memory() as copy:
            copy.run_all(Statement(b"".join(database.dump()).decode()))
            assert content(copy) == content(database)
            assert copy.run(Statement("INSERT INTO child (p) VALUES (3)")).last_row_id == 3


def test_a_value_may_be_as_large_as_d1_takes_it():
    with Database.memory() as database:
        database.run_all(Statement("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(6000000))"))
        *_, row = database.dump()
        assert len(row) == len('INSERT INTO "t" ("a") VALUES(X\'\');\n') + 12_000_000
        with pytest.raises(D1Error, match="string or blob too big"):
            database.run(Statement("SELECT hex(a) FROM t"))


def test_a_virtual_table_that_is_not_asked_for_does_no_harm():
    with Database.memory() as database:
        database.run_all(Statement("CREATE TABLE t (a); CREATE VIRTUAL TABLE f USING fts5(x)"))
        assert b"".join(database.dump(DumpOptions(tables=frozenset({"t"})))).endswith(
            b"CREATE TABLE t (a);\n"
        )
        with pytest.raises(D1Error, match="Virtual Tables"):
            list(database.dump())
