"""The output formats by the name that `--output` and `--format` take; each is imported when it is used."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from diagnose.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diagnose.model import Report
    from diagnose.report.style import Style

Renderer: TypeAlias = "Callable[[Report, Style], str]"
"""Text for a report, ending with a newline. The same report and style give the same text."""


def _table(report: Report, style: Style) -> str:
    from diagnose.report import table

    return table.render(report, style)


def _json(report: Report, _style: Style) -> str:
    from diagnose.report import json_v1

    return json_v1.render(report)


def _junit(report: Report, _style: Style) -> str:
    from diagnose.report import junit

    return junit.render(report)


def _github(report: Report, _style: Style) -> str:
    from diagnose.report import github

    return github.render(report)


def _sarif(report: Report, _style: Style) -> str:
    from diagnose.report import sarif

    return sarif.render(report)


def _markdown(report: Report, _style: Style) -> str:
    from diagnose.report import markdown

    return markdown.render(report)


RENDERERS: Final[Mapping[str, Renderer]] = MappingProxyType(
    {
        "table": _table,
        "json": _json,
        "junit": _junit,
        "github": _github,
        "sarif": _sarif,
        "markdown": _markdown,
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
