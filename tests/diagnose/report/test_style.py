from __future__ import annotations

import pytest

from diagnose.report import Role, Style


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "utf-8-sig"])
def test_utf_8_shows_every_character(encoding):
    assert Style.for_encoding(encoding).unicode is True


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "no-such-encoding", None])
def test_anything_else_falls_back_to_ascii(encoding):
    style = Style.for_encoding(encoding, width=72, color=True)
    assert style == Style(width=72, color=True, unicode=False)


def test_paint_adds_colour_only_where_it_is_wanted():
    assert Style(color=True).paint(Role.BAD, "no") == "\x1b[31mno\x1b[0m"
    assert Style(color=True).paint(None, "no") == "no"
    assert Style(color=True).paint(Role.BAD, "") == ""
    assert Style(color=False).paint(Role.BAD, "no") == "no"
