"""From `bind()` outwards to the function that makes the parameters, through those that only pass them on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.rewriting.carriers import Carrier
from diagnose.rewriting.leading import Way, bind_call, bound_span, function_of, is_within, makes
from diagnose.rewriting.outcome import NotUnderstood
from diagnose.rewriting.outline import is_truth_test
from diagnose.rewriting.preconditions import bind_span, require_own_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.project.source.model import Module, StatementSite
    from diagnose.rewriting.outline import Place


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
    way = Way.of(site, texts)
    start = way.binding(site)
    if start is None:
        return Carrier(place=way.places[0], call=(bind := _bind(site, others, way)), arguments=bind.arguments)
    carrier, level = _passed_on(way, start, bind_call(way.places[start], bound_span(site)), site.sql_span)
    if level == 0:
        bind_span(site, others)
        return carrier
    if site.sql_span.path != carrier.place.statement.span.path:
        raise NotUnderstood("its text and its parameters are made in several files")
    require_own_text(site, others, level)
    return carrier


def _binding(site: StatementSite, others: Sequence[StatementSite]) -> StatementSite:
    """The site, or where it binds nothing the one beside it in a helper that does: `if values: …`."""
    if site.bind_span is not None:
        return site
    beside = (one for one in others if (one.sql_span, one.calls) == (site.sql_span, site.calls))
    return next((one for one in beside if one.calls and one.bind_span is not None), site)


def _bind(site: StatementSite, others: Sequence[StatementSite], way: Way) -> ir.Call:
    """The call of `bind` in a function that answers the statement instead of executing it."""
    return bind_call(way.places[0], bind_span(site, others))


def _passed_on(way: Way, level: int, bind: ir.Call, text: ir.Span) -> tuple[Carrier, int]:
    """The carrier and its level, from `bind()` outwards through every function that only passes on."""
    carrier = Carrier(place=way.places[level], call=bind, arguments=bind.arguments)
    while not makes(carrier.place, text) and (given := _given(carrier)) is not None:
        helper = function_of(carrier.place)
        _require_only_passed(carrier, given, helper)
        if level == len(way.calls):
            raise NotUnderstood(f"`{helper.name}` does not get `{given.parameter.name}` from one known place")
        looping, call, level = carrier.looping or given.loop is not None, way.calls[level], level + 1
        carrier = handed(way.places[level], call, helper, given.parameter)
        carrier = replace(carrier, looping=looping)
    _require_no_change(way, level, text)
    if level:
        executing = carrier.helper or function_of(way.places[level - 1]).name
        call = way.calls[level - 1]
        carrier = replace(carrier, answer=way.answer(level), helper=executing, executing=call)
    return carrier, level


def _require_no_change(way: Way, level: int, text: ir.Span) -> None:
    """Raise where the text is made further out, as are the parameters before something is done to them."""
    if makes(way.places[level], text):
        return
    if any(makes(place, text) for place in way.places[level + 1 :]):
        raise NotUnderstood(
            f"`{function_of(way.places[level]).name}` makes the parameters of what it is given, and the text "
            "of the statement is made where it is called: let one function make both"
        )


@dataclass(frozen=True, slots=True)
class _Given:
    """A parameter of the function that a carrier passes on, each of its elements where `loop` says so."""

    parameter: ir.Parameter
    loop: ir.For | None = None


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
        if not tested and not any(is_within(use.span, one.span) for one in passed):
            raise NotUnderstood(
                f"`{helper.name}` does more with `{name}` than bind it, so that it takes no other list"
            )


def handed(place: Place, call: ir.Call, helper: ir.FunctionDef, parameter: ir.Parameter) -> Carrier:
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
