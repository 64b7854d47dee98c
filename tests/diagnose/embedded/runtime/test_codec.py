from __future__ import annotations

import math

import pytest

from diagnose.d1 import Database, Statement
from diagnose.d1.javascript import UNDEFINED, BigInt, JsArray, JsObject
from diagnose.embedded.runtime.codec import MalformedFrameError, decode_value, encode_result


@pytest.mark.parametrize(
    ("encoded", "value"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        ("text", "text"),
        ({"undefined": True}, UNDEFINED),
        ({"number": "-Infinity"}, -math.inf),
        ({"bigint": "9007199254740992"}, BigInt(2**53)),
        ({"bytes": "AAE="}, b"\x00\x01"),
        ({"array": [1, {"undefined": True}]}, JsArray((1, UNDEFINED))),
        ({"object": ["function", "f"]}, JsObject("function", "f")),
    ],
)
def test_decodes(encoded, value):
    assert decode_value(encoded) == value


@pytest.mark.parametrize(
    "encoded",
    [
        {},
        {"a": 1},
        {"undefined": 1},
        {"number": "12"},
        {"bigint": "x"},
        {"bytes": "*"},
        {"bytes": 1},
        {"array": 1},
        {"object": ["proxy", "x"]},
        {"object": ["object"]},
        [1],
    ],
)
def test_refuses(encoded):
    with pytest.raises(MalformedFrameError):
        decode_value(encoded)


def test_refuses_bottomless_nesting():
    encoded: object = 1
    for _ in range(100):
        encoded = {"array": [encoded]}
    with pytest.raises(MalformedFrameError):
        decode_value(encoded)


def test_result_shows_what_javascript_sees():
    with Database.memory() as database:
        result = database.run(Statement("SELECT 9007199254740993 AS big, x'0102' AS blob, 9e999 AS infinite"))
    encoded = encode_result(result)
    assert encoded["columns"] == ["big", "blob", "infinite"]
    assert encoded["rows"] == [[9007199254740992.0, [1, 2], None]]
    assert list(encoded["meta"]) == [
        "served_by", "served_by_primary", "total_attempts", "timings", "duration", "changes",
        "last_row_id", "changed_db", "size_after", "rows_read", "rows_written",
    ]  # fmt: skip
