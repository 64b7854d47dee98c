from __future__ import annotations

from diagnose.report.plot import Plot, draw
from diagnose.report.style import Style

PLOT = Plot(
    title="Parameters",
    across="rows",
    most=1_000,
    value=lambda rows: rows * 10,
    limit=100,
    limit_text="D1 allows 100",
)


def test_the_curve_crosses_the_limit():
    assert draw(PLOT, Style(width=50, unicode=False)) == [
        "Parameters",
        "10,000 +                         ooo",
        "       |                     oooo",
        "       |                ooooo",
        "       |            oooo",
        "   100 +-------ooooo---------------- D1 allows 100",
        "       |  ooooo",
        "       |oo",
        "       |",
        "     1 +",
        "       +----------------------------",
        "        1                 1,000 rows",
    ]


def test_colours_tell_what_is_within_the_limit():
    text = "\n".join(draw(PLOT, Style(width=60, color=True)))
    assert "\x1b[32m●\x1b[0m" in text
    assert "\x1b[31m●\x1b[0m" in text
    assert text.count("D1 allows 100") == 1


def test_no_line_is_wider_than_the_terminal():
    for width in (40, 60, 100, 120):
        assert max(map(len, draw(PLOT, Style(width=width)))) <= width
