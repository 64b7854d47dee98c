from __future__ import annotations

import pytest

from diagnose.schemas import created_in


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("CREATE TABLE rates (day)", True),
        ('create table if not exists "Rates"(day)', True),
        ("CREATE VIRTUAL TABLE rates USING fts5 (day)", True),
        ("CREATE TABLE rates_old (day)", False),
        ("DROP TABLE rates", False),
    ],
)
def test_a_file_that_creates_the_table(write_project, sql, found):
    folder = write_project({"db/schema.sql": sql, "node_modules/x/schema.sql": "CREATE TABLE rates (a)"})
    assert created_in(folder, "rates") == ("db/schema.sql" if found else None)
