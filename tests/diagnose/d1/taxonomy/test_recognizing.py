from __future__ import annotations

import re

import pytest

from diagnose.d1.errors import ErrorClass, classify
from diagnose.d1.limits import LIMITS
from diagnose.d1.messages import send_refusal
from diagnose.d1.taxonomy import KNOWN, recognized

of_every_error = pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)


@of_every_error
def test_its_own_example_is_recognized(known):
    found = recognized(known.example)

    assert found is not None
    assert found.known is known


@of_every_error
def test_it_says_all_that_a_reader_needs(known):
    assert known.pattern or known.codes
    assert known.meaning.endswith(".")
    assert not known.remedy.endswith(".")
    assert re.match(r"https://|measured on workerd$", known.source)
    assert all(re.fullmatch(r"[A-Z0-9]{3}\d{3}", code) for code in known.checks)
    assert "  " not in known.meaning + known.remedy


def test_names_and_codes_are_used_once():
    names, codes = [known.name for known in KNOWN], [code for known in KNOWN for code in known.codes]

    assert len(set(names)) == len(names)
    assert len(set(codes)) == len(codes)


@of_every_error
def test_what_may_be_tried_again_agrees_with_the_classification(known):
    classified = classify(known.example)

    if classified is not ErrorClass.UNKNOWN:
        assert (known.kind is ErrorClass.TRANSIENT) == (classified is ErrorClass.TRANSIENT)


@pytest.mark.parametrize(
    ("text", "name", "about"),
    [
        ("no such table: main.prices: SQLITE_ERROR", "table missing", {"table": "prices"}),
        ("no such column: p.close at offset 7", "column missing", {"name": "close"}),
        (
            "table prices has no column named open: SQLITE_ERROR",
            "column missing",
            {"table": "prices", "column": "open"},
        ),
        ("UNIQUE constraint failed: prices.a, prices.b", "duplicate key", {"table": "prices"}),
        ("UNIQUE constraint failed: index 'u'", "duplicate key", {}),
        ("NOT NULL constraint failed: t.c: SQL", "missing value", {"table": "t", "column": "c"}),
        ("cannot store TEXT value in INTEGER column s.v: X", "value that the table refuses", {"table": "s"}),
        ('near "DO": syntax error at offset 88', "ON CONFLICT after SELECT", {}),
        ('near "FROM": syntax error at offset 3', "SQL that does not parse", {"token": "FROM"}),
        ("variable number must be between ?1 and ?100 at offset 9", "too many bound parameters", {}),
        ("AttributeError: DB", "binding missing", {"binding": "DB"}),
        (
            "The given account is not valid or is not authorized to access this service",
            "no access to this account or product",
            {},
        ),
    ],
)
def test_texts_say_what_they_are_about(text: str, name: str, about: dict[str, str]):
    found = recognized(text)

    assert found is not None
    assert (found.known.name, found.about) == (name, about)


@pytest.mark.parametrize("sizes", [[LIMITS.queues.message_bytes + 1], [1] * 101, [60_000] * 5, [128_001, 1]])
def test_what_our_own_queue_answers_is_known(sizes: list[int]):
    refusal = send_refusal([int(size) for size in sizes], batch=len(sizes) > 1)

    assert refusal is not None
    found = recognized(refusal.text)
    assert found is not None
    assert found.known.checks[0] in {"LIM005", "LIM006"}


def test_the_text_says_more_than_a_code_that_stands_for_many():
    found = recognized("no such table: t: SQLITE_ERROR [code: 7500]")

    assert found is not None
    assert found.known.name == "table missing"


@pytest.mark.parametrize("text", ["10205", "[code: 10205]", "code 10205", "something went wrong (10205)"])
def test_a_code_alone_is_enough(text: str):
    found = recognized(text)

    assert found is not None
    assert found.known.name == "batch too large"


@pytest.mark.parametrize(
    "text", ["", "hello world", "12", "ValueError: too many values to unpack", "I ate 7500 apples", "{}"]
)
def test_what_is_not_known_is_not_guessed(text: str):
    assert recognized(text) is None
