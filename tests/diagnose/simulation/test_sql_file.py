from __future__ import annotations

from diagnose.simulation import judge_sql

TOO_LONG = "INSERT INTO a VALUES ('" + "x" * 100_000 + "');"


def test_statements_are_judged_one_after_the_other():
    tables = "-- tables\nCREATE TABLE a (x UNIQUE);\n"
    rows = f"INSERT INTO a\nVALUES (1);\n{TOO_LONG}\nINSERT INTO a VALUES (1);"
    create, insert, long, twice = judge_sql(tables + rows)
    assert (create.line, create.head, create.error) == (2, "CREATE TABLE a (x UNIQUE);", None)
    assert (insert.line, insert.head, insert.error) == (3, "INSERT INTO a VALUES (1);", None)
    assert (long.line, long.size) == (5, len(TOO_LONG))
    assert long.error == "D1_ERROR: statement too long: SQLITE_TOOBIG"
    assert long.parameters is None
    assert twice.error == (
        "D1_ERROR: UNIQUE constraint failed: a.x: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)"
    )


def test_a_statement_with_parameters_is_compiled_only():
    marks = ", ".join(["(?)"] * 101)
    fits, breaks = judge_sql(
        f"INSERT INTO a VALUES (?);INSERT INTO a VALUES {marks};", before=["CREATE TABLE a (x NOT NULL)"]
    )
    assert (fits.parameters, fits.error) == (1, None)
    assert breaks.error == f"D1_ERROR: too many SQL variables at offset {21 + 100 * 5 + 1}: SQLITE_ERROR"


def test_what_the_runtime_takes_beyond_the_documentation_is_a_warning():
    array = "SELECT json_array({})".format
    fits, wide, refused = judge_sql(";".join(array(", ".join("1" * number)) for number in (32, 127, 128)))
    assert (fits.error, fits.warning) == (None, None)
    too_many = "D1_ERROR: too many arguments on function json_array at offset 7: SQLITE_ERROR"
    assert (wide.error, wide.warning, wide.parameters) == (None, too_many, 0)
    assert (refused.error, refused.warning, refused.parameters) == (too_many, None, None)


def test_a_warned_statement_with_parameters_is_compiled():
    (one,) = judge_sql(f"INSERT INTO a SELECT max({', '.join('?' * 40)})", before=["CREATE TABLE a (x)"])
    assert (one.parameters, one.error) == (40, None)
    assert one.warning == "D1_ERROR: too many arguments on function max at offset 21: SQLITE_ERROR"


def test_a_value_beyond_the_documentation_is_stored_and_warned_of_where_it_is_read():
    large, read, length = judge_sql(
        "INSERT INTO a VALUES (zeroblob(2100000));SELECT x FROM a;SELECT count(*) FROM a",
        before=["CREATE TABLE a (x)"],
    )
    too_big = "D1_ERROR: string or blob too big: SQLITE_TOOBIG"
    assert [(one.error, one.warning) for one in (large, read, length)] == [
        (None, too_big),
        (None, too_big),
        (None, None),
    ]


def test_tables_that_nothing_makes_are_told_from_limits():
    (one,) = judge_sql("INSERT INTO elsewhere VALUES (1);")
    assert one.unknown
    assert one.error == "D1_ERROR: no such table: elsewhere: SQLITE_ERROR"


def test_a_text_without_a_statement_has_none():
    assert judge_sql("-- nothing\n;") == ()
