from __future__ import annotations

import pytest

from diagnose.d1.engine import Database, Statement
from diagnose.d1.errors import D1Error


@pytest.fixture
def result():
    with Database.memory() as database:
        return database.run(Statement("SELECT 1 AS a, x'01ff' AS b, 2 AS a UNION ALL SELECT 3, 1e999, 4"))


def test_objects_keep_the_last_of_equal_names(result):
    assert result.objects() == [{"a": 2, "b": [1, 255]}, {"a": 4, "b": None}]


def test_arrays_keep_all(result):
    assert result.arrays() == [[1, [1, 255], 2], [3, None, 4]]


def test_first(result):
    assert result.first() == {"a": 2, "b": [1, 255]}
    assert result.first("b") == [1, 255]
    with pytest.raises(D1Error) as caught:
        result.first("A")
    assert caught.value.text == "D1_COLUMN_NOTFOUND: Column not found (A)"


def test_first_of_nothing():
    with Database.memory() as database:
        assert database.run(Statement("SELECT 1 WHERE 0")).first("nope") is None
