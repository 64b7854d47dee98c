"""What a finding rests on, as lines for a person."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from tabulate import tabulate

from diagnose.model import Location
from diagnose.report.style import Role
from diagnose.report.text import columns, padded, shortened, shown

if TYPE_CHECKING:
    from diagnose.model import Json
    from diagnose.report.style import Style

_COUNTS: Final = ("fetched", "landed", "equal")
_FIRST_EVENTS, _LAST_EVENTS = 16, 8
_TEXT_LINES: Final = 8
_FACT_LINES: Final = 3
_NARROWEST: Final = 16


def evidence_lines(evidence: Mapping[str, Json], style: Style, *, indent: int) -> list[str]:
    """Plain facts first, then the table of parameters, the timeline, and the counts of rows."""
    parameters, timeline = parameters_by_rows(evidence), events(evidence)
    drawn = {"parameters"} if parameters else set()
    drawn |= {"timeline"} if timeline else set()
    drawn |= set(_known_counts(evidence))
    facts = {key: value for key, value in evidence.items() if key not in drawn}
    return [
        *_facts(facts, style, indent),
        *_parameters(parameters, evidence.get("rows_break_at"), style, indent),
        *_timeline(timeline, style, indent),
        *_counts(evidence, style, indent),
    ]


def counts(evidence: Mapping[str, Json]) -> str | None:
    """Rows fetched, landed and equal as a sentence, or None where the evidence does not count them."""
    return ", ".join(f"{count:,} {name}" for name, count in _known_counts(evidence).items()) or None


def _known_counts(evidence: Mapping[str, Json]) -> dict[str, int]:
    found = {name: evidence.get(name) for name in _COUNTS}
    return {
        name: count for name, count in found.items() if isinstance(count, int) and not isinstance(count, bool)
    }


def parameters_by_rows(evidence: Mapping[str, Json]) -> dict[int, int]:
    """`parameters` of LIM001: how many a statement binds at so many rows."""
    found = evidence.get("parameters")
    if not isinstance(found, Mapping):
        return {}
    return {
        int(rows): count for rows, count in found.items() if str(rows).isdecimal() and isinstance(count, int)
    }


def events(evidence: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """`timeline` of an end-to-end finding."""
    found = evidence.get("timeline")
    if not isinstance(found, Sequence) or isinstance(found, str):
        return []
    return [event for event in found if isinstance(event, Mapping)]


def _facts(facts: Mapping[str, Json], style: Style, indent: int) -> list[str]:
    labels = {key: shown(key.replace("_", " "), style) for key in facts}
    width = max(map(columns, labels.values()), default=0) + 2
    lines: list[str] = []
    for key, value in facts.items():
        label = labels[key]
        head = " " * indent + style.paint(Role.FAINT, label) + " " * (width - columns(label))
        if isinstance(value, str) and "\n" in value.strip("\n"):
            lines += [head.rstrip(), *_text_block(value, style, indent + 2)]
        else:
            first, *rest = _cut(_one_line(value), style, style.width - indent - width)
            lines += [(head + first).rstrip(), *(" " * (indent + width) + line for line in rest)]
    return lines


def _cut(text: str, style: Style, room: int) -> list[str]:
    """The text in a few lines of `room` columns."""
    return textwrap.wrap(
        shown(text, style), max(_NARROWEST, room), max_lines=_FACT_LINES, placeholder=f" {style.glyphs.more}"
    ) or [""]


def _one_line(value: Json) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence) and value and all(isinstance(item, str) for item in value):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False, default=dict)


def _text_block(text: str, style: Style, indent: int) -> list[str]:
    """Several lines behind a gutter, so that they cannot pass for lines of the report."""
    lines = text.strip("\n").split("\n")
    gutter = " " * indent + style.glyphs.gutter + " "
    room = max(_NARROWEST, style.width - indent - 2)
    block = [gutter + shortened(shown(line, style), room, style) for line in lines[:_TEXT_LINES]]
    if len(lines) > _TEXT_LINES:
        block.append(f"{gutter}{style.glyphs.more} {len(lines) - _TEXT_LINES} more lines")
    return [line.rstrip() for line in block]


def _parameters(parameters: Mapping[int, int], break_at: Json, style: Style, indent: int) -> list[str]:
    if not parameters:
        return []
    breaks = break_at if isinstance(break_at, int) else None
    rows = [
        (f"{row:,}", f"{parameters[row]:,}", "breaks" if breaks is not None and row >= breaks else "runs")
        for row in sorted(parameters)
    ]
    text = tabulate(
        rows, headers=("rows", "parameters", "D1"), tablefmt="simple", colalign=("right", "right", "left"),
        disable_numparse=True,
    )  # fmt: skip
    return [" " * indent + _verdict(line, style) for line in text.splitlines()]


def _verdict(line: str, style: Style) -> str:
    for word, role in (("breaks", Role.BAD), ("runs", Role.GOOD)):
        if line.rstrip().endswith(word):
            return line.rstrip().removesuffix(word) + style.paint(role, word)
    return line.rstrip()


def _timeline(timeline: Sequence[Mapping[str, Json]], style: Style, indent: int) -> list[str]:
    if not timeline:
        return []
    hidden = len(timeline) - _FIRST_EVENTS - _LAST_EVENTS
    cut = hidden > 1
    lines = [" " * indent + style.paint(Role.FAINT, "timeline")]
    for number, event in enumerate(timeline):
        if not cut or number < _FIRST_EVENTS or number >= len(timeline) - _LAST_EVENTS:
            lines += _event(event, style, indent + 2)
        elif number == _FIRST_EVENTS:
            lines.append(f"{' ' * (indent + 2)}{style.glyphs.more} {hidden:,} more events")
    return lines


def _event(event: Mapping[str, Json], style: Style, indent: int) -> list[str]:
    """One line, and the place in the source on a second one where it does not fit."""
    at_ms, line = event.get("at_ms"), event.get("line")
    at = f"{at_ms:,.0f} ms" if isinstance(at_ms, int | float) else ""
    kind = shown(str(event.get("kind", "")), style)
    head = f"{' ' * indent}{at:>9}  {padded(kind, 9)}  "
    path = event.get("path")
    room = max(_NARROWEST, style.width - columns(head))
    text = shortened(shown(str(event.get("text", "")), style), room, style)
    first = (head + style.paint(Role.BAD if kind == "exception" else None, text)).rstrip()
    if not path:
        return [first]
    place = shown(f"({Location(str(path), line if isinstance(line, int) else None)})", style)
    if columns(text) + 2 + columns(place) <= room:
        return [f"{first}  {style.paint(Role.FAINT, place)}"]
    return [first, " " * columns(head) + style.paint(Role.FAINT, place)]


def _counts(evidence: Mapping[str, Json], style: Style, indent: int) -> list[str]:
    sentence = counts(evidence)
    return [f"{' ' * indent}{style.paint(Role.FAINT, 'rows')}  {sentence}"] if sentence else []
