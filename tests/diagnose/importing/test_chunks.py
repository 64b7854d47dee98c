from __future__ import annotations

import json

from diagnose.d1.limits import LIMITS
from diagnose.importing.chunks import chunks
from diagnose.importing.rows import Rows


def test_rows_are_one_json_parameter():
    (chunk,) = chunks(Rows(("day", "metres"), ((1, 0.5), (2, None))))

    assert chunk.count == 2
    assert chunk.source(("day", "metres")) == (
        "(SELECT value->>0 AS c0, value->>1 AS c1 FROM json_each(?1)) AS source",
        ("[[1,0.5],[2,null]]",),
    )
    assert chunk.source(("metres",), numbered=True) == (
        "(SELECT key, value->>1 AS c1 FROM json_each(?1)) AS source",
        ("[[1,0.5],[2,null]]",),
    )


def test_a_condition_compares_columns_with_values():
    (chunk,) = chunks(Rows(("day", "group", "metres"), ((1, "a", 0.5),)))

    assert chunk.equals(("metres", "group")) == '(t.metres, t."group") IS (source.c2, source.c1)'


def test_blobs_travel_as_hexadecimal_text_and_not_beside_text():
    found = list(chunks(Rows(("a",), ((b"\x01",), (b"\xff",), ("01",)))))

    assert [chunk.source(("a",)) for chunk in found] == [
        ("(SELECT unhex(value->>0) AS c0 FROM json_each(?1)) AS source", ('[["01"],["ff"]]',)),
        ("(SELECT value->>0 AS c0 FROM json_each(?1)) AS source", ('[["01"]]',)),
    ]


def test_what_json_cannot_carry_stands_alone_and_is_bound_where_it_is_used():
    before, alone, after = chunks(Rows(("a", "b"), ((1, 0.5), (2, 1e200), (3, 0.7))))

    assert (before.text, alone.text, after.text) == ("[[1,0.5]]", "[[2,null]]", "[[3,0.7]]")
    assert alone.source(("b", "a")) == (
        "(SELECT ?2 AS c1, value->>0 AS c0 FROM json_each(?1)) AS source",
        ("[[2,null]]", 1e200),
    )
    assert alone.source(("a",)) == (
        "(SELECT value->>0 AS c0 FROM json_each(?1)) AS source",
        ("[[2,null]]",),
    )


def test_each_text_stays_within_one_value():
    limits = LIMITS.d1.pinned(value_bytes=60)
    rows = Rows(("a",), tuple(("x" * 10,) for _ in range(9)))

    found = list(chunks(rows, limits=limits))

    assert [chunk.count for chunk in found] == [3, 3, 3]
    assert all(len(chunk.text.encode()) <= 60 for chunk in found)
    assert sum(len(json.loads(chunk.text)) for chunk in found) == 9


def test_no_rows_are_no_chunk():
    assert list(chunks(Rows(("a",), ()))) == []
