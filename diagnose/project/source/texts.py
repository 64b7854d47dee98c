"""What methods and operators of text yield, as far as their operands are known."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from diagnose.project.source.sql import Hole, Repeated, SqlText, Text
from diagnose.project.source.values import Built, Constant, Item, Many, Size, parts_of, repeated, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.project.source import ir
    from diagnose.project.source.sql import Part
    from diagnose.project.source.values import ListValue, Segment, Value

_FIELD = re.compile(r"%(?:\((\w+)\))?([sdr%])|\{\{|\}\}|\{(\w*)\}")


def concatenated(left: Value, right: Value, sources: tuple[str, str], span: ir.Span) -> Value:
    """`left + right`."""
    return text_of(parts_of(left, sources[0]) + parts_of(right, sources[1]), span)


def times(value: Value, size: Size, span: ir.Span) -> Value:
    """`text * number`."""
    return text_of(repeated(parts_of(value, ""), "", size), span)


def appended(value: Value, extra: Value, source: str, loops: Sequence[Size]) -> Value:
    """`value += extra` inside loops that began after `value` was set, innermost last."""
    parts = parts_of(extra, source)
    for size in reversed(loops):
        parts = (Repeated(SqlText(parts), "", size.count, size.key),)
    return text_of(_merged((*parts_of(value, source), *parts)), getattr(value, "span", None))


def _merged(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Neighbouring repetitions over one collection, as one."""
    merged: list[Part] = []
    for part in parts:
        last = merged[-1] if merged else None
        if (
            isinstance(part, Repeated)
            and isinstance(last, Repeated)
            and (part.key, part.count, part.separator, last.separator) == (last.key, last.count, "", "")
        ):
            unit = text_of(last.unit.parts + part.unit.parts)
            merged[-1] = Repeated(SqlText(parts_of(unit, "")), "", last.count, last.key)
        else:
            merged.append(part)
    return tuple(merged)


def join(separator: Value, elements: ListValue, span: ir.Span) -> Value:
    """`separator.join(elements)`."""
    if not isinstance(separator, Constant) or not isinstance(separator.value, str):
        return text_of((Hole("join"),), span)
    return text_of(_join(separator.value, elements.segments), span)


def _join(separator: str, segments: Sequence[Segment]) -> tuple[Part, ...]:
    parts: tuple[Part, ...] = ()
    for position, segment in enumerate(segments):
        if position and separator:
            parts += (Text(separator),)
        if isinstance(segment, Item):
            parts += parts_of(segment.value, segment.source)
        else:
            parts += repeated(_join(separator, segment.items), separator, segment.size)
    return parts


def characters(value: Value) -> tuple[Segment, ...] | None:
    """The characters of a text, or None when they are not all known."""
    segments: list[Segment] = []
    for part in parts_of(value, ""):
        if isinstance(part, Text):
            segments.extend(Item(Constant(character)) for character in part.text)
        elif isinstance(part, Repeated) and not part.separator:
            unit = characters(Built(part.unit))
            if unit is None:
                return None
            segments.append(Many(unit, Size(part.count, part.key)))
        else:
            return None
    return tuple(segments)


def without_suffix(value: Value, count: int) -> Value | None:
    """`text[:-count]`; None when the end is not known."""
    parts = parts_of(value, "")
    if not parts:
        return value
    *front, last = parts
    if isinstance(last, Text) and len(last.text) >= count:
        shorter = last.text[: len(last.text) - count]
        return text_of((*front, *((Text(shorter),) if shorter else ())), getattr(value, "span", None))
    if isinstance(last, Repeated) and not last.separator:
        *unit_front, unit_last = last.unit.parts
        if isinstance(unit_last, Text) and len(unit_last.text) >= count:
            cut = len(unit_last.text) - count
            unit = (*unit_front, *((Text(unit_last.text[:cut]),) if cut else ()))
            tail = Repeated(SqlText(unit), unit_last.text[cut:], last.count, last.key)
            return text_of((*front, tail), getattr(value, "span", None))
    return None


def stripped(value: Value, characters_: str | None, *, left: bool, right: bool) -> Value:
    """`strip`, `lstrip`, `rstrip`."""
    parts = list(parts_of(value, ""))
    if left and parts and isinstance(parts[0], Text):
        parts[0] = Text(parts[0].text.lstrip(characters_))
    if right and parts:
        parts[-1:] = _stripped_end(parts[-1], characters_)
    kept = tuple(part for part in parts if part != Text(""))
    return text_of(kept, getattr(value, "span", None))


def _stripped_end(part: Part, characters_: str | None) -> list[Part]:
    if isinstance(part, Text):
        return [Text(part.text.rstrip(characters_))]
    if isinstance(part, Repeated) and not part.separator and isinstance(part.unit.parts[-1], Text):
        text = part.unit.parts[-1].text
        surplus = len(text) - len(text.rstrip(characters_))
        shorter = without_suffix(Built(SqlText((part,))), surplus) if surplus else None
        if shorter is not None:
            return list(parts_of(shorter, ""))
    return [part]


def replaced(value: Value, old: str, new: Value, source: str) -> Value:
    """`text.replace(old, new)`."""
    parts: tuple[Part, ...] = ()
    for part in parts_of(value, source):
        if isinstance(part, Text):
            pieces = part.text.split(old) if old else [part.text]
            for position, piece in enumerate(pieces):
                parts += parts_of(new, source) if position else ()
                parts += (Text(piece),) if piece else ()
        elif isinstance(part, Repeated):
            unit = replaced(Built(part.unit), old, new, source)
            parts += (Repeated(SqlText(parts_of(unit, source)), part.separator, part.count, part.key),)
        else:
            parts += (part,)
    return text_of(parts, getattr(value, "span", None))


def formatted(
    template: str, positional: Sequence[Item], named: Mapping[str, Item], span: ir.Span, *, percent: bool
) -> Value:
    """`template % values` or `template.format(values)`."""
    parts: tuple[Part, ...] = ()
    last = automatic = 0
    for match in _FIELD.finditer(template):
        is_percent = match[0].startswith("%")
        if is_percent != percent:
            continue
        parts += (Text(template[last : match.start()]),)
        last = match.end()
        if match[0] in {"%%", "{{", "}}"}:
            parts += (Text(match[0][0]),)
            continue
        name = (match[1] if is_percent else match[3]) or ""
        position = int(name) if name.isdigit() else automatic
        automatic += 0 if name else 1
        item = named.get(name) if name and not name.isdigit() else None
        if item is None and (not name or name.isdigit()) and position < len(positional):
            item = positional[position]
        parts += parts_of(item.value, item.source) if item else (Hole(match[0]),)
    parts += (Text(template[last:]),)
    return text_of(tuple(part for part in parts if part != Text("")), span)


def changed_case(value: Value, method: str) -> Value:
    """`upper`, `lower` of a constant; other texts keep their parts, whose letter case SQL ignores."""
    if isinstance(value, Constant) and isinstance(value.value, str):
        return Constant(getattr(value.value, method)(), value.span)
    return value


def dedented(value: Value) -> Value:
    """`textwrap.dedent(text)`."""
    if isinstance(value, Constant) and isinstance(value.value, str):
        return Constant(textwrap.dedent(value.value), value.span)
    parts = parts_of(value, "")
    shown = "".join(part.text if isinstance(part, Text) else "x" for part in parts)
    margins = [len(line) - len(line.lstrip(" ")) for line in shown.split("\n") if line.strip()]
    margin = "\n" + " " * min(margins, default=0)
    first = True
    result: list[Part] = []
    for part in parts:
        if isinstance(part, Text):
            text = part.text.replace(margin, "\n")
            result.append(Text(text[len(margin) - 1 :] if first and text.startswith(margin[1:]) else text))
        else:
            result.append(part)
        first = False
    return text_of(tuple(part for part in result if part != Text("")), getattr(value, "span", None))


def is_text(value: Value) -> bool:
    """It is known to be text."""
    return isinstance(value, Built) or (isinstance(value, Constant) and isinstance(value.value, str))
