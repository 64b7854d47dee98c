"""What a call hands to a function of the project that does nothing with it but bind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.rewriting.leading import is_within
from diagnose.rewriting.outcome import NotUnderstood
from diagnose.rewriting.outline import is_truth_test
from diagnose.rewriting.passing import handed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.project.source.model import StatementSite
    from diagnose.rewriting.outline import Place

_ONLY_LOOK = {"len", "print", "debug", "info", "warning", "error", "exception"}
_KEEP_ARGUMENTS = {"staticmethod", "classmethod"}


def calls_of_helper(site: StatementSite, helper: ir.FunctionDef) -> tuple[ir.Span, ...]:
    """The calls of the function that binds, where it executes the statement as well, or calls what does.

    None for a decorated function: the decorator may change what it is given.
    """
    if any(decorator.source not in _KEEP_ARGUMENTS for decorator in helper.decorators):
        return ()
    spans = (site.span, *site.calls)
    levels = [level for level, span in enumerate(spans) if is_within(span, helper.span)]
    if levels == [0]:
        return tuple(sorted(site.callers))
    return spans[levels[-1] + 1 : levels[-1] + 2] if levels else ()


def handed_on(bind: ir.Call, binding: Place, call: ir.Call, calling: Place) -> Iterator[ir.Expression]:
    """The arguments of `bind()` as they stand in a call of the function that binds them.

    What comes in a list is yielded as `*list`.

    Args:
        bind: the call of `bind()`.
        binding: where it stands.
        call: of the function around it.
        calling: where that call stands.
    """
    for argument in bind.arguments:
        parameter = _only_bound(argument, binding)
        if parameter is None or binding.function is None:
            continue
        try:
            carrier = handed(calling, call, binding.function, parameter)
        except NotUnderstood:
            continue
        if not isinstance(argument, ir.Star):
            yield from carrier.arguments if carrier.is_list else ()
        elif carrier.is_list:
            value = carrier.arguments[0]
            yield ir.Star(value.span, value.source, value)
        else:
            yield from carrier.arguments


def _only_bound(argument: ir.Expression, place: Place) -> ir.Parameter | None:
    """The parameter that an argument is, if it reaches `bind()` as it came."""
    name = argument.value if isinstance(argument, ir.Star) else argument
    if not isinstance(name, ir.Name) or place.function is None:
        return None
    match place.binders(name.name):
        case [ir.Parameter() as parameter] if parameter in place.function.parameters:
            spans = list(_harmless(place, name.name, spread=isinstance(argument, ir.Star)))
            uses = place.uses(name.name)
            harmless = all(any(is_within(use.span, span) for span in spans) for use in uses)
            return parameter if harmless else None
        case _:
            return None


def _harmless(place: Place, name: str, *, spread: bool) -> Iterator[ir.Span]:
    """Where a list may stand without being changed, and a single value without being asked for."""
    for node in ir.walk(*place.scope()):
        match node:
            case ir.Call(function=ir.Attribute(name="bind"), arguments=arguments):
                yield from (one.span for one in arguments if isinstance(one, (ir.Star, ir.Name)))
            case ir.Call(function=ir.Attribute(name=called) | ir.Name(name=called)) if called in _ONLY_LOOK:
                yield node.inside
            case ir.If(test=test) | ir.Conditional(test=test) if spread and is_truth_test(test, name):
                yield test.span
            case _:
                pass
