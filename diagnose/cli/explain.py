"""`diagnose explain`."""

from __future__ import annotations

import difflib

import click

from diagnose.errors import UsageError


@click.command("explain")
@click.argument("check", metavar="CODE")
def command(check: str) -> None:
    """Show the documentation page of a check, named by its code or its name."""
    from diagnose.engine.registry import load_registry

    registry = load_registry()
    found = registry.find(check)
    if found is None:
        names = [name for c in registry.checks.values() for name in (c.code, c.name)]
        near = difflib.get_close_matches(check.upper(), names, 3) or difflib.get_close_matches(
            check, names, 3
        )
        hint = f"did you mean {', '.join(near)}?" if near else "`diagnose checks` lists all of them"
        raise UsageError(f"there is no check {check!r}", hint=hint)
    fix = registry.fixes.get(found.code)
    click.echo(f"{found.code} {found.name} ({found.severity.value})\n\n{found.page()}")
    click.echo(f"\nFix: {fix.safety.value if fix else 'none'}")
