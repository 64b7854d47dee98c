"""A project deployed into an account that stays, so that other programs can use it."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from diagnose.d1 import LIMITS, Statement
from diagnose.d1.identifiers import quoted
from diagnose.embedded import EmbeddedAccount, RefusalError, fill
from diagnose.errors import ProjectError, SourceError
from diagnose.project.migrations import applied_table_sql
from diagnose.rehearsal.consuming import find_consumers
from diagnose.rehearsal.deploying import deploy_project
from diagnose.rehearsal.deriving import blueprint_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from diagnose.d1.limits import D1Limits
    from diagnose.embedded.state import Plan
    from diagnose.project import Project

_ID: Final = re.compile(r"[0-9a-f]{32}")


def deployed_account(
    project: Project,
    folder: Path | None,
    *,
    plan: Plan,
    tell: Callable[[str], None],
    limits: D1Limits = LIMITS.d1,
) -> EmbeddedAccount:
    """A new account in which the project was just deployed; or the one in the folder, as it is.

    Args:
        project: with its other workers that consume what it sends.
        folder: that keeps the account; None keeps it in memory.
        plan: whose limits apply.
        tell: is told in one line each what was not deployed, and why.
        limits: that statements are judged by, those of the migrations, too.

    Raises:
        D1Error: a migration does not run.
        ProjectError: a migration cannot be read; or the folder is in use, damaged, foreign or not usable.
        RefusalError: a database or a queue has a name that the account does not take.
    """
    if folder is None:
        account = EmbeddedAccount.memory(plan=plan, account_id=_account_id(project))
        account.hold_to(limits)
        return _deployed(project, account, tell)
    if (folder / "account.json").exists():
        tell(f"{folder} holds an account already: it is served as it is, and nothing is deployed")
    else:
        _make(project, folder, tell, plan, limits)
    account = EmbeddedAccount.open(folder, plan=plan)
    account.hold_to(limits)
    return account


def _make(project: Project, folder: Path, tell: Callable[[str], None], plan: Plan, limits: D1Limits) -> None:
    """The account appears in its folder whole, or not at all."""
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)  # a kill left it
        with EmbeddedAccount.open(unfinished, plan=plan, account_id=_account_id(project)) as account:
            account.hold_to(limits)
            _deployed(project, account, tell)
        unfinished.rename(folder)
    except OSError as error:
        raise ProjectError(
            f"the account cannot be made there: {error.strerror}",
            where=str(folder),
            hint="name an empty or a new folder",
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _deployed(project: Project, account: EmbeddedAccount, tell: Callable[[str], None]) -> EmbeddedAccount:
    try:
        fill(account, blueprint_of(project))
        consumers = find_consumers(project)
        for queue, why in consumers.unexecuted.items():
            tell(f"the consumer of {queue} is not deployed: {why}")
        for one in (project, *consumers.projects):
            _enter_migrations(one, account)
            _deploy(one, account, tell)
    except BaseException:
        account.close()
        raise
    return account


def _enter_migrations(project: Project, account: EmbeddedAccount) -> None:
    """Note which migrations were applied, so that nobody applies them again."""
    for binding in project.config.d1 if project.config else ():
        migrations, uuid = project.migrations(binding), binding.database_id
        if not migrations or uuid is None or uuid not in account.databases:
            continue
        database, table = account.database(uuid), binding.migrations_table
        database.run(Statement(applied_table_sql(table)))
        for migration in migrations:
            entered = f"INSERT OR IGNORE INTO {quoted(table)} (name) VALUES (?1)"
            database.run(Statement(entered, (migration.name,)))


def _deploy(project: Project, account: EmbeddedAccount, tell: Callable[[str], None]) -> None:
    try:
        name, _ = deploy_project(project, account)
    except (RefusalError, SourceError) as error:
        tell(f"{project.config_path} is not deployed: {error.message}")
        return
    reachable = project.config is None or project.config.is_at_workers_dev
    account.put_script(replace(account.scripts[name], subdomain=reachable))


def _account_id(project: Project) -> str | None:
    """The id in the config, which wrangler asks for before any other."""
    account_id = project.config.account_id if project.config else None
    return account_id if account_id and _ID.fullmatch(account_id) else None
