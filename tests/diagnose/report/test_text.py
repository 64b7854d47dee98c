from __future__ import annotations

import pytest

from diagnose.report import Style
from diagnose.report.text import columns, labelled, padded, shortened, shown, wrapped

UNICODE, ASCII = Style(), Style(unicode=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b2J", "\\x9b2J"),
        ("a\nLIM001 pass\r\tb", "a\\nLIM001 pass\\r\\tb"),
        ("\x00\x07\x7f", "\\x00\\x07\\x7f"),
        ("abc\u202edcba", "abc\\u202edcba"),
        ("one\u2028two\u200b", "one\\u2028two\\u200b"),
        ("half \ud83d", "half \\ud83d"),
        ("größer → 10 × 10 … ✓", "größer → 10 × 10 … ✓"),
    ],
)
def test_invisible_characters_are_shown_as_escapes(text, expected):
    assert shown(text, UNICODE) == expected


def test_only_ascii_is_left_where_only_ascii_can_be_shown():
    assert shown("größer → 10 × 10 …", ASCII) == "gr\\xf6\\xdfer -> 10 x 10 ..."


def test_width_counts_columns_not_characters():
    assert columns("日本") == 4
    assert columns("e\u0301") == 1
    assert padded("日本", 6) == "日本  "


def test_shortened_text_ends_with_an_ellipsis_and_fits():
    assert shortened("abcdef", 6, UNICODE) == "abcdef"
    assert shortened("abcdefg", 6, UNICODE) == "abcde…"
    assert shortened("abcdefg", 6, ASCII) == "abc..."
    assert shortened("日本日本", 6, UNICODE) == "日本…"


def test_wrapped_lines_keep_long_words_whole():
    lines = wrapped("see pyswarm/Data_Import/historical_worker.py now", Style(width=24), indent=2, hang=2)
    assert lines == ["  see", "    pyswarm/Data_Import/historical_worker.py", "    now"]


def test_a_label_stands_before_the_first_line_only():
    lines = labelled("fix", "none: only you know when", Style(width=28), indent=2, label_width=6)
    assert lines == ["  fix   none: only you know", "        when"]
    assert labelled("fix", "", UNICODE, indent=2, label_width=6) == ["  fix"]
