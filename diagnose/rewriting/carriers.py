"""The call that hands a statement its parameters, in the function that makes them.

That is `bind()` where a function executes its own statement. Where it lets another function of the
project do so (`await execute(env.DB, sql, values)`), it is the call of that function, which stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.answers import answer_of, executing_call
from diagnose.rewriting.outcome import NotUnderstood
from diagnose.rewriting.outline import is_truth_test, place_of
from diagnose.rewriting.preconditions import bind_span, require_own_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.project.source.model import Module, StatementSite
    from diagnose.rewriting.answers import Answer
    from diagnose.rewriting.outline import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """How the function that makes the parameters passes them on.

    Attributes:
        place: of the statement that executes the SQL there, itself or through another function.
        call: `bind(…)`, or the call of the function that binds what it is given.
        arguments: those of the call that are the parameters, or the one that holds them all.
        is_list: the argument holds them all.
        answer: what awaiting the executing call yields.
        executing: the call of the function that executes the statement; None when it stands here.
        helper: the name of that function.
        looping: the helper executes the statement once for each element of what it is given.
    """

    place: Place
    call: ir.Call
    arguments: tuple[ir.Expression, ...]
    is_list: bool = False
    answer: Answer = "result"
    executing: ir.Call | None = None
    helper: str | None = None
    looping: bool = False

    @property
    def at_call(self) -> Place:
        """Where the parameters are passed on."""
        return self.place.at(self.call.span.start)

    def values(self) -> tuple[ir.Expression, int]:
        """What makes the list of the parameters, and how many more follow it in the call.

        Raises:
            NotUnderstood: they are no list with single ones behind it.
        """
        if self.is_list:
            return self.arguments[0], 0
        first, *behind = self.arguments or (None,)
        if not isinstance(first, ir.Star) or any(isinstance(one, ir.Star) for one in behind):
            raise NotUnderstood(f"{self._shown()} takes more than the values of the rows")
        return first.value, len(behind)

    def passing(self, *sources: str) -> Edit:
        """The parameters replaced; single ones behind the list stay."""
        first, text = self.arguments[0], ", ".join(sources)
        if self.is_list:
            return Edit.of(first.span, f"[{text}]")
        inside = self.call.inside
        whole = len(self.arguments) == len(self.call.arguments) == 1 and not self.call.keywords
        if not whole or "#" in self.place.text[inside.start : inside.end]:
            return Edit.of(first.span, text)
        return Edit(inside.start, inside.end, f"({text})")

    def passing_only(self, source: str) -> Edit:
        """All parameters replaced by one."""
        if self.is_list or len(self.arguments) == 1:
            return self.passing(source)
        if self.call.arguments == self.arguments and self.helper is None:
            return Edit(self.call.inside.start, self.call.inside.end, f"({source})")
        return Edit(self.arguments[0].span.start, self.arguments[-1].span.end, source)

    def single_values(self, width: int) -> str:
        """The parameters as they would stand in a list.

        Raises:
            NotUnderstood: they are not as many as the statement has.
        """
        first = self.arguments[0] if self.arguments else self.call
        if self.is_list and not isinstance(first, ir.Sequence):
            return f"*{self.place.source(first)}"
        values = first.items if self.is_list and isinstance(first, ir.Sequence) else self.arguments
        starred = any(isinstance(value, ir.Star) for value in values)
        if not values or (not starred and len(values) != width) or (not self.helper and self.call.keywords):
            raise NotUnderstood(
                f"{self._shown()} does not take one value for each parameter of the statement"
            )
        if self.is_list:
            return self.place.source(first)[1:-1]
        if self.helper is None:
            return self.place.text[self.call.inside.start + 1 : self.call.inside.end - 1]
        return self.place.text[values[0].span.start : values[-1].span.end]

    def _shown(self) -> str:
        return "bind()" if self.helper is None else f"`{self.helper}`"


def carrier_of(
    text: str, site: StatementSite, others: Sequence[StatementSite] = (), modules: Sequence[Module] = ()
) -> Carrier:
    """The carrier of a statement's parameters.

    Args:
        text: of the module in which the text of the statement is made.
        site: as read from that text.
        others: the other places that send statements.
        modules: of the whole worker, where functions of other modules may be involved.

    Raises:
        NotUnderstood: parameters and text are not made in one place, or others share them.
    """
    texts = {module.path: module.text for module in modules} | {site.sql_span.path: text}
    site = _binding(site, others)
    way = _Way.of(site, texts)
    start = way.binding(site)
    if start is None:
        return Carrier(place=way.places[0], call=(bind := _bind(site, others, way)), arguments=bind.arguments)
    carrier, level = _passed_on(way, start, bind_call(way.places[start], _bound(site)), site.sql_span)
    if level == 0:
        bind_span(site, others)
        return carrier
    if site.sql_span.path != carrier.place.statement.span.path:
        raise NotUnderstood("its text and its parameters are made in several files")
    require_own_text(site, others, level)
    return carrier


def answer_at(site: StatementSite, texts: Mapping[str, str], level: int) -> tuple[Answer, str | None]:
    """What awaiting a call yields that leads to a statement, and the name of the function it calls.

    Args:
        site: the statement.
        texts: of the modules by path.
        level: 0 for the statement itself, else which of `site.calls`, from 1.
    """
    way = _Way.of(site, texts)
    helper = _function(way.places[level - 1]).name if level else None
    return way.answer(level) if level else "result", helper


def binding_helper(text: str, site: StatementSite, modules: Sequence[Module] = ()) -> str | None:
    """The function that binds what its callers give it, where one of them makes the text of the statement."""
    texts = {module.path: module.text for module in modules} | {site.sql_span.path: text}
    try:
        way = _Way.of(site, texts)
        level = way.binding(site)
    except NotUnderstood:
        return None
    if level is None or _makes(way.places[level], site.sql_span):
        return None
    called = any(_makes(place, site.sql_span) for place in way.places[level + 1 :])
    return _function(way.places[level]).name if called else None


def bound_by(helper: str | None, rows: str) -> str:
    """How a person binds the rows: directly, or by the function that does."""
    text = f"json.dumps({rows})"
    return f"`{text}` as the only parameter that `{helper}` binds" if helper else f"`.bind({text})`"


def bind_call(place: Place, span: ir.Span) -> ir.Call:
    """The call of `bind` whose arguments a span covers. Raises NotUnderstood when there is none."""
    for node in ir.walk(*place.levels[0].block):
        match node:
            case ir.Call(function=ir.Attribute(name="bind"), inside=inside) if (
                inside.start <= span.start and span.end <= inside.end
            ):
                return node
            case _:
                pass
    raise NotUnderstood("bind() was not found again")


def _binding(site: StatementSite, others: Sequence[StatementSite]) -> StatementSite:
    """The site, or where it binds nothing the one beside it in a helper that does: `if values: …`."""
    if site.bind_span is not None:
        return site
    beside = (one for one in others if (one.sql_span, one.calls) == (site.sql_span, site.calls))
    return next((one for one in beside if one.calls and one.bind_span is not None), site)


def _bind(site: StatementSite, others: Sequence[StatementSite], way: _Way) -> ir.Call:
    """The call of `bind` in a function that answers the statement instead of executing it."""
    return bind_call(way.places[0], bind_span(site, others))


def _bound(site: StatementSite) -> ir.Span:
    if site.bind_span is None:
        raise NotUnderstood("the statement binds nothing")
    return site.bind_span


@dataclass(frozen=True, slots=True)
class _Way:
    """How the statement is reached.

    Attributes:
        places: of the statement that executes it, and of the calls that lead there, innermost first.
        calls: those calls.
        method: of D1 that executes it.
    """

    places: tuple[Place, ...]
    calls: tuple[ir.Call, ...]
    method: str

    @classmethod
    def of(cls, site: StatementSite, texts: Mapping[str, str]) -> _Way:
        known = list(takewhile(lambda span: span.path in texts, (site.span, *site.calls)))
        if not known:
            raise NotUnderstood("its text, its parameters and its execution stand in several files")
        places = tuple(place_of(texts[span.path], span.path, span.start) for span in known)
        pairs = zip(places[1:], site.calls, strict=False)
        return cls(places, tuple(_call_at(place, span) for place, span in pairs), site.method)

    def binding(self, site: StatementSite) -> int | None:
        """The level at which `bind()` is called; None when none of the functions calls it.

        A `lambda` that another function calls makes it the outermost of several.
        """
        span = _bound(site)
        levels = [level for level, place in enumerate(self.places) if _is_inside(place, span)]
        return levels[-1] if levels else None

    def answer(self, level: int) -> Answer:
        """What awaiting the call at a level yields."""
        found: Answer = "result" if self.method in {"run", "all"} else "other"
        for below in range(level):
            place = self.places[below]
            inner = self.calls[below - 1] if below else executing_call(place, self.method)
            found = "other" if inner is None else answer_of(place, inner, found)
        return found


def _is_inside(place: Place, span: ir.Span) -> bool:
    function = place.function
    return span.path == place.statement.span.path and (function is None or _is_within(span, function.span))


def _call_at(place: Place, span: ir.Span) -> ir.Call:
    for node in ir.walk(place.statement):
        if isinstance(node, ir.Call) and node.span == span:
            return node
    raise NotUnderstood("a call that leads to the statement was not found again")


def _passed_on(way: _Way, level: int, bind: ir.Call, text: ir.Span) -> tuple[Carrier, int]:
    """The carrier and its level, from `bind()` outwards through every function that only passes on."""
    carrier = Carrier(place=way.places[level], call=bind, arguments=bind.arguments)
    while not _makes(carrier.place, text) and (given := _given(carrier)) is not None:
        helper = _function(carrier.place)
        _require_only_passed(carrier, given, helper)
        if level == len(way.calls):
            raise NotUnderstood(f"`{helper.name}` does not get `{given.parameter.name}` from one known place")
        looping, call, level = carrier.looping or given.loop is not None, way.calls[level], level + 1
        carrier = _handed(way.places[level], call, helper, given.parameter)
        carrier = replace(carrier, looping=looping)
    _require_no_change(way, level, text)
    if level:
        executing = carrier.helper or _function(way.places[level - 1]).name
        call = way.calls[level - 1]
        carrier = replace(carrier, answer=way.answer(level), helper=executing, executing=call)
    return carrier, level


def _require_no_change(way: _Way, level: int, text: ir.Span) -> None:
    """Raise where the text is made further out, as are the parameters before something is done to them."""
    if _makes(way.places[level], text):
        return
    if any(_makes(place, text) for place in way.places[level + 1 :]):
        raise NotUnderstood(
            f"`{_function(way.places[level]).name}` makes the parameters of what it is given, and the text "
            "of the statement is made where it is called: let one function make both"
        )


def _makes(place: Place, text: ir.Span) -> bool:
    return place.function is not None and _is_within(text, place.function.span)


@dataclass(frozen=True, slots=True)
class _Given:
    """A parameter of the function that a carrier passes on, each of its elements where `loop` says so."""

    parameter: ir.Parameter
    loop: ir.For | None = None


def _function(place: Place) -> ir.FunctionDef:
    if place.function is None:
        raise NotUnderstood("the statement is not executed in a function")
    return place.function


def _given(carrier: Carrier) -> _Given | None:
    """What the function passes on as it came, or None when it makes the parameters itself."""
    if len(carrier.arguments) != 1 or (carrier.helper is None and carrier.call.keywords):
        return None
    argument = carrier.arguments[0]
    if not carrier.is_list and not isinstance(argument, ir.Star):
        return None
    name = argument.value if isinstance(argument, ir.Star) else argument
    if not isinstance(name, ir.Name):
        return None
    match carrier.place.binders(name.name):
        case [ir.Parameter() as parameter] if _is_own(carrier.place, parameter):
            return _Given(parameter)
        case [ir.For(target=ir.Name(), iterable=ir.Name(name=rows)) as loop]:
            match carrier.place.binders(rows):
                case [ir.Parameter() as parameter] if _is_own(carrier.place, parameter) and _is_only_use(
                    carrier.place, name
                ):
                    return _Given(parameter, loop)
    return None


def _is_own(place: Place, parameter: ir.Parameter) -> bool:
    return place.function is not None and parameter in place.function.parameters


def _is_only_use(place: Place, name: ir.Name) -> bool:
    """The name stands there and in the head of the loop that binds it."""
    return len(place.uses(name.name)) == 2  # noqa: PLR2004 - it is bound, and passed on


def _require_only_passed(carrier: Carrier, given: _Given, helper: ir.FunctionDef) -> None:
    """Raise unless the function does nothing else with the parameter than ask whether it is empty."""
    place, name = carrier.place, given.parameter.name
    passed = carrier.arguments if given.loop is None else (given.loop.iterable,)
    for use in place.uses(name):
        statement = place.at(use.span.start).statement
        tested = isinstance(statement, ir.If) and is_truth_test(statement.test, name)
        if not tested and not any(_is_within(use.span, one.span) for one in passed):
            raise NotUnderstood(
                f"`{helper.name}` does more with `{name}` than bind it, so that it takes no other list"
            )


def _handed(place: Place, call: ir.Call, helper: ir.FunctionDef, parameter: ir.Parameter) -> Carrier:
    """The call of a helper, with the arguments that its parameter gets."""
    for keyword in call.keywords:
        if keyword.name is None:
            raise NotUnderstood(f"the arguments of `{helper.name}` are passed on as `**`")
        if keyword.name == parameter.name:
            return Carrier(
                place=place, call=call, arguments=(keyword.value,), is_list=True, helper=helper.name
            )
    if not _is_name_of(place, call.function, helper):
        raise NotUnderstood(f"`{call.function.source}` may be `{helper.name}` with some of its arguments")
    names = [one.name for one in helper.parameters if one.kind in {"plain", "rest"}]
    bound = names[:1] in (["self"], ["cls"]) and isinstance(call.function, ir.Attribute)
    position = names.index(parameter.name) - bound if parameter.name in names else len(call.arguments)
    before, given = call.arguments[:position], call.arguments[position:]
    if any(isinstance(one, ir.Star) for one in before) or not given:
        raise NotUnderstood(f"it is not written which argument `{helper.name}` takes as `{parameter.name}`")
    if parameter.kind == "rest":
        return Carrier(place=place, call=call, arguments=given, helper=helper.name)
    if isinstance(given[0], ir.Star):
        raise NotUnderstood(f"it is not written which argument `{helper.name}` takes as `{parameter.name}`")
    return Carrier(place=place, call=call, arguments=given[:1], is_list=True, helper=helper.name)


def _is_name_of(place: Place, called: ir.Expression, helper: ir.FunctionDef) -> bool:
    """The call names the function as it is defined, or as it is imported."""
    match called:
        case ir.Attribute(name=name):
            return name == helper.name
        case ir.Name(name=name):
            imports = (node for node in place.levels[0].block if isinstance(node, ir.ImportFrom))
            local = {own: original for node in imports for original, own in node.names}
            return not place.binders(name) and local.get(name, name) == helper.name
        case _:
            return False


def _is_within(span: ir.Span, outer: ir.Span) -> bool:
    return span.path == outer.path and outer.start <= span.start < outer.end
