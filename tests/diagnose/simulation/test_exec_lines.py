from __future__ import annotations

import pytest

from diagnose.d1 import Database, Statement
from diagnose.simulation.exec_lines import broken_line

TABLE = "CREATE TABLE n (\n  x INTEGER,\n  y TEXT\n)"


@pytest.mark.parametrize(
    ("text", "number", "line", "error"),
    [
        (
            f"\n{TABLE};\n",
            1,
            "CREATE TABLE n (",
            "D1_EXEC_ERROR: Error in line 1: CREATE TABLE n (: incomplete input: SQLITE_ERROR",
        ),
        (
            f"CREATE TABLE a (x);\n{TABLE}",
            2,
            "CREATE TABLE n (",
            "D1_EXEC_ERROR: Error in line 1: CREATE TABLE a (x);: incomplete input: SQLITE_ERROR",
        ),
        (
            "DELETE FROM gone\nWHERE x = 1",
            2,
            "WHERE x = 1",
            (
                "D1_EXEC_ERROR: Error in line 1: DELETE FROM gone: "
                'near "WHERE": syntax error at offset 0: SQLITE_ERROR'
            ),
        ),
        (
            "INSERT INTO n VALUES ('a\nb')",
            1,
            "INSERT INTO n VALUES ('a",
            (
                "D1_EXEC_ERROR: Error in line 1: INSERT INTO n VALUES ('a: "
                'unrecognized token: "\'a" at offset 22: SQLITE_ERROR'
            ),
        ),
        (
            "SELECT *\nFROM n",
            1,
            "SELECT *",
            "D1_EXEC_ERROR: Error in line 1: SELECT *: no tables specified: SQLITE_ERROR",
        ),
    ],
)
def test_a_statement_that_goes_on_below(text, number, line, error):
    broken = broken_line(text)
    assert (broken.number, broken.line, broken.error) == (number, line, error)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CREATE TABLE a (x);\nCREATE TABLE b (x);",
        "CREATE TABLE a (x)\nINSERT INTO a VALUES (1)",
        "-- the first\nCREATE TABLE a (x)\n\n-- the second\nCREATE TABLE b (x)\n",
        "INSERT INTO gone VALUES (1)\nDELETE FROM gone",
        "CREATE TABLE a (x); CREATE TABLE b (x)",
        "CREATE TABLE a (",
        "CREATE TABLE a (\n  x INTEGER,\n",
        "SELEC 1\nFROM a",
    ],
)
def test_lines_that_are_statements_and_texts_that_are_none(text):
    assert broken_line(text) is None


@pytest.mark.parametrize(
    ("text", "statements", "fits"),
    [
        (TABLE, 1, True),
        (f"{TABLE};\n", 1, True),
        (f"-- prices\n{TABLE}\n-- the end", 1, True),
        (f"{TABLE};\n-- the end", 1, False),
        (f"{TABLE}; -- first\nCREATE INDEX i\n  ON n (x);", 2, True),
        (f"{TABLE};;\nCREATE INDEX i ON n (x)", 2, False),
    ],
)
def test_what_prepare_takes_as_it_is(text, statements, fits):
    broken = broken_line(text)
    assert (broken.statements, broken.fits_prepare) == (statements, fits)


@pytest.mark.parametrize("text", [TABLE, f"-- a\n{TABLE};\nCREATE INDEX i\n  ON n (x);\n"])
def test_the_engine_agrees_that_prepare_takes_it(text):
    with Database.memory() as database:
        database.run(Statement(text))
        assert [table.name for table in database.schema().tables] == ["n"]
