"""What a queue needs on the account, in the order in which each part finds the one before."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.project import build_upload
from diagnose.project.drift import taken_by_deploy
from diagnose.project.neighbours import neighbour_configs
from diagnose.project.wrangler import read_config
from diagnose.steps import CreateQueue, DeployWorker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.account import Account
    from diagnose.model import Step
    from diagnose.project import Project, Upload, WorkerConfig
    from diagnose.queueing.naming import Names
    from diagnose.steps import EditFile


async def taken_queues(project: Project, account: Account | None) -> set[str]:
    """Names of queues that the project's configs use, or the account has. Raises AccountError."""
    taken = {queue.name for queue in await account.queues()} if account is not None else set[str]()
    configs = [read_config(document) for document in neighbour_configs(project)]
    configs += [project.config] if project.config is not None else []
    return taken | {name for config in configs for name in _queues(config)}


async def account_steps(
    edited: Project,
    edits: Sequence[EditFile],
    names: Names,
    consumer: Upload | None,
    account: Account | None,
) -> list[Step]:
    """Queues, the worker that consumes, then the producer where it is deployed already.

    A producer that is not deployed yet is deployed by DEP001's fix, when everything else is repaired.
    Each deployment attaches what its worker consumes.

    Args:
        edited: the project with its config as it will be.
        edits: of its files, still to be made.
        names: of the queues.
        consumer: the worker of its own that consumes, or None.
        account: on which the producer may be deployed.

    Raises:
        AccountError: the account does not answer.
    """
    steps: list[Step] = [CreateQueue(name=names.dead_letters), CreateQueue(name=names.queue)]
    if consumer is not None:
        steps.append(DeployWorker(script_name=consumer.script_name, upload=consumer))
    return [*steps, *await redeployment(edited, edits, account)]


async def redeployment(
    edited: Project, edits: Sequence[EditFile], account: Account | None
) -> list[DeployWorker]:
    """The next version of a worker that is deployed, with the edits that are still to be made."""
    upload = build_upload(edited)
    if account is None or not await account.deployments(upload.script_name):
        return []
    if edited.config is not None and await taken_by_deploy(account, edited.config):
        return []  # which side is right is asked first (CFG008); DEP002 deploys then
    folder = posixpath.dirname(edited.source.main) if edited.source is not None else ""
    modules = {
        posixpath.relpath(edit.path, folder or "."): edit.after
        for edit in edits
        if edit.path.endswith(".py") and edit.after is not None
    }
    upload = replace(upload, modules={**upload.modules, **modules})
    return [DeployWorker(script_name=upload.script_name, upload=upload)]


def _queues(config: WorkerConfig) -> Iterator[str]:
    names = [producer.queue for producer in config.producers]
    for consumer in config.consumers:
        names += [consumer.queue, consumer.dead_letter_queue]
    yield from (name for name in names if name is not None)
