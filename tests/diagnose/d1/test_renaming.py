from __future__ import annotations

import pytest

from diagnose.d1.engine import Database, Statement
from diagnose.d1.errors import D1Error


@pytest.mark.parametrize("name", ["_cf_x", '"_CF_x"', "[_cf_x]", "'_cf_x' -- why", "`_cf_x`;"])
@pytest.mark.parametrize("prefix", ["", "EXPLAIN QUERY PLAN "])
def test_a_table_gets_no_reserved_name(prefix, name):
    with Database.memory() as database:
        database.run(Statement("CREATE TABLE t(a)"))
        with pytest.raises(D1Error, match="not authorized: SQLITE_AUTH"):
            database.run(Statement(f"{prefix}ALTER TABLE t RENAME TO {name}"))
        assert database.run(Statement("SELECT count(*) FROM t")).rows == ((0,),)


@pytest.mark.parametrize(
    "change", ["RENAME TO cf_x", "RENAME a TO _cf_x", "RENAME COLUMN a TO _cf_x", "ADD COLUMN _cf_b"]
)
def test_other_changes_are_taken(change):
    with Database.memory() as database:
        database.exec(f"CREATE TABLE t(a)\nALTER TABLE t {change}")
        assert database.run(Statement("SELECT count(*) FROM sqlite_master")).rows == ((1,),)
