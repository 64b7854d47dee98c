"""What a statement binds to a column, as the source writes it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.project.source import Source
    from diagnose.project.source.model import StatementSite


def value_of(column: str, site: StatementSite, columns: Sequence[str], source: Source) -> str | None:
    """The expression, or None when the columns cannot be matched with what is bound."""
    names = [name.lower() for name in columns]
    values = site.row.values if site.row is not None else _bound(site, source)
    if len(values) != len(names) or column.lower() not in names:
        return None
    return values[names.index(column.lower())]


def _bound(site: StatementSite, source: Source) -> tuple[str, ...]:
    """The arguments of `bind`, when each is one value."""
    span = site.bind_span
    if span is None:
        return ()
    text = source.text(span.path).removeprefix("\ufeff")[span.start : span.end]
    try:
        call = ast.parse(f"bind{text}", mode="eval").body
    except (SyntaxError, ValueError):  # syntax of a newer Python than ours
        return ()
    if not isinstance(call, ast.Call) or any(isinstance(one, ast.Starred) for one in call.args):
        return ()
    return tuple(ast.unparse(one) for one in call.args)
