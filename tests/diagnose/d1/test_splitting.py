from __future__ import annotations

import pytest

from diagnose.d1.engine import Database, Statement
from diagnose.d1.errors import D1Error
from diagnose.d1.splitting import is_blank, statement_end, statements_in, trim

TRIGGER = "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END"


@pytest.mark.parametrize(
    ("swallowed", "statement"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT 1 ", "SELECT 1 "),
        ("SELECT 1 ;\n;; ", "SELECT 1 ;"),
        ("SELECT ';'; ", "SELECT ';';"),
        (TRIGGER + " ; ;", TRIGGER + " ;"),
    ],
)
def test_a_statement_ends_behind_its_own_semicolon(swallowed, statement):
    assert swallowed[: statement_end(swallowed)] == statement


@pytest.mark.parametrize(
    "sql", ["SELECT 1;;", "SELECT 1; -- c", "SELECT 1; /* c */", "SELECT 1;\0", "SELECT 1\0", ";"]
)
def test_a_text_behind_a_semicolon_must_hold_a_statement(sql):
    with Database.memory() as database, pytest.raises(D1Error) as caught:
        database.run(Statement(sql))
    assert caught.value.text == "D1_ERROR: SQL code did not contain a statement."


@pytest.mark.parametrize(
    "sql", ["SELECT 1;\r\n\t ", ";SELECT 1", "SELECT 1 -- c", "SELECT 1 /* c", "\ufeffSELECT 1"]
)
def test_space_and_comments_around_a_statement_do_no_harm(sql):
    with Database.memory() as database:
        assert database.run(Statement(sql)).rows == ((1,),)


@pytest.mark.parametrize(
    ("text", "blank"),
    [
        ("", True),
        (" \n\ufeff", True),
        ("-- a\n  -- b", True),
        ("/* a */", False),
        (";", False),
        ("-- a\nSELECT 1", False),
    ],
)
def test_blank_texts(text, blank):
    assert is_blank(text) is blank


def test_trim_takes_what_javascript_takes():
    assert trim("\ufeff\u00a0\n\x1cx\u2028") == "\x1cx"


def test_a_file_is_split_into_its_statements():
    text = f"-- first\nSELECT ';' -- no end;\n;\n;;{TRIGGER};\n/* last; */ SELECT 2\n"
    assert list(statements_in(text)) == [
        (9, "SELECT ';' -- no end;\n;"),
        (35, TRIGGER + ";"),
        (text.index("SELECT 2"), "SELECT 2"),
    ]


@pytest.mark.parametrize("text", ["", " \n", "-- only a comment;", ";;"])
def test_a_file_may_hold_no_statement(text):
    assert list(statements_in(text)) == []


def test_behind_a_literal_without_an_end_there_is_one_statement():
    assert list(statements_in("SELECT 1; SELECT 'a; SELECT 2; SELECT 3")) == [
        (0, "SELECT 1;"),
        (10, "SELECT 'a; SELECT 2; SELECT 3"),
    ]


def test_a_nul_ends_no_statement_of_a_file():
    assert list(statements_in("SELECT '\0;'; SELECT\0 2;")) == [(0, "SELECT '\0;';"), (13, "SELECT\0 2;")]


@pytest.mark.parametrize("quote", ["'", '"', "`", "["])
def test_what_has_no_end_goes_to_the_end(quote):
    endless = quote + "[" * 300_000 + "; SELECT 2"
    assert list(statements_in(f"SELECT 1; {endless}")) == [(0, "SELECT 1;"), (10, endless)]
