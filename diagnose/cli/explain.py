"""`diagnose explain`."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagnose.errors import UsageError

if TYPE_CHECKING:
    from diagnose.engine.registry import Registry
    from diagnose.plugin import Check


@click.command("explain")
@click.argument("what", metavar="WHAT")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("-c", "--config", metavar="FILE", help="The wrangler config, relative to PATH.")
@click.option("-e", "--env", "environment", metavar="NAME", help="The environment, as in wrangler.")
def command(what: str, path: Path | None, config: str | None, environment: str | None) -> None:
    """Show the page of a check (its code or name), or explain a pasted error.

    An error of D1, Queues, Workers or the API may stand in a log line, in colours or in JSON; `-` reads it
    from stdin. With a PATH the places in that project are named from which it comes.
    """
    from diagnose.engine.registry import load_registry

    registry = load_registry()
    check = registry.find(what)
    if check is not None:
        click.echo(_page(check, registry))
        return
    text = sys.stdin.read() if what == "-" else what
    click.echo(_explained(text, registry, path, config, environment), nl=False)


def _page(check: type[Check], registry: Registry) -> str:
    fix = registry.fixes.get(check.code)
    head = f"{check.code} {check.name} ({check.severity.value})"
    return f"{head}\n\n{check.page()}\n\nFix: {fix.safety.value if fix else 'none'}"


def _explained(
    text: str, registry: Registry, path: Path | None, config: str | None, environment: str | None
) -> str:
    from diagnose.cli.outputs import output_style
    from diagnose.engine.explaining import explain
    from diagnose.project import open_project
    from diagnose.report.explained import render

    project = None if path is None else open_project(path, config=config, environment=environment)
    explanation = explain(text, registry, project)
    if explanation is None:
        raise _unknown(text, registry)
    return render(explanation, output_style())


def _unknown(text: str, registry: Registry) -> UsageError:
    words = text.split()
    if len(words) > 1:
        return UsageError(
            "this is none of the errors that are known here",
            hint="give the line that holds the error itself, such as `D1_ERROR: …` or `[code: 7500]`",
        )
    names = [name for check in registry.checks.values() for name in (check.code, check.name)]
    near = [
        name for form in (text.upper(), text.lower()) for name in difflib.get_close_matches(form, names, 3)
    ]
    hint = (
        f"did you mean {', '.join(dict.fromkeys(near))}?" if near else "`diagnose checks` lists all of them"
    )
    return UsageError(f"there is no check {text!r}", hint=hint)
