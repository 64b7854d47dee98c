from __future__ import annotations

import pytest

from diagnose.schemas import column_type


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((), ""),
        ((None,), ""),
        ((1, 2), "INTEGER"),
        ((1.0, 2.0), "INTEGER"),
        ((True, None), "INTEGER"),
        ((1, 2.5), "REAL"),
        ((0.5,), "REAL"),
        (("1", None), "TEXT"),
        ((b"1",), "BLOB"),
        (("1", 1), ""),
    ],
)
def test_types(values, expected):
    assert column_type(values) == expected
