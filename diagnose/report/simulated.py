"""Judged statements of a file, and judged write sites of a project, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.limits import LIMITS
from diagnose.report.forecasts import sections
from diagnose.report.style import Role
from diagnose.report.text import shortened, shown, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.report.style import Style
    from diagnose.simulation import JudgedSite, JudgedStatement

_MARGIN = 45
"""Columns that a statement's figures take beside its first words."""


def render_statements(name: str, statements: Sequence[JudgedStatement], style: Style) -> str:
    """One line for each statement, and below it why D1 refuses it."""
    lines = [shown(f"{name}: {_summary(statements)}", style), ""]
    for one in statements:
        mark = _mark(one, style)
        size = f"{one.size:,} of {LIMITS.d1.statement_bytes:,} bytes"
        marks = "" if not one.parameters else f", {one.parameters} parameters"
        head = shortened(shown(one.head, style), max(style.width - _MARGIN, 20), style)
        lines.append(f"{mark} line {one.line}: {head} ({size}{marks})")
        if one.error is not None:
            lines += wrapped(one.error, style, indent=4)
        if one.warning is not None:
            lines += wrapped(_beyond(one.warning), style, indent=4)
    return "\n".join(lines).rstrip() + "\n"


def _beyond(answer: str) -> str:
    return f"the runtime takes it; within the limits that D1 documents the answer is {answer}"


def _summary(statements: Sequence[JudgedStatement]) -> str:
    refused = sum(one.error is not None and not one.unknown for one in statements)
    unknown = sum(one.unknown for one in statements)
    warned = sum(one.warning is not None for one in statements)
    parts = [f"{len(statements):,} statements", f"{refused:,} refused"]
    if warned:
        parts.append(f"{warned:,} beyond what D1 documents")
    if unknown:
        parts.append(f"{unknown:,} on tables that neither the file nor the migrations make")
    return ", ".join(parts)


def _mark(one: JudgedStatement, style: Style) -> str:
    glyphs = style.glyphs
    if one.warning is not None:
        return style.paint(Role.CAUTION, glyphs.warned)
    if one.error is None:
        return style.paint(Role.GOOD, glyphs.passed)
    if one.unknown:
        return style.paint(Role.CAUTION, glyphs.skipped)
    return style.paint(Role.BAD, glyphs.failed)


def render_sites(sites: Sequence[JudgedSite], style: Style) -> str:
    """Each site with what writing its rows takes."""
    return "\n\n".join("\n\n".join("\n".join(part) for part in _site(one, style)) for one in sites) + "\n"


def _site(judged: JudgedSite, style: Style) -> list[list[str]]:
    site = judged.site
    place = f"{site.location.path}:{site.location.line}"
    head = f"{place} {site.function}: {site.verb} INTO {site.table or '?'} ({site.binding})"
    lines = [style.paint(Role.STRONG, line) for line in wrapped(head, style, hang=2)]
    lines += wrapped(_says(judged), style, indent=2)
    if judged.warning is not None:
        lines += wrapped(_beyond(judged.warning), style, indent=2)
    if judged.forecast is None:
        return [[*lines, *wrapped("its columns cannot be told from the source", style, indent=2)]]
    return [lines, *sections(judged.forecast, style)]


def _says(judged: JudgedSite) -> str:
    simulation = judged.simulation
    if simulation is None:
        return (
            f"one statement binds the same parameters for any number of rows; looked at: {judged.rows:,} rows"
        )
    asked = simulation.asked
    if asked is not None:
        verdict = f"D1 answers {asked.error.text}" if asked.error else "D1 accepts it"
        return (
            f"the code asks for {asked.rows:,} rows in one statement, {asked.parameters:,} parameters:"
            f" {verdict}"
        )
    if simulation.breaks is not None and simulation.breaks.error is not None:
        return (
            f"nothing bounds the rows of one statement; it breaks at row {simulation.breaks.rows:,}:"
            f" {simulation.breaks.error.text}"
        )
    return f"D1 accepts every number of rows that was tried, up to {simulation.samples[-1].rows:,}"
