"""What a live trigger would do, before anybody confirms it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from diagnose.account import MissingPermissionError
from diagnose.account.base_url import is_loopback
from diagnose.account.visiting import Address, checked_address
from diagnose.rehearsal.staging import DeployedWorker
from diagnose.rehearsal.triggering import choose_trigger
from diagnose.rehearsal.watching import choose_watches

if TYPE_CHECKING:
    from diagnose.account import Account, QueueInfo, ScriptSettings
    from diagnose.embedded.invocation import Trigger
    from diagnose.project import Project
    from diagnose.project.source import Source
    from diagnose.rehearsal.watching import Watch

WORKERS_DEV: Final = "workers.dev"
_FOR_GOOD: Final = "What it writes is real, and cannot be undone."


@dataclass(frozen=True, slots=True)
class LiveRefusal:
    """Why the trigger cannot be run for real."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePlan:
    """A trigger that can be run for real.

    Attributes:
        project: whose settings say what is sent.
        script: the deployed worker.
        trigger: the event.
        address: where the worker answers a request; None for a message.
        watches: tables whose rows are counted, the watched one first.
        queues: that the worker sends to or is triggered from, and their dead-letter queues.
    """

    project: Project
    script: str
    trigger: Trigger
    address: Address | None = None
    watches: tuple[Watch, ...] = ()
    queues: tuple[QueueInfo, ...] = ()

    @property
    def where(self) -> str:
        """What is sent where, in one line; without headers and body, which may hold secrets."""
        if self.address is None:
            return f"one message into the queue {self.trigger.queue}"
        return f"{self.trigger.method} {self.address.origin}{self.trigger.path.partition('?')[0]}"

    def describe(self, account: str) -> str:
        """What will happen, for whoever has to confirm it."""
        tables = ", ".join(f"{watch.table} ({watch.binding} {watch.database_id})" for watch in self.watches)
        queues = ", ".join(queue.name for queue in self.queues)
        lines = [
            f"--live triggers the deployed worker {self.script} of the {account}: {self.where}",
            f"  it writes to: {tables or 'tables that its source does not tell'}",
            *([f"  messages go through: {queues}"] if queues else []),
            f"  {_FOR_GOOD}",
        ]
        return "\n".join(lines)


async def plan_live(project: Project, account: Account) -> LivePlan | LiveRefusal:
    """What a live trigger would do. Reads the account and changes nothing. Raises ApiError."""
    config, source = project.config, project.source
    if config is None or source is None or config.name is None:
        return LiveRefusal("there is no config and source of a worker that could be triggered")
    choice = choose_trigger(project, source)
    if choice.trigger is None:
        return LiveRefusal(choice.refused or "nothing says how the import is started")
    if choice.trigger.kind == "scheduled":
        return LiveRefusal(
            "a cron trigger cannot be fired over Cloudflare's API: --live reaches `fetch` and `queue`"
            " handlers ([trigger] of diagnose.toml)"
        )
    if choice.guessed:
        return LiveRefusal(
            "--live sends nothing that was guessed: say the request in [trigger] of diagnose.toml"
            " (`diagnose init`)"
        )
    settings = await account.active_settings(config.name)
    if settings is None:
        return LiveRefusal(f"the account has no deployed worker {config.name} (DEP001)")
    return await _plan(project, source, account, choice.trigger, settings)


async def _plan(
    project: Project, source: Source, account: Account, trigger: Trigger, settings: ScriptSettings
) -> LivePlan | LiveRefusal:
    script = project.config.name if project.config and project.config.name else ""
    address = None
    if trigger.kind == "fetch":
        address = await _address(project, account, script)
        if address is None:
            return LiveRefusal(
                f"{script} answers neither at workers.dev nor at a custom domain: turn one on, or say `url`"
                " in [trigger] of diagnose.toml"
            )
    try:
        queues = await _queues(account, settings, trigger)
    except MissingPermissionError:
        queues = ()
    if trigger.kind == "queue" and trigger.queue not in {queue.name for queue in queues}:
        return LiveRefusal(f"the account has no queue {trigger.queue} that the token may read (QUE002)")
    databases = {
        str(one["name"]): str(one.get("database_id") or one.get("id"))
        for one in settings.bindings
        if one.get("type") == "d1"
    }
    worker = DeployedWorker(script=script, project=project, source=source, databases=databases)
    return LivePlan(
        project=project,
        script=script,
        trigger=trigger,
        address=address,
        watches=choose_watches([worker]),
        queues=queues,
    )


async def _address(project: Project, account: Account, script: str) -> Address | None:
    """Where the worker answers: as the settings say, at workers.dev, or at a custom domain."""
    trigger = project.settings.trigger
    if trigger is not None and trigger.url is not None:
        return checked_address(trigger.url)
    subdomain = await account.subdomain(script)
    own = await account.account_subdomain()
    if subdomain is not None and subdomain.enabled and own is not None:
        host = f"{script}.{own}.{WORKERS_DEV}"
        if account.base_url is not None and is_loopback(account.base_url):
            parts = urlsplit(account.base_url)
            return Address(origin=f"{parts.scheme}://{parts.netloc}", host=host)
        return Address(origin=f"https://{host}")
    domains = await account.domains(script)
    return Address(origin=f"https://{domains[0]}") if domains else None


async def _queues(account: Account, settings: ScriptSettings, trigger: Trigger) -> tuple[QueueInfo, ...]:
    """Queues that messages of the import go through, in the order in which they do."""
    names = [str(one["queue_name"]) for one in settings.bindings if one.get("type") == "queue"]
    names = [trigger.queue, *names] if trigger.queue else names
    found: dict[str, QueueInfo] = {}
    while names:
        name = names.pop(0)
        info = None if name in found else await account.queue(name)
        if info is not None:
            found[name] = info
            names += [c.spec.dead_letter_queue for c in info.consumers if c.spec.dead_letter_queue]
    return tuple(found.values())
