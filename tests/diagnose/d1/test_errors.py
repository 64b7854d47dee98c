from __future__ import annotations

import pytest

from diagnose.d1.errors import D1Error, D1TypeError, ErrorClass, RowError, classify


def test_an_error_of_sqlite_is_worded_as_d1_words_it():
    error = D1Error.from_sqlite(
        "UNIQUE constraint failed: t.a", code="SQLITE_CONSTRAINT", extended="SQLITE_CONSTRAINT_UNIQUE"
    )
    assert error.text == (
        "D1_ERROR: UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)"
    )
    assert error.cause == error.text.removeprefix("D1_ERROR: ")
    assert str(error) == error.text


def test_exec_blames_the_first_line():
    error = D1Error.from_sqlite("incomplete input", code="SQLITE_ERROR").in_exec("CREATE TABLE n(")
    assert error.text == "D1_EXEC_ERROR: Error in line 1: CREATE TABLE n(: incomplete input: SQLITE_ERROR"
    assert error.code == "SQLITE_ERROR"


def test_an_error_that_ends_the_transaction_has_no_prefix():
    error = D1Error.from_sqlite("database or disk is full", code="SQLITE_FULL").unprefixed()
    assert error.text == error.cause == "database or disk is full: SQLITE_FULL"


def test_a_type_error_is_a_d1_error():
    assert isinstance(D1TypeError("Type 'bigint' not supported for value '1'"), D1Error)


def test_a_row_error_names_its_place():
    error = RowError("nan cannot be stored", row=3, column="open", hint="map it to null")
    assert str(error) == "row 3, column open: nan cannot be stored; map it to null"
    assert (error.row, error.column) == (3, "open")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("D1_ERROR: too many SQL variables at offset 261: SQLITE_ERROR", ErrorClass.PERMANENT),
        ("D1_ERROR: statement too long: SQLITE_TOOBIG", ErrorClass.PERMANENT),
        ("D1_ERROR: no such table: x: SQLITE_ERROR", ErrorClass.PERMANENT),
        ("D1_ERROR: Wrong number of parameter bindings for SQL query.", ErrorClass.PERMANENT),
        ("D1_ERROR: SQL code did not contain a statement.", ErrorClass.PERMANENT),
        ("D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'", ErrorClass.PERMANENT),
        ("too many SQL variables [code: 7500]", ErrorClass.PERMANENT),
        ("NOT NULL constraint failed: t.c: SQLITE_CONSTRAINT", ErrorClass.DATA),
        ("D1_ERROR: malformed JSON: SQLITE_ERROR", ErrorClass.DATA),
        ("D1_ERROR: D1 DB is overloaded. Too many requests queued.", ErrorClass.TRANSIENT),
        ("D1_ERROR: Network connection lost.", ErrorClass.TRANSIENT),
        ("D1_ERROR: D1 DB reset because its code was updated.", ErrorClass.TRANSIENT),
        ("internal error; reference = abc", ErrorClass.TRANSIENT),
        ("Too many API requests by single worker invocation.", ErrorClass.ACCOUNT),
        ("The given account is not valid [code: 7403]", ErrorClass.ACCOUNT),
        ("database or disk is full: SQLITE_FULL", ErrorClass.ACCOUNT),
        ("something else", ErrorClass.UNKNOWN),
    ],
)
def test_texts_are_classified(text, kind):
    assert classify(text) is kind
