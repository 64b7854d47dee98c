"""What a queue needs on the account, in the order in which each part finds the one before."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.project import build_upload
from diagnose.project.neighbours import neighbour_configs
from diagnose.project.wrangler import read_config
from diagnose.steps import DeployWorker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.account import Account
    from diagnose.model import Step
    from diagnose.project import Project, WorkerConfig
    from diagnose.steps import EditFile


async def taken_queues(project: Project) -> set[str]:
    """Names of queues that the project's configs use."""
    configs = [read_config(document) for document in neighbour_configs(project)]
    configs += [project.config] if project.config is not None else []
    return {name for config in configs for name in _queues(config)}


async def account_steps(edited: Project, edits: Sequence[EditFile], account: Account | None) -> list[Step]:
    """The producer's next version where it is deployed already.

    A worker that is not deployed yet is deployed by DEP001's fix, when everything else is repaired.

    Args:
        edited: the project with its config as it will be.
        edits: of its files, still to be made.
        account: on which it may be deployed.
    """
    upload = build_upload(edited)
    if account is None or not await account.deployments(upload.script_name):
        return []
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
