"""The picture of the import: fetch → worker → queue → D1, each box marked by what was found."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Final

from diagnose.model import Status
from diagnose.report.style import Role
from diagnose.report.text import columns, padded, shortened, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.model import Finding
    from diagnose.model.report import Stage
    from diagnose.report.style import Frame, Style

_INDENT: Final = "  "
_ARROW: Final = 4
"""Columns of an arrow with the blanks around it."""
_NARROWEST: Final = 12
"""Columns inside a box below which the boxes are stacked."""

_CODES: Final = 20
"""Columns that codes may take in a box whose name and detail are shorter: three codes."""

_MARKS: Final[Mapping[Status, Role]] = {
    Status.PASS: Role.GOOD,
    Status.WARN: Role.CAUTION,
    Status.FAIL: Role.BAD,
    Status.SKIP: Role.FAINT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """A stage ready to be drawn: the lines inside, and the colour of its first line and its codes."""

    lines: tuple[str, ...]
    role: Role
    frame: Frame

    @property
    def width(self) -> int:
        return max(map(columns, self.lines))

    def drawn(self, height: int, style: Style) -> list[str]:
        left, right = self.frame.top
        low_left, low_right = self.frame.bottom
        edge = self.frame.line * (self.width + 2)
        blank = [""] * (height - len(self.lines))
        inside = [padded(line, self.width) for line in (*self.lines, *blank)]
        side = self.frame.side
        return [
            f"{left}{edge}{right}",
            f"{side} {style.paint(self.role, inside[0])} {side}",
            *(f"{side} {line} {side}" for line in inside[1:]),
            f"{low_left}{edge}{low_right}",
        ]


def draw(stages: Sequence[Stage], findings: Sequence[Finding], style: Style) -> list[str]:
    """The lines of the picture: side by side where the width allows it, else one below the other."""
    if not stages:
        return []
    statuses = _worst_status_by_code(findings)
    outside = len(_INDENT) + 4 * len(stages) + _ARROW * (len(stages) - 1)
    wishes = [_box(stage, statuses, style.width, style).width for stage in stages]
    room = _fair_share(wishes, style.width - outside)
    if room >= _NARROWEST:
        return _side_by_side([_box(stage, statuses, room, style) for stage in stages], style)
    room = max(_NARROWEST, style.width - len(_INDENT) - 4)
    return _stacked([_box(stage, statuses, room, style) for stage in stages], style)


def _fair_share(wishes: Sequence[int], available: int) -> int:
    """The widest box allowed, so that all of them fit: narrow ones leave their rest to the others."""
    widest = max(wishes)
    while widest and sum(min(wish, widest) for wish in wishes) > available:
        widest -= 1
    return max(widest, _NARROWEST) if sum(wishes) <= available else widest


def _side_by_side(boxes: Sequence[_Box], style: Style) -> list[str]:
    height = max(len(box.lines) for box in boxes)
    parts = [boxes[0].drawn(height, style)]
    for before, after in pairwise(boxes):
        missing = style.glyphs.missing
        frame = missing if missing in {before.frame, after.frame} else style.glyphs.box
        parts += [["", f" {frame.arrow} "], after.drawn(height, style)]
    return [
        (_INDENT + "".join(cell or " " * _ARROW for cell in row)).rstrip()
        for row in zip_longest(*parts, fillvalue="")
    ]


def _stacked(boxes: Sequence[_Box], style: Style) -> list[str]:
    lines: list[str] = []
    for number, box in enumerate(boxes):
        if number:
            lines.append(f"{_INDENT}  {style.glyphs.down}")
        lines += [_INDENT + line for line in box.drawn(len(box.lines), style)]
    return lines


def _box(stage: Stage, statuses: Mapping[str, Status], room: int, style: Style) -> _Box:
    status = _status(stage, statuses)
    mark = {
        Status.PASS: style.glyphs.passed,
        Status.WARN: style.glyphs.warned,
        Status.FAIL: style.glyphs.failed,
        Status.SKIP: style.glyphs.skipped,
    }[status]
    detail = stage.detail or ("" if stage.present else "missing")
    texts = (f"{mark} {shown(stage.name, style)}", shown(detail, style))
    heading = [shortened(text, room, style) for text in texts if text]
    code_width = min(room, max(_CODES, *map(columns, heading)))
    codes = textwrap.wrap(shown(" ".join(stage.codes), style), code_width)
    return _Box(
        lines=(*heading, *codes),
        role=_MARKS[status],
        frame=style.glyphs.box if stage.present else style.glyphs.missing,
    )


def _status(stage: Stage, statuses: Mapping[str, Status]) -> Status:
    """Fail or warn by the worst of its findings; a stage that is missing without one is no problem."""
    if not stage.codes:
        return Status.PASS if stage.present else Status.SKIP
    found = {statuses.get(code, Status.FAIL) for code in stage.codes}
    return Status.FAIL if Status.FAIL in found else Status.WARN


def _worst_status_by_code(findings: Sequence[Finding]) -> dict[str, Status]:
    worst: dict[str, Status] = {}
    for finding in findings:
        if finding.status in {Status.FAIL, Status.ERROR}:
            worst[finding.code] = Status.FAIL
        elif finding.status is Status.WARN:
            worst.setdefault(finding.code, Status.WARN)
    return worst
