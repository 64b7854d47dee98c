from __future__ import annotations

import pytest

from diagnose.d1.identifiers import quoted, unquoted


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("open", "open"),
        ("timestamp", "timestamp"),
        ("order", '"order"'),
        ("a b", '"a b"'),
        ('a"b', '"a""b"'),
        ("1a", '"1a"'),
        ("é", '"é"'),
        ("", '""'),
        ("a\n", '"a\n"'),
    ],
)
def test_names_are_quoted_where_they_must_be(name, text):
    assert quoted(name) == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("open", "open"),
        ('"a""b"', 'a"b'),
        ("`a``b`", "a`b"),
        ("'a''b'", "a'b"),
        ("[a b]", "a b"),
        ("", ""),
    ],
)
def test_names_lose_whichever_quotes_they_have(text, name):
    assert unquoted(text) == name
