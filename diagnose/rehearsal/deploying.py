"""Deploys the project's worker into a throw-away account, as `wrangler deploy` would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.embedded import ConsumerSettings, Module, Upload
from diagnose.embedded.deploying import schedule, upload_and_deploy
from diagnose.embedded.resolving import require_queue
from diagnose.project.upload import build_upload
from diagnose.rehearsal.assuming import database_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from diagnose.embedded import EmbeddedAccount
    from diagnose.model import Json
    from diagnose.project import Project
    from diagnose.project.bindings import QueueConsumer

PYTHON_MODULE = "text/x-python"


def deploy_project(
    project: Project, account: EmbeddedAccount, secrets: Mapping[str, str] | None = None
) -> tuple[str, dict[str, str]]:
    """Deploy; returns the worker's name, and database ids by binding.

    Args:
        project: whose worker is deployed.
        account: where to.
        secrets: by name; the worker has them beside what its config declares.

    Raises:
        RefusalError: the account does not take it, for example because a database or a queue is not there.
        SourceError: the modules cannot be collected.
    """
    upload = build_upload(project)
    for consumer in upload.consumers:
        require_queue(account.state, consumer.queue or "")
    ids = _provision(project, account)
    script = upload_and_deploy(
        account.state,
        upload.script_name,
        Upload(
            main_module=upload.main_module,
            modules={
                name: Module(content=content, content_type=PYTHON_MODULE)
                for name, content in upload.modules.items()
            },
            bindings=tuple(_bindings(upload.bindings, ids, secrets or {})),
            compatibility_date=upload.compatibility_date or "",
            compatibility_flags=upload.compatibility_flags,
            source="rehearsal",
        ),
    )
    account.put_script(schedule(script, upload.crons or ()))
    attach_consumers(account, upload.script_name, upload.consumers)
    return upload.script_name, ids


def _bindings(
    bindings: Iterable[Mapping[str, Json]], ids: Mapping[str, str], secrets: Mapping[str, str]
) -> Iterator[Mapping[str, Json]]:
    for binding in bindings:
        name = str(binding["name"])
        if binding["type"] == "d1":
            yield {**binding, "id": ids[name], "database_id": ids[name]}
        elif name not in secrets:
            yield binding
    for name, text in secrets.items():
        yield {"type": "secret_text", "name": name, "text": text}


def attach_consumers(account: EmbeddedAccount, script: str, consumers: Sequence[QueueConsumer]) -> None:
    """Let a worker consume queues, or change how it does, as the end of a deploy.

    Raises:
        RefusalError: a queue is not there, or something else consumes it; the worker has no queue handler.
    """
    for consumer in consumers:
        queue = require_queue(account.state, consumer.queue or "")
        name = None if consumer.type == "http_pull" else script
        is_same = queue.consumer is not None and queue.consumer.script == name
        attach = account.change_consumer if is_same else account.attach_consumer
        attach(queue.id, name, consumer_settings(consumer))


def consumer_settings(consumer: QueueConsumer) -> ConsumerSettings:
    """The settings of a consumer in a config; what is left out has the platform's default."""
    default = ConsumerSettings()
    seconds = consumer.max_batch_timeout
    return ConsumerSettings(
        batch_size=_said(consumer.max_batch_size, default.batch_size),
        max_retries=_said(consumer.max_retries, default.max_retries),
        max_wait_time_ms=_said(None if seconds is None else int(seconds * 1000), default.max_wait_time_ms),
        retry_delay=int(consumer.retry_delay or 0),
        max_concurrency=consumer.max_concurrency,
        visibility_timeout_ms=_said(consumer.visibility_timeout_ms, default.visibility_timeout_ms),
        dead_letter_queue=consumer.dead_letter_queue,
    )


def _said(value: int | None, default: int) -> int:
    return default if value is None else value


def _provision(project: Project, account: EmbeddedAccount) -> dict[str, str]:
    """Database ids by binding; a binding without an id gets a new database, as a deploy would make one."""
    bindings = project.config.d1 if project.config else ()
    ids = {binding.binding: database_id(binding) for binding in bindings}
    for binding in bindings:
        uuid = ids[binding.binding]
        if not binding.database_id and uuid not in account.databases:
            account.create_database(binding.database_name or binding.binding, uuid=uuid)
    return ids
