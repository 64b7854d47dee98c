"""Workers as JSON, and back. Code is named by digest, a secret by its id; the store keeps both apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from diagnose.embedded.states.recorded import DIGEST, text
from diagnose.embedded.states.workers import (
    DeploymentState,
    Module,
    ScheduleState,
    ScriptSettings,
    ScriptState,
    SecretText,
    VersionState,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diagnose.model import Json

_DEFAULTS: Final = ScriptSettings()


@dataclass(frozen=True, slots=True)
class Kept:
    """Finds what a record only names.

    Attributes:
        content: a module by its digest.
        secret: the text of a secret by its id, or None where it was taken away.
    """

    content: Callable[[str], bytes]
    secret: Callable[[str], str | None]


def script_record(script: ScriptState) -> dict[str, Json]:
    """What `read_script` reads."""
    return {
        "name": script.name,
        "tag": script.tag,
        "created_on": script.created_on,
        "modified_on": script.modified_on,
        "subdomain": script.subdomain,
        "previews": script.previews,
        "settings": _settings_record(script.settings),
        "versions": [_version_record(version) for version in script.versions],
        "deployments": [_deployment_record(deployment) for deployment in script.deployments],
        "schedules": [
            {"cron": schedule.cron, "created_on": schedule.created_on, "modified_on": schedule.modified_on}
            for schedule in script.schedules
        ],
    }


def read_script(item: Mapping[str, Any], kept: Kept) -> ScriptState:
    """The worker that was recorded. Raises KeyError, TypeError or ValueError for anything else."""
    return ScriptState(
        name=text(item["name"]),
        tag=text(item["tag"]),
        created_on=text(item["created_on"]),
        modified_on=text(item["modified_on"]),
        subdomain=bool(item["subdomain"]),
        previews=bool(item["previews"]),
        # Accounts that were saved before there were settings and secrets have none.
        settings=_settings(item.get("settings", {})),
        versions=tuple(_version(version, kept) for version in item["versions"]),
        deployments=tuple(map(_deployment, item["deployments"])),
        schedules=tuple(map(_schedule, item["schedules"])),
    )


def _settings_record(settings: ScriptSettings) -> dict[str, Json]:
    return {
        "logpush": settings.logpush,
        "tags": list(settings.tags),
        "tail_consumers": [dict(consumer) for consumer in settings.tail_consumers],
        "observability": dict(settings.observability),
        "migration_tag": settings.migration_tag,
    }


def _version_record(version: VersionState) -> dict[str, Json]:
    return {
        "id": version.id,
        "number": version.number,
        "created_on": version.created_on,
        "source": version.source,
        "main_module": version.main_module,
        "modules": {
            name: {"sha256": module.digest, "content_type": module.content_type}
            for name, module in version.modules.items()
        },
        "bindings": [dict(binding) for binding in version.bindings],
        "compatibility_date": version.compatibility_date,
        "compatibility_flags": list(version.compatibility_flags),
        "annotations": dict(version.annotations),
        "secrets": {name: secret.id for name, secret in version.secrets.items()},
        "configured": dict(version.configured),
    }


def _deployment_record(deployment: DeploymentState) -> dict[str, Json]:
    return {
        "id": deployment.id,
        "created_on": deployment.created_on,
        "source": deployment.source,
        "versions": [[version_id, percentage] for version_id, percentage in deployment.versions],
        "annotations": dict(deployment.annotations),
    }


def _settings(item: Mapping[str, Any]) -> ScriptSettings:
    tag = item.get("migration_tag")
    return ScriptSettings(
        logpush=bool(item.get("logpush", False)),
        tags=tuple(map(text, item.get("tags", ()))),
        tail_consumers=tuple(dict(consumer) for consumer in item.get("tail_consumers", ())),
        observability=dict(item.get("observability", _DEFAULTS.observability)),
        migration_tag=None if tag is None else text(tag),
    )


def _version(item: Mapping[str, Any], kept: Kept) -> VersionState:
    modules = {
        text(name): Module(
            content=kept.content(text(module["sha256"], DIGEST)), content_type=text(module["content_type"])
        )
        for name, module in item["modules"].items()
    }
    return VersionState(
        id=text(item["id"]),
        number=int(item["number"]),
        created_on=text(item["created_on"]),
        source=text(item["source"]),
        main_module=text(item["main_module"]),
        modules=modules,
        bindings=tuple(dict(binding) for binding in item["bindings"]),
        compatibility_date=text(item["compatibility_date"]),
        compatibility_flags=tuple(map(text, item["compatibility_flags"])),
        annotations={text(key): text(value) for key, value in item["annotations"].items()},
        secrets=_secrets(item.get("secrets", {}), kept),
        configured=dict(item.get("configured", {})),
    )


def _secrets(item: Mapping[str, Any], kept: Kept) -> dict[str, SecretText]:
    found = {text(name): (text(secret_id), kept.secret(secret_id)) for name, secret_id in item.items()}
    return {
        name: SecretText(id=secret_id, text=value)
        for name, (secret_id, value) in found.items()
        if value is not None
    }


def _deployment(item: Mapping[str, Any]) -> DeploymentState:
    return DeploymentState(
        id=text(item["id"]),
        created_on=text(item["created_on"]),
        source=text(item["source"]),
        versions=tuple((text(version_id), float(percentage)) for version_id, percentage in item["versions"]),
        annotations={text(key): text(value) for key, value in item["annotations"].items()},
    )


def _schedule(item: Mapping[str, Any]) -> ScheduleState:
    return ScheduleState(
        cron=text(item["cron"]),
        created_on=text(item["created_on"]),
        modified_on=text(item["modified_on"]),
    )
