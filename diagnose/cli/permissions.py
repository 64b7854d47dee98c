"""`diagnose permissions`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagnose.cli.options import selection, selection_options
from diagnose.exits import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.plugin.permissions import Needed
    from diagnose.project import WorkerConfig


@click.command("permissions")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("-c", "--config", metavar="FILE", help="The wrangler config, relative to PATH.")
@click.option("-e", "--env", "environment", metavar="NAME", help="The environment, as in wrangler.")
@selection_options
@click.option("--fix", "fixes", is_flag=True, help="Also what the fixes of the selected checks need.")
@click.option("--live", is_flag=True, help="Also what `run --live` needs.")
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table", help="Of the list.")
def command(
    path: Path,
    config: str | None,
    environment: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    *,
    fixes: bool,
    live: bool,
    form: str,
) -> int:
    """Print the least API token that the selected checks need, by the dashboard's names.

    What the project at PATH does not use (a queue, say) is left out; without a wrangler config there,
    everything is listed. No account is asked.
    """
    from diagnose.engine.registry import load_registry
    from diagnose.plugin.permissions import needed_permissions

    registry, chosen = load_registry(), selection(select, ignore)
    checks = [check for check in registry.checks.values() if chosen.wants(check)]
    repairs = [registry.fixes[check.code] for check in checks if fixes and check.code in registry.fixes]
    needed = _least(needed_permissions(checks, repairs, _config(path, config, environment), live=live))
    click.echo(_json(needed) if form == "json" else _table(needed))
    return ExitCode.CLEAN


def _config(path: Path, config: str | None, environment: str | None) -> WorkerConfig | None:
    """The project's config; None where none is named and none is there, and where it does not parse."""
    from diagnose.errors import NoConfigError
    from diagnose.project import open_project

    try:
        return open_project(path, config=config, environment=environment).config
    except NoConfigError:
        if config is None:
            return None
        raise


def _least(needed: Sequence[Needed]) -> list[Needed]:
    """Without permissions that another one includes: who may edit may read."""
    from dataclasses import replace

    from diagnose.account.permissions import least

    reading = {need.permission: need.checks for need in needed}
    kept = least({need.permission for need in needed})
    return [
        replace(need, checks=need.checks or reading.get(need.permission.replace(" Edit", " Read"), ()))
        for need in needed
        if need.permission in kept
    ]


def _table(needed: Sequence[Needed]) -> str:
    from tabulate import tabulate

    from diagnose.account.permissions import dashboard_path

    if not needed:
        return "The selected checks ask no account: they need no token."
    rows = [(dashboard_path(need.permission), _codes(need.checks), _codes(need.fixes)) for need in needed]
    return tabulate(rows, headers=["permission", "checks", "fixes"], tablefmt="simple")


def _codes(codes: Sequence[str]) -> str:
    return ", ".join(codes) or "–"


def _json(needed: Sequence[Needed]) -> str:
    from diagnose.account.permissions import dashboard_path

    listed = [
        {
            "permission": need.permission,
            "dashboard": dashboard_path(need.permission),
            "checks": list(need.checks),
            "fixes": list(need.fixes),
        }
        for need in needed
    ]
    return json.dumps({"permissions": listed}, indent=2, ensure_ascii=False)
