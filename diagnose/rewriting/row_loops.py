"""A loop that inserts one row at a time, rewritten to collect the rows and insert them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit, apply_edits
from diagnose.rewriting import helper
from diagnose.rewriting.counts import stored_instead_of_sent
from diagnose.rewriting.dead_code import removal, without_unused
from diagnose.rewriting.execution import bind_call
from diagnose.rewriting.literals import shifted
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.outline import place_of
from diagnose.rewriting.preconditions import bind_span
from diagnose.rewriting.rows import refuse_bytes
from diagnose.rewriting.selections import row_selection
from diagnose.rewriting.sql_edits import expression_at, select_row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diagnose.project.source.model import StatementSite
    from diagnose.rewriting.outcome import Outcome, Rewritten
    from diagnose.rewriting.outline import Place

_HOW = "the loop collects the rows, which then travel as JSON texts, each bound as one parameter"


def rewrite_row_loop(text: str, site: StatementSite, others: Sequence[StatementSite] = ()) -> Outcome:
    """The module with the loop around the site collecting rows for one statement.

    Args:
        text: of the module in which the site stands.
        site: as read from that text.
        others: the other places that send statements.
    """
    try:
        return _rewritten(text, site, others)
    except NotUnderstood as obstacle:
        return Refused(f"{site.function} is not rewritten: {obstacle}", _by_hand(site))


def row_loop_handed_on(
    place: Place, site: StatementSite, others: Sequence[StatementSite], call: Callable[[str], str]
) -> list[Edit]:
    """The edits after which the loop collects its rows, and a function behind it gets them.

    Args:
        place: of the statement that writes a row.
        site: the same, as it was read.
        others: the other places that send statements.
        call: the awaited call, made from the source of the rows; it answers how many they were.

    Raises:
        NotUnderstood: the loop has another shape.
    """
    bind = bind_call(place, bind_span(site, others))
    loop = _loop(place, others)
    outside = place.at(loop.span.start)
    width = row_selection(site.sql).width
    refuse_bytes(place, *bind.arguments)
    _call(place, bind)
    rows = place.fresh("rows", "new_rows", "collected_rows")
    counting = _counting(place, outside, loop, ("queued", "queued_rows"))
    counted = "" if counting.counter is None else f"{counting.counter} {'' if counting.starts else '+'}= "
    edits = [
        *counting.edits,
        Edit(loop.span.start, loop.span.start, f"{rows} = []\n{outside.indent}"),
        _collecting(place, bind, rows, width),
        _behind(outside, loop, f"\n{outside.indent}{counted}{call(rows)}"),
    ]
    return [*edits, *without_unused(place, edits)]


def _rewritten(text: str, site: StatementSite, others: Sequence[StatementSite]) -> Rewritten:
    bound = bind_span(site, others)
    if site.batched or site.verb not in {"INSERT", "REPLACE"}:
        raise NotUnderstood("only an INSERT that is executed by itself is rewritten")
    place = place_of(text, site.span.path, site.span.start)
    loop = _loop(place, others)
    outside = place.at(loop.span.start)
    bind = bind_call(place, bound)
    selection = row_selection(site.sql)
    refuse_bytes(place, *bind.arguments)
    rows, part = place.fresh("rows", "new_rows", "collected_rows"), place.fresh("part", "rows_part")
    counting = _counting(place, outside, loop, ("inserted", "written", "stored", "changes"))
    edits = select_row(place, expression_at(place, site.sql_span), selection)
    write = _Write(place, part, _moved(place, loop, edits, bind, part))
    return finish(
        text,
        [
            *(edit for edit in edits if not _within(edit, place.statement)),
            *counting.edits,
            *helper.needed(place),
            Edit(loop.span.start, loop.span.start, f"{rows} = []\n{outside.indent}"),
            _collecting(place, bind, rows, selection.width),
            _behind(outside, loop, write.lines(outside.indent, rows, counting)),
        ],
        ["import json"],
        _HOW,
    )


@dataclass(frozen=True, slots=True)
class _Counting:
    """How the code learns the number of stored rows.

    Attributes:
        counter: the variable that adds them up; None when nobody asks.
        result: the variable that takes a result.
        starts: the variable is new, and starts at 0.
        edits: of the lines that counted or reported before.
    """

    counter: str | None
    result: str
    starts: bool
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class _Write:
    """The write behind the loop."""

    place: Place
    part: str
    source: str

    def lines(self, indent: str, rows: str, counting: _Counting) -> str:
        """The loop over the parts."""
        inner = indent + self.place.indent_unit()
        surplus = len(self.place.indent) - len(inner)
        source = shifted(self.source, drop=max(surplus, 0))
        call = source if source.startswith("await ") else f"await {source}"
        text = f"\n{indent}{counting.counter} = 0" if counting.starts else ""
        text += f"\n{indent}for {self.part} in {helper.NAME}({rows}):\n{inner}"
        if counting.counter is None:
            return text + call
        return (
            f"{text}{counting.result} = {call}\n{inner}{counting.counter} += {counting.result}.meta.changes"
        )


def _loop(place: Place, others: Sequence[StatementSite]) -> ir.For:
    """The loop whose turns write one row each; nothing else in it may talk to D1 or catch errors."""
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


def _counting(place: Place, outside: Place, loop: ir.For, names: Sequence[str]) -> _Counting:
    """What counts rows: a line beside the write that goes, or a report of `len()` behind the loop."""
    block, index = place.levels[-1].block, place.levels[-1].index
    following = block[index + 1] if index + 1 < len(block) else None
    result = _result(place.statement) or place.fresh("result", "outcome")
    match following:
        case ir.Augment(target=ir.Name(name=name), operator="+", value=value) if _counts_one(
            value
        ) or _counts_changes(value, result):
            within = [use for use in place.uses(name) if loop.span.start <= use.span.start < loop.span.end]
            if len(within) == 1 and _is_only_used(place, result, following):
                gone = removal(place.text, following)
                return _Counting(name, result, starts=False, edits=(Edit(gone.start - 1, gone.end - 1, ""),))
        case _:
            pass
    if _result(place.statement) is not None:
        raise NotUnderstood("the result of the write is used in the loop")
    counter = place.fresh(*names)
    reports = stored_instead_of_sent(outside, frozenset({place.source(loop.iterable)}), counter)
    return _Counting(counter if reports else None, result, starts=bool(reports), edits=tuple(reports))


def _result(statement: ir.Statement) -> str | None:
    """The variable that takes the result of the write."""
    match statement:
        case ir.Assign(targets=(ir.Name(name=name),)):
            return name
        case _:
            return None


def _counts_one(value: ir.Expression) -> bool:
    return isinstance(value, ir.Literal) and value.value == 1


def _counts_changes(value: ir.Expression, result: str) -> bool:
    match value:
        case ir.Attribute(name="changes", value=ir.Attribute(name="meta", value=ir.Name(name=name))):
            return name == result
        case _:
            return False


def _is_only_used(place: Place, result: str, following: ir.Statement) -> bool:
    """Nothing but the write and the line behind it knows the result."""
    spans = [place.statement.span, following.span]
    return all(any(span.start <= use.span.start < span.end for span in spans) for use in place.uses(result))


def _collecting(place: Place, bind: ir.Call, rows: str, width: int) -> Edit:
    """The write replaced by keeping its values."""
    starred = [argument for argument in bind.arguments if isinstance(argument, ir.Star)]
    if bind.keywords or (not starred and len(bind.arguments) != width):
        raise NotUnderstood("bind() does not take one value for each parameter of the statement")
    values = place.text[bind.inside.start + 1 : bind.inside.end - 1]
    return Edit.of(place.statement.span, f"{rows}.append([{values}])")


def _call(place: Place, bind: ir.Call) -> ir.Expression:
    """What executes the statement, without the name that takes its result."""
    match place.statement:
        case ir.ExpressionStatement(value=call) | ir.Assign(targets=(ir.Name(),), value=ir.Await() as call):
            if call.span.start <= bind.span.start < call.span.end:
                return call
            raise NotUnderstood("bind() and the call that executes the statement stand apart")
        case _:
            raise NotUnderstood("the result of the write is used in the loop")


def _moved(place: Place, loop: ir.For, edits: Sequence[Edit], bind: ir.Call, part: str) -> str:
    """The call as it stands behind the loop."""
    call = _call(place, bind)
    turning = {node.name for node in ir.walk(loop.target) if isinstance(node, ir.Name)}
    outside_bind = (
        node.name
        for node in ir.walk(call)
        if isinstance(node, ir.Name) and not bind.inside.start <= node.span.start < bind.inside.end
    )
    if turning & set(outside_bind):
        raise NotUnderstood("the statement differs from row to row")
    span = call.span
    within = [edit for edit in edits if _within(edit, place.statement)]
    within.append(Edit(bind.inside.start, bind.inside.end, f"({part})"))
    moved = [Edit(edit.start - span.start, edit.end - span.start, edit.replacement) for edit in within]
    return apply_edits(place.text[span.start : span.end], moved)


def _within(edit: Edit, statement: ir.Statement) -> bool:
    return statement.span.start <= edit.start and edit.end <= statement.span.end


def _behind(outside: Place, loop: ir.For, lines: str) -> Edit:
    """Lines behind the line on which the loop ends."""
    end = outside.text.find("\n", loop.span.end)
    end = len(outside.text) if end < 0 else end
    return Edit(end, end, lines)


def _by_hand(site: StatementSite) -> str:
    try:
        statement = row_selection(site.sql).statement
    except NotUnderstood:
        return "send fewer, larger statements: collect the values and let one statement take them from JSON"
    return (
        f"collect one list of values per row in `rows`, and behind the loop execute `{statement}` "
        "with `.bind(json.dumps(rows, allow_nan=False))`"
    )
