"""A loop that inserts one row at a time, rewritten to collect the rows and insert them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit, apply_edits
from diagnose.rewriting import helper
from diagnose.rewriting.answers import is_changes_of
from diagnose.rewriting.carriers import bound_by
from diagnose.rewriting.counts import stored_instead_of_sent
from diagnose.rewriting.dead_code import removal, without_unused
from diagnose.rewriting.leading import binding_helper
from diagnose.rewriting.literals import shifted
from diagnose.rewriting.looping_helpers import rewrite_looped
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.passing import carrier_of
from diagnose.rewriting.rows import refuse_bytes
from diagnose.rewriting.selections import row_selection
from diagnose.rewriting.sql_edits import expression_at, select_row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diagnose.project.source.model import Module, StatementSite
    from diagnose.rewriting.carriers import Carrier
    from diagnose.rewriting.outcome import Outcome, Rewritten
    from diagnose.rewriting.outline import Place

_HOW = "the loop collects the rows, which then travel as JSON texts, each bound as one parameter"


def rewrite_row_loop(
    text: str, site: StatementSite, others: Sequence[StatementSite] = (), modules: Sequence[Module] = ()
) -> Outcome:
    """The module with the loop around the site collecting rows for one statement.

    Args:
        text: of the module in which the text of the statement is made.
        site: as read from that text.
        others: the other places that send statements.
        modules: of the whole worker, where functions of other modules may be involved.
    """
    try:
        carrier = _carrier(text, site, others, modules)
        if carrier.looping:
            return rewrite_looped(text, site, carrier)
        return _rewritten(text, site, others, carrier)
    except NotUnderstood as obstacle:
        binder = binding_helper(text, site, modules)
        return Refused(f"{site.function} is not rewritten: {obstacle}", _by_hand(site, binder))


def row_loop_handed_on(
    carrier: Carrier, site: StatementSite, others: Sequence[StatementSite], call: Callable[[str], str]
) -> list[Edit]:
    """The edits after which the loop collects its rows, and a function behind it gets them.

    Args:
        carrier: of the values of a row.
        site: the same, as it was read.
        others: the other places that send statements.
        call: the awaited call, made from the source of the rows; it answers how many they were.

    Raises:
        NotUnderstood: the loop has another shape.
    """
    place, loop = carrier.place, _loop(carrier, others)
    outside = place.at(loop.span.start)
    width = row_selection(site.sql).width
    refuse_bytes(place, *carrier.arguments)
    _call(carrier)
    rows = place.fresh("rows", "new_rows", "collected_rows")
    counting = _counting(carrier, outside, loop, ("queued", "queued_rows"))
    counted = "" if counting.counter is None else f"{counting.counter} {'' if counting.starts else '+'}= "
    edits = [
        *counting.edits,
        Edit(loop.span.start, loop.span.start, f"{rows} = []\n{outside.indent}"),
        _collecting(carrier, rows, width),
        _behind(outside, loop, f"\n{outside.indent}{counted}{call(rows)}"),
    ]
    return [*edits, *without_unused(place, edits)]


def _carrier(
    text: str, site: StatementSite, others: Sequence[StatementSite], modules: Sequence[Module]
) -> Carrier:
    if site.batched or site.verb not in {"INSERT", "REPLACE"}:
        raise NotUnderstood("only an INSERT that is executed by itself is rewritten")
    return carrier_of(text, site, others, modules)


def _rewritten(
    text: str, site: StatementSite, others: Sequence[StatementSite], carrier: Carrier
) -> Rewritten:
    place, loop = carrier.place, _loop(carrier, others)
    outside = place.at(loop.span.start)
    selection = row_selection(site.sql)
    refuse_bytes(place, *carrier.arguments)
    rows, part = place.fresh("rows", "new_rows", "collected_rows"), place.fresh("part", "rows_part")
    counting = _counting(carrier, outside, loop, ("inserted", "written", "stored", "changes"))
    edits = select_row(place, expression_at(place, site.sql_span), selection)
    _require_same_call(carrier, loop, site)
    write = _Write(carrier, part, _moved(carrier, loop, edits, part))
    edits = [
        *(edit for edit in edits if not _within(edit, place.statement)),
        *counting.edits,
        *helper.needed(place),
        Edit(loop.span.start, loop.span.start, f"{rows} = []\n{outside.indent}"),
        _collecting(carrier, rows, selection.width),
        _behind(outside, loop, write.lines(outside.indent, rows, counting)),
    ]
    return finish(text, [*edits, *without_unused(place, edits)], ["import json"], _HOW)


@dataclass(frozen=True, slots=True)
class _Counting:
    """How the code learns the number of stored rows.

    Attributes:
        counter: the variable that adds them up; None when nobody asks.
        result: the variable that takes a result.
        starts: the variable is new, and starts at 0.
        edits: of the lines that counted or reported before.
        number: what the write is evaluated to is the number itself.
    """

    counter: str | None
    result: str
    starts: bool
    edits: tuple[Edit, ...] = ()
    number: bool = False


@dataclass(frozen=True, slots=True)
class _Write:
    """The write behind the loop."""

    carrier: Carrier
    part: str
    source: str

    def lines(self, indent: str, rows: str, counting: _Counting) -> str:
        """The loop over the parts."""
        place = self.carrier.place
        inner = indent + place.indent_unit()
        surplus = len(place.indent) - len(inner)
        source = shifted(self.source, drop=max(surplus, 0))
        call = source if "await " in source else f"await {source}"
        text = f"\n{indent}{counting.counter} = 0" if counting.starts else ""
        text += f"\n{indent}for {self.part} in {helper.NAME}({rows}):\n{inner}"
        if counting.counter is None:
            return text + call
        if counting.number:
            return f"{text}{counting.counter} += {call}"
        return (
            f"{text}{counting.result} = {call}\n{inner}{counting.counter} += {counting.result}.meta.changes"
        )


def _loop(carrier: Carrier, others: Sequence[StatementSite]) -> ir.For:
    """The loop whose turns write one row each; nothing else in it may talk to D1 or catch errors."""
    place, executing = carrier.place, carrier.executing
    others = [one for one in others if executing is None or executing.span not in one.calls]
    levels = place.levels
    position = next(
        (index for index in reversed(range(len(levels))) if isinstance(levels[index].statement, ir.For)), None
    )
    if position is None:
        raise NotUnderstood("the loop is not a `for` in the same function")
    loop = levels[position].statement
    assert isinstance(loop, ir.For)  # noqa: S101 - by the choice of `position`
    between = [level.statement for level in levels[position + 1 : -1]]
    if any(not isinstance(statement, ir.If) for statement in between):
        raise NotUnderstood("within the loop, the write stands in another loop, a `try` or a `with`")
    if any(turn.location == loop.span.location for other in others for turn in other.loops):
        raise NotUnderstood("the loop does more with D1 than this write")
    if any(isinstance(node, (ir.Break, ir.Return)) for node in ir.walk(*loop.body)) or loop.otherwise:
        raise NotUnderstood("the loop may end early")
    end = place.statement.span.end
    if any(isinstance(node, ir.Await) and node.span.start > end for node in ir.walk(*loop.body)):
        raise NotUnderstood("the loop waits for more after the write")
    return loop


def _counting(carrier: Carrier, outside: Place, loop: ir.For, names: Sequence[str]) -> _Counting:
    """What counts rows: the write, a line beside it that goes, or a report of `len()` behind the loop."""
    place, number = carrier.place, carrier.answer == "changes"
    summed = _sum_of(carrier, loop)
    if summed is not None:
        return _Counting(summed, "", starts=False, number=True)
    block, index = place.levels[-1].block, place.levels[-1].index
    following = block[index + 1] if index + 1 < len(block) else None
    result = _result(place.statement) or place.fresh("result", "outcome")
    match following:
        case ir.Augment(target=ir.Name(name=name), operator="+", value=value) if _counts_one(
            value
        ) or _counts_changes(value, result, number=number):
            within = [use for use in place.uses(name) if loop.span.start <= use.span.start < loop.span.end]
            if len(within) == 1 and _is_only_used(place, result, following):
                gone = removal(place.text, following)
                edit = Edit(gone.start - 1, gone.end - 1, "")
                return _Counting(name, result, starts=False, edits=(edit,), number=number)
        case _:
            pass
    if _result(place.statement) is not None:
        raise NotUnderstood("the result of the write is used in the loop")
    counter = place.fresh(*names)
    if carrier.answer == "other":
        return _Counting(None, result, starts=False)
    reports = stored_instead_of_sent(outside, frozenset({place.source(loop.iterable)}), counter)
    return _Counting(counter if reports else None, result, bool(reports), tuple(reports), number)


def _sum_of(carrier: Carrier, loop: ir.For) -> str | None:
    """The variable to which the write itself adds its changes, when the loop does no more with it."""
    place = carrier.place
    match place.statement:
        case ir.Augment(target=ir.Name(name=name), operator="+", value=value):
            counted = is_changes_of(value) is not None and carrier.answer == "result"
            within = [use for use in place.uses(name) if loop.span.start <= use.span.start < loop.span.end]
            if (counted or carrier.answer == "changes") and len(within) == 1:
                return name
            raise NotUnderstood("the number of changes is used in the loop")
        case _:
            return None


def _result(statement: ir.Statement) -> str | None:
    """The variable that takes the result of the write."""
    match statement:
        case ir.Assign(targets=(ir.Name(name=name),)):
            return name
        case _:
            return None


def _counts_one(value: ir.Expression) -> bool:
    return isinstance(value, ir.Literal) and value.value == 1


def _counts_changes(value: ir.Expression, result: str, *, number: bool) -> bool:
    """It is the number of changes that a result holds, or the result where that is the number."""
    counted = value if number else is_changes_of(value)
    return isinstance(counted, ir.Name) and counted.name == result


def _is_only_used(place: Place, result: str, following: ir.Statement) -> bool:
    """Nothing but the write and the line behind it knows the result."""
    spans = [place.statement.span, following.span]
    return all(any(span.start <= use.span.start < span.end for span in spans) for use in place.uses(result))


def _collecting(carrier: Carrier, rows: str, width: int) -> Edit:
    """The write replaced by keeping its values."""
    return Edit.of(carrier.place.statement.span, f"{rows}.append([{carrier.single_values(width)}])")


def _call(carrier: Carrier) -> ir.Expression:
    """What executes the statement, without the name that takes its result."""
    match carrier.place.statement:
        case (
            ir.ExpressionStatement(value=call)
            | ir.Assign(targets=(ir.Name(),), value=ir.Await() as call)
            | ir.Augment(value=call)
        ):
            if call.span.start <= carrier.call.span.start < call.span.end:
                return call
            raise NotUnderstood("bind() and the call that executes the statement stand apart")
        case _:
            raise NotUnderstood("the result of the write is used in the loop")


def _require_same_call(carrier: Carrier, loop: ir.For, site: StatementSite) -> None:
    """Raise where a helper gets more that changes from row to row than the parameters."""
    place = carrier.place
    if carrier.executing is None:
        return
    for node in ir.walk(carrier.executing):
        if not isinstance(node, ir.Name) or any(node in set(ir.walk(one)) for one in carrier.arguments):
            continue
        for binder in place.binders(node.name):
            text = binder.span.start <= site.sql_span.start < binder.span.end
            if not text and loop.span.start <= binder.span.start < loop.span.end:
                raise NotUnderstood(f"the `{node.name}` of the call may differ from row to row")


def _moved(carrier: Carrier, loop: ir.For, edits: Sequence[Edit], part: str) -> str:
    """The call as it stands behind the loop."""
    place, call = carrier.place, _call(carrier)
    passing = carrier.passing_only(part)
    turning = {node.name for node in ir.walk(loop.target) if isinstance(node, ir.Name)}
    outside_bind = (
        node.name
        for node in ir.walk(call)
        if isinstance(node, ir.Name) and not passing.start <= node.span.start < passing.end
    )
    if turning & set(outside_bind):
        raise NotUnderstood("the statement differs from row to row")
    span = call.span
    within = [edit for edit in edits if _within(edit, place.statement)]
    within.append(passing)
    moved = [Edit(edit.start - span.start, edit.end - span.start, edit.replacement) for edit in within]
    return apply_edits(place.text[span.start : span.end], moved)


def _within(edit: Edit, statement: ir.Statement) -> bool:
    return statement.span.start <= edit.start and edit.end <= statement.span.end


def _behind(outside: Place, loop: ir.For, lines: str) -> Edit:
    """Lines behind the line on which the loop ends."""
    end = outside.text.find("\n", loop.span.end)
    end = len(outside.text) if end < 0 else end
    return Edit(end, end, lines)


def _by_hand(site: StatementSite, binder: str | None) -> str:
    try:
        statement = row_selection(site.sql).statement
    except NotUnderstood:
        return "send fewer, larger statements: collect the values and let one statement take them from JSON"
    return (
        f"collect one list of values per row in `rows`, and behind the loop execute `{statement}` "
        f"with {bound_by(binder, 'rows, allow_nan=False')}"
    )
