"""`diagnose simulate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from diagnose.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.d1.limits import D1Limits
    from diagnose.project import Project
    from diagnose.project.source import StatementSite
    from diagnose.simulation import JudgedSite

ROWS: Final = 2_000
LARGEST_FILE: Final = 50_000_000


@click.command("simulate")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("-c", "--config", metavar="FILE", help="The wrangler config, relative to PATH.")
@click.option("-e", "--env", "environment", metavar="NAME", help="The environment, as in wrangler.")
@click.option("--columns", type=int, metavar="N", help="Imagine rows of N columns, without any project.")
@click.option("--rows", type=int, metavar="N", help="So many rows; else what the code asks for, or 2,000.")
@click.option("--row-bytes", type=int, metavar="N", help="Of one row as a JSON array.")
@click.option("--sql", metavar="FILE", help="Judge the statements of a file; - reads stdin.")
@click.option("--site", metavar="WHERE", help="Only this write site: path:line, a function, or a table.")
@click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", help="Of the answer."
)
def command(  # noqa: PLR0917 - click passes options by name
    path: Path,
    config: str | None,
    environment: str | None,
    columns: int | None,
    rows: int | None,
    row_bytes: int | None,
    sql: str | None,
    site: str | None,
    form: str,
) -> None:
    """Say which limits an import meets, where it breaks, and what each way of writing takes."""
    _require_one_question(columns=columns, sql=sql, site=site, row_bytes=row_bytes, rows=rows)
    if columns is not None:
        text = _imagined(columns, ROWS if rows is None else rows, row_bytes, form)
    elif sql is not None:
        text = _of_file(sql, path, config, environment, form)
    else:
        text = _of_project(_project(path, config, environment), site, rows, form)
    click.echo(text, nl=False)


def _require_one_question(**given: object) -> None:
    questions = [f"--{name}" for name in ("columns", "sql", "site") if given[name] is not None]
    if len(questions) > 1:
        raise UsageError(f"{' and '.join(questions)} are different questions", hint="ask one at a time")
    if given["row_bytes"] is not None and given["columns"] is None:
        raise UsageError("--row-bytes belongs to --columns")
    if given["sql"] is not None and given["rows"] is not None:
        raise UsageError("--rows does not go with --sql: a file has the rows it has")


def _imagined(columns: int, rows: int, row_bytes: int | None, form: str) -> str:
    from diagnose.cli.outputs import output_style
    from diagnose.report.forecasts import render_forecast
    from diagnose.report.simulated_json import forecast_json
    from diagnose.simulation import Workload, forecast

    found = forecast(Workload(columns=columns, rows=rows, row_bytes=row_bytes))
    return forecast_json(found) if form == "json" else render_forecast(found, output_style())


def _of_file(sql: str, path: Path, config: str | None, environment: str | None, form: str) -> str:
    from diagnose.cli.outputs import output_style
    from diagnose.report.simulated import render_statements
    from diagnose.report.simulated_json import statements_json
    from diagnose.simulation import judge_sql

    name, text = _read(sql)
    before, limits = _migrations(path, config, environment)
    judged = judge_sql(text, before=before, limits=limits)
    return (
        statements_json(name, judged) if form == "json" else render_statements(name, judged, output_style())
    )


def _read(sql: str) -> tuple[str, str]:
    from diagnose.project.files import read_regular

    try:
        if sql == "-":
            return "stdin", sys.stdin.buffer.read(LARGEST_FILE).decode("utf-8-sig")
        return sql, read_regular(Path(sql), most_bytes=LARGEST_FILE).decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=sql) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"is not UTF-8 (byte {error.start:,})", where=sql) from error


def _migrations(path: Path, config: str | None, environment: str | None) -> tuple[list[str], D1Limits]:
    """What makes the tables, and the limits, where there is a project: a file can be judged without one."""
    from diagnose.d1.limits import LIMITS
    from diagnose.errors import NoConfigError

    try:
        project = _project(path, config, environment)
    except NoConfigError:
        return [], LIMITS.d1
    bindings = project.config.d1 if project.config else ()
    migrations = [migration.sql for binding in bindings for migration in project.migrations(binding)]
    return migrations, project.settings.limits.d1


def _of_project(project: Project, wanted: str | None, rows: int | None, form: str) -> str:
    from diagnose.cli.outputs import output_style
    from diagnose.report.simulated import render_sites
    from diagnose.report.simulated_json import sites_json

    judged = _judge_sites(project, wanted, rows)
    return sites_json(judged) if form == "json" else render_sites(judged, output_style())


def _judge_sites(project: Project, wanted: str | None, rows: int | None) -> list[JudgedSite]:
    from diagnose.plugin.context import migrated_schema
    from diagnose.simulation import judge_site, matching

    if project.source is None:
        raise (
            project.source_error
            or project.config_error
            or ProjectError(
                "the config names no `main`",
                where=project.config_path,
                hint="ask with --columns and --rows, or with --sql FILE",
            )
        )
    sites = matching(project.source.sites, wanted)
    if not sites:
        raise UsageError(*_no_site(project, wanted, matching(project.source.sites, None)))
    bindings = {binding.binding: binding for binding in (project.config.d1 if project.config else ())}
    schemas = {name: migrated_schema(project, binding) for name, binding in bindings.items()}
    return [judge_site(site, schemas.get(site.binding), rows) for site in sites]


def _no_site(project: Project, wanted: str | None, known: Sequence[StatementSite]) -> tuple[str, ...]:
    if wanted is None or not known:
        return (f"{project.config_path}: no place in the source is known to insert rows into D1",)
    places = ", ".join(f"{site.location.path}:{site.location.line} ({site.function})" for site in known)
    return (f"no write site is called {wanted!r}; there is {places}",)


def _project(path: Path, config: str | None, environment: str | None) -> Project:
    from diagnose.project import open_project

    return open_project(path, config=config, environment=environment)
