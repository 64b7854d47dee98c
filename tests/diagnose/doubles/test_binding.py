from __future__ import annotations

import pytest

from diagnose.d1 import Database
from diagnose.doubles import D1Binding, D1Error


@pytest.fixture
def binding():
    with Database.memory() as database:
        binding = D1Binding(database)
        binding.exec("CREATE TABLE price (day TEXT PRIMARY KEY, open REAL, note BLOB)")
        yield binding


INSERT = "INSERT INTO price VALUES (?, ?, ?)"


def test_rows_and_meta_are_those_of_a_worker(binding):
    written = binding.prepare(INSERT).bind("2026-01-01", 1, b"\x01\x02").run()

    assert written.success is True
    assert written.results == []
    assert {key: written.meta[key] for key in ("changes", "last_row_id", "changed_db", "rows_written")} == {
        "changes": 1,
        "last_row_id": 1,
        "changed_db": True,
        "rows_written": 2,
    }
    read = binding.prepare("SELECT * FROM price").all()
    assert read.results == [{"day": "2026-01-01", "open": 1.0, "note": [1, 2]}]
    assert read.meta["rows_read"] == 1


def test_a_statement_can_be_bound_again(binding):
    insert = binding.prepare(INSERT)
    insert.bind("2026-01-01", None, None).run()
    yes = True
    insert.bind("2026-01-02", yes, bytearray(b"x")).run()

    rows = binding.prepare("SELECT * FROM price ORDER BY day").raw(column_names=True)

    assert rows == [["day", "open", "note"], ["2026-01-01", None, None], ["2026-01-02", 1.0, [120]]]
    assert binding.prepare("SELECT day FROM price ORDER BY day").raw() == [["2026-01-01"], ["2026-01-02"]]


def test_the_first_row_or_one_of_its_values(binding):
    select = binding.prepare("SELECT day, open FROM price")
    assert select.first() is None
    assert select.first("open") is None

    binding.prepare(INSERT).bind("2026-01-01", 2.5, None).run()

    assert select.first() == {"day": "2026-01-01", "open": 2.5}
    assert select.first("open") == 2.5
    with pytest.raises(D1Error, match=r"^D1_COLUMN_NOTFOUND: Column not found \(close\)$"):
        select.first("close")


def test_a_batch_is_one_transaction(binding):
    insert = binding.prepare(INSERT)
    first, second = binding.batch([insert.bind("a", 1, None), insert.bind("b", 2, None)])
    assert (first.meta["last_row_id"], second.meta["last_row_id"]) == (1, 2)

    with pytest.raises(D1Error) as caught:
        binding.batch([insert.bind("c", 3, None), insert.bind("a", 4, None)])

    assert str(caught.value) == (
        "D1_ERROR: UNIQUE constraint failed: price.day: SQLITE_CONSTRAINT "
        "(extended: SQLITE_CONSTRAINT_PRIMARYKEY)"
    )
    assert binding.prepare("SELECT count(*) AS n FROM price").first("n") == 2


def test_exec_takes_lines(binding):
    executed = binding.exec("INSERT INTO price VALUES ('a', 1, 2)\nINSERT INTO price VALUES ('b', 1, 2)")

    assert executed.count == 2
    assert executed.duration > 0
    with pytest.raises(D1Error, match=r"^D1_EXEC_ERROR: Error in line 1: CREATE TABLE t: incomplete input"):
        binding.exec("CREATE TABLE t\n(a)")


def test_the_limit_of_bound_parameters_is_real(binding):
    binding.exec("CREATE TABLE wide (a, b, c, d, e, f, g, h, i, j)")

    def insert(rows):
        sql = "INSERT INTO wide VALUES " + ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * rows)
        return binding.prepare(sql).bind(*range(rows * 10)).run()

    assert insert(10).meta["changes"] == 10
    with pytest.raises(D1Error, match=r"^D1_ERROR: too many SQL variables at offset \d+: SQLITE_ERROR$"):
        insert(11)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1}, "D1_TYPE_ERROR: Type 'object' not supported for value '{'a': 1}'"),
        ([1], "D1_TYPE_ERROR: Type 'object' not supported for value '[1]'"),
        (2**53, "D1_TYPE_ERROR: Type 'bigint' not supported for value '9007199254740992'"),
    ],
)
def test_a_value_that_cannot_be_bound_is_refused_before_a_call(binding, value, text):
    with pytest.raises(D1Error) as caught:
        binding.prepare("SELECT ?").bind(value)
    assert str(caught.value) == text


def test_a_wrong_number_of_values(binding):
    with pytest.raises(D1Error, match="Wrong number of parameter bindings for SQL query"):
        binding.prepare(INSERT).bind(1).run()
