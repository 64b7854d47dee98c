"""What must hold for a site before anything about it is rewritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.rewriting.outcome import NotUnderstood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.project.source.ir import Span
    from diagnose.project.source.model import StatementSite


def bind_span(site: StatementSite, others: Sequence[StatementSite]) -> Span:
    """Where the site binds its parameters; text, parameters and execution stand in one file.

    Raises:
        NotUnderstood: they do not, or other places share the text or the call.
    """
    if site.bind_span is None:
        raise NotUnderstood("the statement binds nothing")
    if {site.sql_span.path, site.bind_span.path} != {site.span.path}:
        raise NotUnderstood("its text, its parameters and its execution stand in several files")
    if any(other.span == site.span and other.sql != site.sql for other in others):
        raise NotUnderstood("different statements pass through it")
    if any(other.sql_span == site.sql_span and other.span != site.span for other in others):
        raise NotUnderstood("another place executes the same text")
    return site.bind_span


def require_own_text(site: StatementSite, others: Sequence[StatementSite], level: int) -> None:
    """The call at a level of the site's calls, from 1, is alone in its text, and has no other.

    Raises:
        NotUnderstood: it is not.
    """
    call = site.calls[level - 1]
    for other in others:
        shares_call, shares_text = call in other.calls, other.sql_span == site.sql_span
        if shares_call and not shares_text:
            raise NotUnderstood("different statements pass through the call")
        if shares_text and not shares_call:
            raise NotUnderstood("another place executes the same text")
