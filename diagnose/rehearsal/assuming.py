"""What stands in for facts that only a deploy or the account knows: ids, and the values of secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.project import D1Binding, Project

ASSUMED = UUID("6c1c9d0e-6f0b-4f5a-9a3e-d1a90d1a90d1")
"""Namespace of such ids."""


def database_id(binding: D1Binding) -> str:
    """The configured id; where there is none or a placeholder, one that stays the same for the binding."""
    try:
        return str(UUID(binding.database_id or ""))
    except ValueError:
        return str(uuid5(ASSUMED, binding.binding))


def assumed_secrets(project: Project, environment: Mapping[str, str]) -> dict[str, str]:
    """A text for every name that the worker reads from `env` as a plain value and the config does not give.

    Secrets are set on the account and stand in no config
    (https://developers.cloudflare.com/workers/configuration/secrets/). One that the trigger sends along
    (`headers_env`) has that variable's value, so that the two agree.
    """
    trigger = project.settings.trigger
    sent = set(trigger.headers_env.values()) if trigger else set()
    return {
        name: environment.get(name, "") if name in sent else placeholder(name)
        for name in _plain_names(project)
    }


def placeholder(name: str) -> str:
    """The made-up value of a secret."""
    return f"placeholder of {name}"


def _plain_names(project: Project) -> list[str]:
    """Names of which no method is called, and whose absence the code does not provide for."""
    uses = [use for use in (project.source.binding_uses if project.source else ()) if use.reachable]
    other = {use.binding for use in uses if use.method is not None or use.guarded}
    bindings = project.config.bindings if project.config else ()
    given = {one.binding for one in bindings if getattr(one, "kind", "") != "secret_text"}
    return sorted({use.binding for use in uses} - other - given)
