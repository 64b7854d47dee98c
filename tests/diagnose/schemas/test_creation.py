from __future__ import annotations

from diagnose.d1 import Database, Statement
from diagnose.schemas import create_table_sql


def test_a_table_with_a_key_and_a_column_without_a_type():
    sql = create_table_sql("rates", {"day": "TEXT", "order": "INTEGER", "note": ""}, ("day", "order"))
    assert sql == (
        "CREATE TABLE rates (\n"
        "  day TEXT NOT NULL,\n"
        '  "order" INTEGER NOT NULL,\n'
        "  note,\n"
        '  PRIMARY KEY (day, "order")\n'
        ");\n"
    )
    with Database.memory() as database:
        database.run(Statement(sql))
        assert database.schema().table("rates").unique_key(("day", "order")) is not None


def test_a_table_without_a_key():
    assert create_table_sql("rates", {"rate": "REAL"}, ()) == "CREATE TABLE rates (\n  rate REAL\n);\n"
