"""A plot of one growing number against a limit, in characters, with logarithmic axes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.report.style import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diagnose.report.style import Style

_HEIGHT: Final = 9
_WIDEST: Final = 64
_NARROWEST: Final = 16
_BESIDE: Final = 2  # the axis and a blank


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signs:
    point: str
    line: str
    axis: str
    tick: str
    corner: str
    floor: str


_UNICODE: Final = _Signs(point="●", line="─", axis="│", tick="┤", corner="└", floor="─")
_ASCII: Final = _Signs(point="o", line="-", axis="|", tick="+", corner="+", floor="-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What is drawn.

    Attributes:
        title: of the vertical axis.
        across: the word behind the numbers of the horizontal axis, such as `rows`.
        most: the last number of the horizontal axis, which begins at 1; at least 2.
        value: the number drawn at each, which never falls.
        limit: where the line is drawn.
        limit_text: what stands at its end.
    """

    title: str
    across: str
    most: int
    value: Callable[[int], int]
    limit: int
    limit_text: str


def draw(plot: Plot, style: Style) -> list[str]:
    """The plot as lines."""
    signs = _UNICODE if style.unicode else _ASCII
    top = max(plot.value(plot.most), plot.limit)
    labels = {_height_of(number, top): f"{number:,}" for number in (1, top, plot.limit)}
    margin = max(map(len, labels.values()))
    width = min(max(style.width - margin - _BESIDE - len(plot.limit_text) - 1, _NARROWEST), _WIDEST)
    points = [_height_of(plot.value(_at(x, width, plot.most)), top) for x in range(width)]
    level = _height_of(plot.limit, top)
    lines = [plot.title]
    for height in reversed(range(_HEIGHT)):
        label = labels.get(height, "")
        axis = signs.tick if label else signs.axis
        cells = "".join(_cells(points, height, level, signs, style))
        behind = f" {plot.limit_text}" if height == level else ""
        lines.append(f"{label:>{margin}} {axis}{cells}{behind}".rstrip())
    lines.append(f"{'':{margin}} {signs.corner}{signs.floor * width}")
    last = f"{plot.most:,} {plot.across}"
    lines.append(f"{'':{margin}}  1{last:>{width - 1}}")
    return lines


def _cells(points: list[int], height: int, level: int, signs: _Signs, style: Style) -> Iterator[str]:
    for point in points:
        if point == height:
            yield style.paint(Role.BAD if point > level else Role.GOOD, signs.point)
        else:
            yield signs.line if height == level else " "


def _at(x: int, width: int, most: int) -> int:
    """The number that column `x` stands for."""
    return round(math.pow(most, x / (width - 1)))


def _height_of(value: int, top: int) -> int:
    return round((_HEIGHT - 1) * math.log(max(value, 1)) / math.log(max(top, 2)))
