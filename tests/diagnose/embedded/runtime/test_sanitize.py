from __future__ import annotations

import pytest

from diagnose.embedded.runtime.sanitize import clean, clean_line


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain ünïcode ✓\tand\nlines", "plain ünïcode ✓\tand\nlines"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("over\rwrite", r"over\x0dwrite"),
        ("\x9b2J", r"\x9b2J"),
        ("abc\u202edef", r"abc\u202edef"),
        ("\ud800", r"\ud800"),
    ],
)
def test_clean(text, cleaned):
    assert clean(text) == cleaned


def test_clean_cuts():
    assert clean("abcdef", longest=2) == "ab… (4 more characters)"


def test_clean_line_has_no_breaks():
    assert clean_line("a\n\tb") == r"a\n b"
