"""The number that D1 counted for the writes in front of a place, in a variable that is there or is made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.answers import is_changes_of
from diagnose.rewriting.outcome import NotUnderstood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.rewriting.answers import Answer
    from diagnose.rewriting.outline import Place

_COUNTERS = ("inserted", "written", "stored", "changes")


@dataclass(frozen=True, slots=True)
class Write:
    """A statement that writes, itself or by calling a function of the project.

    Attributes:
        answer: what awaiting its call yields.
        helper: the function that it calls, or None.
    """

    place: Place
    answer: Answer
    helper: str | None


@dataclass(frozen=True, slots=True)
class Counted:
    """The number.

    Attributes:
        source: how the code writes it.
        edits: that make it.
        known: the place from which on it holds.
    """

    source: str
    edits: tuple[Edit, ...]
    known: Place


def counted_by(place: Place, writes: Sequence[Write]) -> Counted:
    """The number of the rows that the writes have changed when a place behind them is reached.

    Raises:
        NotUnderstood: the writes do not tell it, or several are not added up by the code.
    """
    sums = {_sum_of(write) for write in writes}
    if len(sums) == 1 and (name := sums.pop()) is not None and _is_sum_of(place, name, writes):
        return Counted(name, (), _shared(place, writes[-1].place))
    if len(writes) != 1:
        raise NotUnderstood("several writes stand in front of it, and nothing adds up what they changed")
    if writes[0].answer == "other":
        raise NotUnderstood(
            f"`{writes[0].helper}` does not return the number of rows that D1 changed; "
            "let it return `result.meta.changes`"
        )
    known = _shared(place, writes[0].place)
    beside = known.statement is writes[0].place.statement
    return _of_neighbour(writes[0]) if beside else _added_up(writes[0], known)


def _sum_of(write: Write) -> str | None:
    """The variable to which the code adds what the write changed."""
    statement, number = write.place.statement, write.answer == "changes"
    match statement:
        case ir.Augment(target=ir.Name(name=name), operator="+", value=value):
            return name if (number or is_changes_of(value) is not None) else None
        case ir.Assign(targets=(ir.Name(name=result),)):
            pass
        case _:
            return None
    level = write.place.levels[-1]
    for following in level.block[level.index + 1 :]:
        match following:
            case ir.Augment(target=ir.Name(name=name), operator="+", value=value):
                counted = value if number else is_changes_of(value)
                if isinstance(counted, ir.Name) and counted.name == result:
                    return name
            case _:
                pass
    return None


def _is_sum_of(place: Place, name: str, writes: Sequence[Write]) -> bool:
    """The variable starts at 0 around the place and the writes, and nothing else is added to it."""
    start = place.assignment(name)
    if start is None or not isinstance(start.value, ir.Literal) or start.value.value != 0:
        return False
    block = place.at(start.span.start).levels[-1].block
    around = [one.levels for one in (place, *(write.place for write in writes))]
    added = [
        node
        for node in ir.walk(*place.scope())
        if isinstance(node, ir.Augment) and isinstance(node.target, ir.Name) and node.target.name == name
    ]
    return len(added) == len(writes) and all(
        any(level.block is block for level in levels) for levels in around
    )


def _shared(place: Place, write: Place) -> Place:
    """The write, or the outermost statement around it that is a neighbour of the place or what is around it.

    Raises:
        NotUnderstood: the write does not come before the place.
    """
    depth = sum(ours.block is theirs.block for ours, theirs in zip(place.levels, write.levels, strict=False))
    if write.levels[depth - 1].index >= place.levels[depth - 1].index:
        raise NotUnderstood("the write does not stand in front of it")
    return replace(write, levels=write.levels[:depth])


def _of_neighbour(write: Write) -> Counted:
    place, number = write.place, write.answer == "changes"
    match place.statement:
        case ir.ExpressionStatement(value=ir.Await() as value):
            names = _COUNTERS if number else ("result", "outcome")
            name = place.fresh(*names)
            opening = Edit(value.span.start, value.span.start, f"{name} = ")
            return Counted(_changes(name, number=number), (opening,), place)
        case ir.Assign(targets=(ir.Name(name=name),), value=ir.Await()) if len(place.binders(name)) == 1:
            return Counted(_changes(name, number=number), (), place)
        case _:
            raise NotUnderstood("the write does not stand where its result is certainly known")


def _changes(name: str, *, number: bool) -> str:
    return name if number else f"{name}.meta.changes"


def _added_up(write: Write, known: Place) -> Counted:
    """A sum that starts in front of the loop, or whatever is around the write."""
    place, number = write.place, write.answer == "changes"
    counter, indent = place.fresh(*_COUNTERS), place.indent
    start = known.statement.span.start
    edits = [Edit(start, start, f"{counter} = 0\n{known.indent}")]
    match place.statement:
        case ir.ExpressionStatement(value=ir.Await() as value):
            result = counter if number else place.fresh("result", "outcome")
            opening = f"{result} += " if number else f"{result} = "
            edits.append(Edit(value.span.start, value.span.start, opening))
            adding = "" if number else f"{counter} += {result}.meta.changes"
        case ir.Assign(targets=(ir.Name(name=result),), value=ir.Await()):
            adding = f"{counter} += {_changes(result, number=number)}"
        case _:
            raise NotUnderstood("the write does not stand where its result is certainly known")
    if not known.indent or not indent:
        raise NotUnderstood("several statements stand on one line")
    if adding:
        end = _end_of_line(place)
        edits.append(Edit(end, end, f"\n{indent}{adding}"))
    return Counted(counter, tuple(edits), known)


def _end_of_line(place: Place) -> int:
    """The end of the line on which the statement ends, in front of the line break."""
    start = place.statement.span.end
    line = place.text[start:].split("\n", 1)[0].rstrip("\r")
    if line.strip() and not line.lstrip().startswith("#"):
        raise NotUnderstood("several statements stand on one line")
    return start + len(line)
