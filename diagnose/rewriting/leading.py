"""How a statement is reached: from the call that executes it to the functions that lead there."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.rewriting.answers import answer_of, executing_call
from diagnose.rewriting.outcome import NotUnderstood
from diagnose.rewriting.outline import place_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.project.source.model import Module, StatementSite
    from diagnose.rewriting.answers import Answer
    from diagnose.rewriting.outline import Place


@dataclass(frozen=True, slots=True)
class Way:
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
    def of(cls, site: StatementSite, texts: Mapping[str, str]) -> Way:
        """The way to a statement, as far as the texts of the modules are known.

        Raises:
            NotUnderstood: that of its own module is not.
        """
        known = list(takewhile(lambda span: span.path in texts, (site.span, *site.calls)))
        if not known:
            raise NotUnderstood("its text, its parameters and its execution stand in several files")
        places = tuple(place_of(texts[span.path], span.path, span.start) for span in known)
        pairs = zip(places[1:], site.calls, strict=False)
        return cls(places, tuple(call_at(place, span) for place, span in pairs), site.method)

    def binding(self, site: StatementSite) -> int | None:
        """The level at which `bind()` is called; None when none of the functions calls it.

        A `lambda` that another function calls makes it the outermost of several.
        """
        span = bound_span(site)
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
    return span.path == place.statement.span.path and (function is None or is_within(span, function.span))


def call_at(place: Place, span: ir.Span) -> ir.Call:
    """The call that a span covers, in the statement of a place. Raises NotUnderstood when there is none."""
    for node in ir.walk(place.statement):
        if isinstance(node, ir.Call) and node.span == span:
            return node
    raise NotUnderstood("a call that leads to the statement was not found again")


def answer_at(site: StatementSite, texts: Mapping[str, str], level: int) -> tuple[Answer, str | None]:
    """What awaiting a call yields that leads to a statement, and the name of the function it calls.

    Args:
        site: the statement.
        texts: of the modules by path.
        level: 0 for the statement itself, else which of `site.calls`, from 1.
    """
    way = Way.of(site, texts)
    helper = function_of(way.places[level - 1]).name if level else None
    return way.answer(level) if level else "result", helper


def binding_helper(text: str, site: StatementSite, modules: Sequence[Module] = ()) -> str | None:
    """The function that binds what its callers give it, where one of them makes the text of the statement."""
    texts = {module.path: module.text for module in modules} | {site.sql_span.path: text}
    try:
        way = Way.of(site, texts)
        level = way.binding(site)
    except NotUnderstood:
        return None
    if level is None or makes(way.places[level], site.sql_span):
        return None
    called = any(makes(place, site.sql_span) for place in way.places[level + 1 :])
    return function_of(way.places[level]).name if called else None


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


def bound_span(site: StatementSite) -> ir.Span:
    """Where the site binds its parameters. Raises NotUnderstood when it binds none."""
    if site.bind_span is None:
        raise NotUnderstood("the statement binds nothing")
    return site.bind_span


def function_of(place: Place) -> ir.FunctionDef:
    """The function around a place. Raises NotUnderstood when there is none."""
    if place.function is None:
        raise NotUnderstood("the statement is not executed in a function")
    return place.function


def makes(place: Place, text: ir.Span) -> bool:
    """Whether the function around a place makes the text of the statement."""
    return place.function is not None and is_within(text, place.function.span)


def is_within(span: ir.Span, outer: ir.Span) -> bool:
    """Whether one stretch of a file begins in another."""
    return span.path == outer.path and outer.start <= span.start < outer.end
