"""`diagnose init`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagnose.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from diagnose.project import Project, Settings, TriggerSettings, WatchSettings

SETTINGS_FILE = "diagnose.toml"


@click.command("init")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("-c", "--config", metavar="FILE", help="The wrangler config, relative to PATH.")
@click.option("--force", is_flag=True, help="Replace an existing diagnose.toml.")
def command(path: Path, config: str | None, *, force: bool) -> None:
    """Write a commented diagnose.toml with what is found: config, trigger, and the table to watch."""
    from diagnose.project import open_project
    from diagnose.project.files import write_atomically
    from diagnose.project.settings_text import render_settings

    file = path / SETTINGS_FILE
    if file.exists() and not force:
        raise UsageError("it exists already", where=str(file), hint="edit it, or replace it with --force")
    project = open_project(path, config=config)
    text = render_settings(found_settings(project, config))
    try:
        write_atomically(file, text.encode())
    except OSError as error:
        raise ProjectError(f"cannot be written: {error.strerror}", where=str(file)) from error
    click.echo(f"wrote {file}")
    for line in missing_facts(project):
        click.echo(f"  to do: {line}")


def found_settings(project: Project, config: str | None) -> Settings:
    """What reading the project settles; the rest stays as commented examples."""
    chosen = config if config or not project.config_candidates else None
    return replace(
        project.settings,
        config=chosen or project.settings.config,
        trigger=project.settings.trigger or _trigger(project),
        watch=project.settings.watch or _watch(project),
    )


def _trigger(project: Project) -> TriggerSettings | None:
    from diagnose.project import TriggerSettings
    from diagnose.rehearsal import choose_trigger

    if project.source is None:
        return None
    trigger = choose_trigger(project, project.source).trigger
    if trigger is None:
        return None
    return TriggerSettings(kind=trigger.kind, method=trigger.method, path=trigger.path, cron=trigger.cron)


def _watch(project: Project) -> WatchSettings | None:
    from diagnose.project import WatchSettings

    sites = project.source.sites if project.source else ()
    for site in sites:
        if site.verb in {"INSERT", "REPLACE"} and site.table and site.reachable:
            return WatchSettings(table=site.table, database=site.binding)
    return None


def missing_facts(project: Project) -> list[str]:
    """What the end-to-end checks need and the project does not say, as things to do."""
    from diagnose.rehearsal import choose_trigger

    if project.source is None:
        return []
    lines = []
    refused = choose_trigger(project, project.source).refused
    if refused is not None:
        lines.append(f"fill in [trigger]: {refused}")
    if not project.settings.responses:
        urls = sorted({fetch.url for fetch in project.source.fetches if fetch.url})
        lines += [f"record an answer for {url} in [[responses]], so that it can be rehearsed" for url in urls]
    for binding in project.config.d1 if project.config else ():
        if not project.migrations(binding):
            lines.append(
                f"put the tables of {binding.binding} into {project.migrations_folder(binding)}/*.sql"
            )
    return lines
