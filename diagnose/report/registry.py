"""The output formats by the name that `--output` and `--format` take."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from diagnose.errors import UsageError
from diagnose.report import github, json_v1, junit, markdown, sarif, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diagnose.model import Report
    from diagnose.report.style import Style

Renderer: TypeAlias = "Callable[[Report, Style], str]"
"""Text for a report, ending with a newline. The same report and style give the same text."""

RENDERERS: Final[Mapping[str, Renderer]] = MappingProxyType(
    {
        "table": table.render,
        "json": lambda report, _style: json_v1.render(report),
        "junit": lambda report, _style: junit.render(report),
        "github": lambda report, _style: github.render(report),
        "sarif": lambda report, _style: sarif.render(report),
        "markdown": lambda report, _style: markdown.render(report),
    }
)


def renderer(name: str) -> Renderer:
    """The renderer of a format.

    Raises:
        UsageError: there is no such format; the message lists those that exist.
    """
    found = RENDERERS.get(name)
    if found is None:
        raise UsageError(f"there is no format {name!r}", hint=f"choose one of {', '.join(RENDERERS)}")
    return found
