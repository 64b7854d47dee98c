"""Bindings that are neither D1 nor queue producers: their keys in the config and the API's types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.project.document import Keys

# Name, kind, settings as written, path below the environment's section.
Found: TypeAlias = "tuple[str, str, Mapping[str, Any], Keys]"

_BINDING_LISTS = {
    "agent_memory": "agent_memory",
    "ai_search": "ai_search",
    "ai_search_namespaces": "ai_search_namespace",
    "analytics_engine_datasets": "analytics_engine",
    "artifacts": "artifacts",
    "dispatch_namespaces": "dispatch_namespace",
    "flagship": "flagship",
    "hyperdrive": "hyperdrive",
    "k2": "k2",
    "kv_namespaces": "kv_namespace",
    "mtls_certificates": "mtls_certificate",
    "pipelines": "pipelines",
    "r2_buckets": "r2_bucket",
    "ratelimits": "ratelimit",
    "secrets_store_secrets": "secrets_store_secret",
    "send_email": "send_email",
    "services": "service",
    "unsafe_hello_world": "unsafe_hello_world",
    "vectorize": "vectorize",
    "vpc_networks": "vpc_network",
    "vpc_services": "vpc_service",
    "worker_loaders": "worker_loader",
    "workflows": "workflow",
}
_SINGLE_BINDINGS = {
    "ai": "ai",
    "analytics": "analytics",
    "assets": "assets",
    "browser": "browser",
    "images": "images",
    "media": "media",
    "stream": "stream",
    "version_metadata": "version_metadata",
}
_NESTED_LISTS = {
    "durable_objects": "durable_object_namespace",
    "logfwdr": "logfwdr",
    "unsafe": "unsafe",
}
_BLOBS = {"data_blobs": "data_blob", "text_blobs": "text_blob", "wasm_modules": "wasm_module"}

# `name` names the binding only in these; a workflow's `name` is that of the workflow.
_NAMED_BY_NAME = frozenset({"durable_objects", "logfwdr", "ratelimits", "send_email", "unsafe"})


def other_bindings(data: Mapping[str, Any]) -> Iterator[Found]:
    """Every other binding of an environment's effective data."""
    for key, kind in _BINDING_LISTS.items():
        yield from _listed(data.get(key), kind, (key,))
    for key, kind in _NESTED_LISTS.items():
        if isinstance(data.get(key), dict):
            yield from _listed(data[key].get("bindings"), kind, (key, "bindings"))
    for key, kind in _SINGLE_BINDINGS.items():
        yield from _single(data.get(key), kind, (key,))
    for key, kind in _BLOBS.items():
        if isinstance(data.get(key), dict):
            yield from ((name, kind, {}, (key, name)) for name in data[key])
    yield from _variables(data)


def _listed(value: Any, kind: str, keys: Keys) -> Iterator[Found]:
    for index, entry in enumerate(value if isinstance(value, list) else ()):
        yield from _single(entry, kind, (*keys, index))


def _single(entry: Any, kind: str, keys: Keys) -> Iterator[Found]:
    if not isinstance(entry, dict):
        return
    name = entry.get("name" if keys[0] in _NAMED_BY_NAME else "binding")
    if isinstance(name, str):
        yield name, kind, entry, keys


def _variables(data: Mapping[str, Any]) -> Iterator[Found]:
    """`vars`, and the secrets that `secrets.required` promises; other secrets never stand in a config."""
    variables = data.get("vars")
    for name, value in variables.items() if isinstance(variables, dict) else ():
        yield name, "plain_text" if isinstance(value, str) else "json", {}, ("vars", name)
    secrets = data.get("secrets")
    required = secrets.get("required") if isinstance(secrets, dict) else None
    for index, name in enumerate(required if isinstance(required, list) else ()):
        if isinstance(name, str):
            yield name, "secret_text", {}, ("secrets", "required", index)
