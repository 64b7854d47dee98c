"""Named environments: which keys a section of `env` inherits from the top level, and which it does not.

https://developers.cloudflare.com/workers/wrangler/environments/, and the validation in wrangler 4.164.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diagnose.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.project.document import ConfigDocument

NOT_INHERITED = frozenset(
    {
        "agent_memory",
        "ai",
        "ai_search",
        "ai_search_namespaces",
        "analytics",
        "analytics_engine_datasets",
        "artifacts",
        "browser",
        "cloudchamber",
        "connect",
        "containers",
        "d1_databases",
        "define",
        "dispatch_namespaces",
        "durable_objects",
        "flagship",
        "hyperdrive",
        "images",
        "k2",
        "kv_namespaces",
        "media",
        "mtls_certificates",
        "pipelines",
        "queues",
        "r2_buckets",
        "ratelimits",
        "secrets",
        "secrets_store_secrets",
        "send_email",
        "services",
        "stream",
        "streaming_tail_consumers",
        "tail_consumers",
        "unsafe",
        "unsafe_hello_world",
        "vars",
        "vectorize",
        "version_metadata",
        "vpc_networks",
        "vpc_services",
        "worker_loaders",
        "workflows",
    }
)
"""Keys that a named environment must repeat; every other comes from the top level unless set anew."""

_ROUTE_KEYS = frozenset({"route", "routes"})


def environment_names(document: ConfigDocument) -> tuple[str, ...]:
    """The environments that a config declares, in its order."""
    declared = document.get("env")
    return tuple(declared) if isinstance(declared, dict) else ()


def environment_warning(document: ConfigDocument, environment: str | None) -> str | None:
    """Why a chosen environment has no effect but on the worker's name, or None."""
    if environment is None or environment_names(document):
        return None
    return f"{document.path} declares no environments; `{environment}` only changes the worker's name"


def effective_data(document: ConfigDocument, environment: str | None) -> Mapping[str, Any]:
    """The top-level keys as they hold in an environment; None means the top level itself.

    Raises:
        UsageError: the environment does not exist while others do.
    """
    top = {key: value for key, value in document.data.items() if key != "env"}
    if environment is None:
        return top
    own = document.get("env", environment)
    names = environment_names(document)
    if own is None and names:
        raise UsageError(
            f"there is no environment `{environment}`",
            where=document.path,
            hint="use one of these with --env: " + ", ".join(names),
        )
    name = {"name": f"{top['name']}-{environment}"} if isinstance(top.get("name"), str) else {}
    if not isinstance(own, dict):
        return {**top, **name}
    return {**_inherited(top, own), **name, **{key: value for key, value in own.items() if value is not None}}


def _inherited(top: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What the section takes over; one with a route of its own takes over neither `route` nor `routes`."""
    replaced = _ROUTE_KEYS if _ROUTE_KEYS & own.keys() else frozenset()
    return {key: value for key, value in top.items() if key not in NOT_INHERITED and key not in replaced}
