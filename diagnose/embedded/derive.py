"""An embedded account as it would be if a project had just been deployed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from diagnose.d1 import LIMITS, Bounds
from diagnose.embedded.account import EmbeddedAccount
from diagnose.embedded.deploying import schedule, upload_and_deploy

if TYPE_CHECKING:
    from diagnose.d1.limits import D1Limits
    from diagnose.embedded.deploying import Upload
    from diagnose.embedded.state import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueprintDatabase:
    """One database of a project: its id, its name, and the SQL of its migrations in order."""

    uuid: str
    name: str
    migrations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """What a project's files say about the account they expect; knows nothing of wrangler.

    Attributes:
        script: the worker's name.
        queues: names of queues, each once.
        upload: its code and bindings; None when there is nothing to deploy.
        reachable: whether it answers at workers.dev.
    """

    script: str
    databases: tuple[BlueprintDatabase, ...] = ()
    queues: tuple[str, ...] = ()
    upload: Upload | None = None
    crons: tuple[str, ...] = ()
    reachable: bool = True
    account_id: str | None = None


def derive(blueprint: Blueprint, *, plan: Plan = "paid", limits: D1Limits = LIMITS.d1) -> EmbeddedAccount:
    """The account in memory: databases migrated, queues made, the worker deployed, its crons set.

    Args:
        blueprint: what it holds.
        plan: whose limits apply.
        limits: that statements are judged by, those of the migrations, too.

    Raises:
        D1Error: a migration fails.
        RefusalError: two databases or queues share an id or a name, or the API refuses the upload.
    """
    account = EmbeddedAccount.memory(plan=plan, account_id=blueprint.account_id)
    account.hold_to(limits)
    try:
        fill(account, blueprint)
    except BaseException:
        account.close()
        raise
    return account


def fill(account: EmbeddedAccount, blueprint: Blueprint) -> None:
    """Make in an empty account what the blueprint says. Raises what `derive` raises."""
    bounds = Bounds.of_migrations()
    for planned in blueprint.databases:
        account.create_database(planned.name, uuid=planned.uuid)
        with account.database(planned.uuid).within(bounds) as database:
            for migration in planned.migrations:
                database.migrate(migration)
    for name in blueprint.queues:
        account.create_queue(name)
    if blueprint.upload is not None:
        script = upload_and_deploy(account.state, blueprint.script, blueprint.upload)
        script = schedule(script, blueprint.crons)
        account.put_script(replace(script, subdomain=blueprint.reachable))
