"""Puts every worker that takes part in a rehearsal on the stage: deployed, tables and queues empty."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.embedded.clock import VirtualClock
from diagnose.embedded.refusal import RefusalError
from diagnose.errors import SourceError
from diagnose.rehearsal.assuming import assumed_secrets, placeholder
from diagnose.rehearsal.consuming import PYTHON
from diagnose.rehearsal.deploying import deploy_project
from diagnose.rehearsal.watching import choose_watches, empty_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.embedded import EmbeddedAccount
    from diagnose.project import Project
    from diagnose.project.source import Source
    from diagnose.rehearsal.consuming import Consumers
    from diagnose.rehearsal.watching import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedWorker:
    """A worker of the project that can be executed here.

    Attributes:
        script: its name.
        databases: ids by binding.
    """

    script: str
    project: Project
    source: Source
    databases: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a rehearsal is performed with.

    Attributes:
        workers: the triggered one first.
        watches: the tables that are looked at, the watched one first; they are empty.
        unexecuted: why a queue's consumer cannot be executed here, by the queue's name.
        secrets: of all workers, by name.
    """

    account: EmbeddedAccount
    workers: tuple[DeployedWorker, ...]
    watches: tuple[Watch, ...]
    unexecuted: Mapping[str, str]
    secrets: Mapping[str, str]

    @property
    def script(self) -> str:
        """The name of the worker that is triggered."""
        return self.workers[0].script

    def base(self, script: str) -> str:
        """The folder of a worker's main module relative to the project; empty where it is not known."""
        mains = {worker.script: worker.source.main for worker in self.workers}
        return mains.get(script, "").rpartition("/")[0]

    def databases(self, script: str) -> dict[str, str]:
        """Database ids by binding of any worker of the account."""
        return _bound(self.account, script, "d1", "database_id")

    def queues(self, script: str) -> dict[str, str]:
        """Names of queues by binding of any worker of the account."""
        return _bound(self.account, script, "queue", "queue_name")

    def made_up(self, script: str) -> tuple[str, ...]:
        """Names of the secrets of a worker whose values are made up."""
        names = _bound(self.account, script, "secret_text", "name")
        return tuple(name for name in names if self.secrets.get(name) == placeholder(name))


def stage(
    project: Project,
    source: Source,
    account: EmbeddedAccount,
    *,
    consumers: Consumers,
    derived: bool,
    secrets: Mapping[str, str] | None = None,
) -> Stage:
    """Deploy, and empty what is looked at.

    Args:
        project: whose worker is triggered.
        source: of that worker.
        account: a throw-away copy.
        consumers: the project's other workers that take its messages.
        derived: the account holds only what the project's files make: consumers beside the worker are
            deployed, too.
        secrets: of the triggered worker, by name; those of consumers are made up where they are not among
            them.

    Raises:
        RefusalError: the account does not take the worker.
        SourceError: its modules cannot be collected.
    """
    known = dict(secrets or {})
    script, databases = deploy_project(project, account, known)
    workers = [DeployedWorker(script=script, project=project, source=source, databases=databases)]
    unexecuted = dict(consumers.unexecuted) if derived else _without_foreign(account)
    for consumer in consumers.projects:
        if derived:
            own = {
                name: known.get(name, text) for name, text in assumed_secrets(consumer, os.environ).items()
            }
            found = _deploy(consumer, account, own, unexecuted)
            known |= own
        else:
            found = _deployed(consumer, account)
        workers += [] if found is None else [found]
    watches = choose_watches(workers)
    for watch in watches:
        empty_table(account.database(watch.database_id), watch.table)
    for queue_id in account.queues:
        account.purge(queue_id)
    account.clock = VirtualClock(
        account.clock.now_ms()
    )  # what is sent waits for nobody, so time stands still
    return Stage(
        account=account, workers=tuple(workers), watches=watches, unexecuted=unexecuted, secrets=known
    )


def _deploy(
    project: Project, account: EmbeddedAccount, secrets: Mapping[str, str], unexecuted: dict[str, str]
) -> DeployedWorker | None:
    """A consumer of the project, deployed; what the account refuses cannot be executed."""
    try:
        script, databases = deploy_project(project, account, secrets)
    except (RefusalError, SourceError) as error:
        consumed = [one.queue for one in project.config.consumers if one.queue] if project.config else []
        unexecuted |= dict.fromkeys(consumed, f"{project.config_path} cannot be deployed: {error.message}")
        return None
    return _worker(project, script, databases)


def _deployed(project: Project, account: EmbeddedAccount) -> DeployedWorker | None:
    """A consumer of the project as it stands in a saved account, or None."""
    script = project.config.name if project.config else None
    attached = {queue.consumer.script for queue in account.queues.values() if queue.consumer}
    if script is None or script not in attached:
        return None
    return _worker(project, script, _bound(account, script, "d1", "database_id"))


def _worker(project: Project, script: str, databases: Mapping[str, str]) -> DeployedWorker | None:
    if project.source is None:
        return None
    return DeployedWorker(script=script, project=project, source=project.source, databases=databases)


def _without_foreign(account: EmbeddedAccount) -> dict[str, str]:
    """Detach consumers that are not Python; the reasons, by the queue's name."""
    reasons: dict[str, str] = {}
    for queue in tuple(account.queues.values()):
        script = queue.consumer.script if queue.consumer else None
        version = None if script is None else account.scripts[script].active
        if version is not None and not version.main_module.endswith(PYTHON):
            account.detach_consumer(queue.id)
            reasons[queue.name] = f"{script} ({version.main_module}) is not Python"
    return reasons


def _bound(account: EmbeddedAccount, script: str, kind: str, key: str) -> dict[str, str]:
    version = account.scripts[script].active if script in account.scripts else None
    bindings = version.bindings if version else ()
    return {str(one["name"]): str(one[key]) for one in bindings if one["type"] == kind and key in one}
