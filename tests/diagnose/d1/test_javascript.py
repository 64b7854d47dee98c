from __future__ import annotations

import math

import pytest

from diagnose.d1.errors import D1TypeError
from diagnose.d1.javascript import (
    UNDEFINED,
    BigInt,
    JsArray,
    JsObject,
    from_sqlite,
    number_text,
    to_sqlite,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, 1.0),
        (False, 0.0),
        (1, 1.0),
        (2**53 + 1, float(2**53)),
        (1.5, 1.5),
        (math.nan, None),
        (-math.inf, None),
        pytest.param(10**400, None, id="beyond doubles"),
        ("é", "é"),
        ("\ud83dx", "\ufffd\ufffd\ufffdx"),
        (b"\x00\xff", b"\x00\xff"),
        (JsArray(()), b""),
        (JsArray((0, 1.5, 255)), b"\x00\x01\xff"),
    ],
)
def test_bound_values(value, expected):
    stored = to_sqlite(value)
    assert (stored, type(stored)) == (expected, type(expected))


def test_negative_zero_loses_its_sign():
    assert math.copysign(1, to_sqlite(-0.0)) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (UNDEFINED, "D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'"),
        (BigInt(1), "D1_TYPE_ERROR: Type 'bigint' not supported for value '1'"),
        (JsArray((256,)), "D1_TYPE_ERROR: Type 'object' not supported for value '256'"),
        (JsArray((True,)), "D1_TYPE_ERROR: Type 'object' not supported for value 'true'"),
        (
            JsArray(("a", None, UNDEFINED, JsArray((1, 2.5)), b"\x01\x02", BigInt(3))),
            "D1_TYPE_ERROR: Type 'object' not supported for value 'a,,,1,2.5,1,2,3'",
        ),
        (
            JsArray((JsObject("object", "[object Map]"),)),
            "D1_TYPE_ERROR: Type 'object' not supported for value '[object Map]'",
        ),
        (
            JsObject("function", "function f() {}"),
            "D1_TYPE_ERROR: Type 'function' not supported for value 'function f() {}'",
        ),
        (JsObject("symbol", "Symbol()"), "Cannot convert a Symbol value to a string"),
    ],
)
def test_refused_values(value, text):
    with pytest.raises(D1TypeError) as caught:
        to_sqlite(value)
    assert caught.value.text == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1),
        (2**53 - 1, 2**53 - 1),
        (2**53 + 1, float(2**53)),
        (1.5, 1.5),
        (math.inf, None),
        (b"\x01\xff", [1, 255]),
        ("x", "x"),
        (None, None),
    ],
)
def test_values_that_javascript_sees(value, expected):
    assert from_sqlite(value) == expected


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-3.5, "-3.5"),
        (100, "100"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.25e22, "1.25e+22"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (5e-324, "5e-324"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
    ],
)
def test_numbers_as_javascript_writes_them(number, text):
    assert number_text(number) == text
