"""`diagnose checks`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from diagnose.cli import show_error
from diagnose.exits import ExitCode

if TYPE_CHECKING:
    from diagnose.engine.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One check as it is listed; `fix` is the safety of its fix, or None."""

    code: str
    name: str
    severity: str
    needs: tuple[str, ...]
    fix: str | None
    title: str


@click.command("checks")
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table", help="Of the list.")
def command(form: str) -> int:
    """List every check: code, name, severity, what it needs, and what its fix may do."""
    from diagnose.engine.registry import load_registry

    registry = load_registry()
    lines = _lines(registry)
    if form == "json":
        click.echo(json.dumps([asdict(line) for line in lines], indent=2))
    else:
        click.echo(_table(lines))
    for problem in registry.problems:
        show_error(problem)
    return ExitCode.BROKEN if registry.problems else ExitCode.CLEAN


def _lines(registry: Registry) -> list[Line]:
    return [
        Line(
            code=check.code,
            name=check.name,
            severity=check.severity.value,
            needs=tuple(sorted(need.value for need in check.requires)),
            fix=registry.fixes[check.code].safety.value if check.code in registry.fixes else None,
            title=check.title(),
        )
        for check in registry.checks.values()
    ]


def _table(lines: list[Line]) -> str:
    from tabulate import tabulate

    rows = [
        (line.code, line.name, line.severity, ", ".join(line.needs) or "–", line.fix or "none")
        for line in lines
    ]
    return tabulate(rows, headers=["code", "name", "severity", "needs", "fix"], tablefmt="simple")
