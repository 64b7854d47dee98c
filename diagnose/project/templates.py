"""Configs whose top level is nothing but what their environments have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.project.deploy_commands import deploy_commands
from diagnose.project.environments import environment_names
from diagnose.project.wrangler import read_config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.project.bindings import WorkerConfig
    from diagnose.project.project import Project


def standing_in(project: Project) -> Mapping[str, WorkerConfig]:
    """The environments that are deployed in place of the top level; none where that counts itself.

    A project says so by its deploy commands, each of which names an environment. Without any, two
    environments or more say it that all bind resources, while the top level binds none.
    """
    if project.environment is not None or project.document is None or project.config is None:
        return {}
    configs = {name: read_config(project.document, name) for name in environment_names(project.document)}
    deployed = {command.environment for command in deploy_commands(project)}
    if deployed:
        return {name: configs[name] for name in configs if name in deployed and None not in deployed}
    each_binds = len(configs) > 1 and all(_binds(config) for config in configs.values())
    return configs if each_binds and not _binds(project.config) else {}


def _binds(config: WorkerConfig) -> bool:
    return bool(config.d1 or config.producers or config.consumers)
