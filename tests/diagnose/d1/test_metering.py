from __future__ import annotations

import pytest

from diagnose.d1.engine import Database, Statement

SETUP = """
CREATE TABLE plain(a, b)
CREATE TABLE keyed(k TEXT PRIMARY KEY, v, w)
CREATE INDEX by_v ON keyed(v)
CREATE TABLE narrow(k TEXT PRIMARY KEY) WITHOUT ROWID
INSERT INTO keyed VALUES('a', 1, 1), ('b', 2, 2)
"""
COUNTING = "CREATE TABLE counting(a INTEGER PRIMARY KEY AUTOINCREMENT)"


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        ("INSERT INTO plain VALUES(1, 2), (3, 4)", 2),
        ("INSERT INTO keyed VALUES('c', 3, 3)", 3),
        ("INSERT OR IGNORE INTO keyed VALUES('a', 3, 3)", 0),
        ("INSERT INTO narrow VALUES('x')", 1),
        ("UPDATE keyed SET w = 9", 2),
        ("UPDATE keyed SET v = 9", 4),
        ("DELETE FROM keyed", 2),
        ("CREATE TABLE x(a)", 2),
        ("CREATE TABLE x(a UNIQUE, b PRIMARY KEY)", 4),
        ("CREATE TABLE x(a PRIMARY KEY, b UNIQUE) WITHOUT ROWID", 3),
        ("CREATE TABLE x(a INTEGER PRIMARY KEY AUTOINCREMENT)", 4),
        ("CREATE TABLE IF NOT EXISTS plain(a)", 0),
        ("CREATE TABLE x AS SELECT * FROM keyed", 4),
        ("CREATE VIRTUAL TABLE x USING fts5(a)", 2),
        ("CREATE INDEX by_w ON keyed(w)", 3),
        ("EXPLAIN CREATE INDEX by_w ON keyed(w)", 0),
        ("INSERT INTO counting VALUES(NULL), (NULL)", 3),
        ("CREATE TABLE x(a INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE y(a)", 2),
        ("CREATE TRIGGER g AFTER INSERT ON plain BEGIN SELECT 1; END", 1),
        ("SELECT * FROM keyed", 0),
    ],
)
def test_rows_written_counts_indexes(sql, written):
    with Database.memory() as database:
        database.exec(SETUP)
        if "counting" in sql:
            database.run(Statement(COUNTING))
        assert database.run(Statement(sql)).rows_written == written


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("SELECT * FROM keyed", 2),
        ("SELECT 1 FROM keyed WHERE w = 'none'", 2),
        ("SELECT * FROM plain", 1),
        ("SELECT * FROM keyed ORDER BY w", 4),
        ("SELECT 1", 0),
        ("CREATE TABLE x(a)", 1),
        ("DELETE FROM keyed WHERE w > 0", 2),
    ],
)
def test_rows_read_counts_scans_and_sorted_rows(sql, read):
    with Database.memory() as database:
        database.exec(SETUP)
        assert database.run(Statement(sql)).rows_read == read
