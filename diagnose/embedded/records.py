"""The account's state as JSON, and back. Module contents are named by digest; the store keeps them apart."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from diagnose.embedded.state import (
    AccountState,
    ConsumerSettings,
    ConsumerState,
    DatabaseState,
    DeploymentState,
    Module,
    QueueState,
    ScheduleState,
    ScriptState,
    VersionState,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diagnose.model import Json

FORMAT: Final = "diagnose-embedded-account"
VERSION: Final = 1

UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""How the ids of databases are written. They become file names, so nothing else is let in."""

QUEUE_ID: Final = re.compile(r"[0-9a-f]{32}")
"""How the ids of queues and of consumers are written."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class RecordError(ValueError):
    """A document that is not a record of ours, with the reason."""


def to_record(state: AccountState) -> Mapping[str, Json]:
    """The document that `from_record` reads."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "account_id": state.account_id,
        "name": state.name,
        "created_on": state.created_on,
        "subdomain": state.subdomain,
        "databases": [
            {"uuid": database.uuid, "name": database.name, "created_at": database.created_at}
            for database in state.databases.values()
        ],
        "scripts": [_script_record(script) for script in state.scripts.values()],
        "queues": [asdict(queue) for queue in state.queues.values()],
    }


def from_record(record: Any, content: Callable[[str], bytes]) -> AccountState:
    """The state that was recorded; `content` finds a module by its digest.

    Raises:
        RecordError: the document is not a record, or one of a version that we do not know.
    """
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise RecordError("it was not written by diagnose")
    if record.get("version") != VERSION:
        raise RecordError(
            f"it has the format version {record.get('version')!r}; this program knows {VERSION}"
        )
    try:
        return AccountState(
            account_id=_text(record["account_id"]),
            name=_text(record["name"]),
            created_on=_text(record["created_on"]),
            subdomain=_text(record["subdomain"]),
            databases={item["uuid"]: _database(item) for item in record["databases"]},
            scripts={_text(item["name"]): _script(item, content) for item in record["scripts"]},
            # Accounts that were saved before there were queues have none.
            queues={item["id"]: _queue(item) for item in record.get("queues", ())},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"it is damaged ({type(error).__name__}: {error})") from error


def _script_record(script: ScriptState) -> dict[str, Json]:
    return {
        "name": script.name,
        "tag": script.tag,
        "created_on": script.created_on,
        "modified_on": script.modified_on,
        "subdomain": script.subdomain,
        "previews": script.previews,
        "versions": [_version_record(version) for version in script.versions],
        "deployments": [_deployment_record(deployment) for deployment in script.deployments],
        "schedules": [
            {"cron": schedule.cron, "created_on": schedule.created_on, "modified_on": schedule.modified_on}
            for schedule in script.schedules
        ],
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
    }


def _deployment_record(deployment: DeploymentState) -> dict[str, Json]:
    return {
        "id": deployment.id,
        "created_on": deployment.created_on,
        "source": deployment.source,
        "versions": [[version_id, percentage] for version_id, percentage in deployment.versions],
        "annotations": dict(deployment.annotations),
    }


def _database(item: Mapping[str, Any]) -> DatabaseState:
    return DatabaseState(
        uuid=_text(item["uuid"], UUID), name=_text(item["name"]), created_at=_text(item["created_at"])
    )


def _script(item: Mapping[str, Any], content: Callable[[str], bytes]) -> ScriptState:
    return ScriptState(
        name=_text(item["name"]),
        tag=_text(item["tag"]),
        created_on=_text(item["created_on"]),
        modified_on=_text(item["modified_on"]),
        subdomain=bool(item["subdomain"]),
        previews=bool(item["previews"]),
        versions=tuple(_version(version, content) for version in item["versions"]),
        deployments=tuple(map(_deployment, item["deployments"])),
        schedules=tuple(map(_schedule, item["schedules"])),
    )


def _version(item: Mapping[str, Any], content: Callable[[str], bytes]) -> VersionState:
    modules = {
        _text(name): Module(
            content=content(_text(module["sha256"], _DIGEST)), content_type=_text(module["content_type"])
        )
        for name, module in item["modules"].items()
    }
    return VersionState(
        id=_text(item["id"]),
        number=int(item["number"]),
        created_on=_text(item["created_on"]),
        source=_text(item["source"]),
        main_module=_text(item["main_module"]),
        modules=modules,
        bindings=tuple(dict(binding) for binding in item["bindings"]),
        compatibility_date=_text(item["compatibility_date"]),
        compatibility_flags=tuple(map(_text, item["compatibility_flags"])),
        annotations={_text(key): _text(value) for key, value in item["annotations"].items()},
    )


def _deployment(item: Mapping[str, Any]) -> DeploymentState:
    return DeploymentState(
        id=_text(item["id"]),
        created_on=_text(item["created_on"]),
        source=_text(item["source"]),
        versions=tuple((_text(version_id), float(percentage)) for version_id, percentage in item["versions"]),
        annotations={_text(key): _text(value) for key, value in item["annotations"].items()},
    )


def _schedule(item: Mapping[str, Any]) -> ScheduleState:
    return ScheduleState(
        cron=_text(item["cron"]),
        created_on=_text(item["created_on"]),
        modified_on=_text(item["modified_on"]),
    )


def _queue(item: Mapping[str, Any]) -> QueueState:
    consumer = item["consumer"]
    return QueueState(
        id=_text(item["id"], QUEUE_ID),
        name=_text(item["name"]),
        created_on=_text(item["created_on"]),
        modified_on=_text(item["modified_on"]),
        delivery_delay=int(item["delivery_delay"]),
        delivery_paused=bool(item["delivery_paused"]),
        message_retention_period=int(item["message_retention_period"]),
        consumer=None if consumer is None else _consumer(consumer),
        purged_on=None if item["purged_on"] is None else _text(item["purged_on"]),
    )


def _consumer(item: Mapping[str, Any]) -> ConsumerState:
    settings = dict(item["settings"])
    numbers = {name: int(value) for name, value in settings.items() if isinstance(value, int)}
    dead_letter_queue = settings["dead_letter_queue"]
    return ConsumerState(
        id=_text(item["id"], QUEUE_ID),
        created_on=_text(item["created_on"]),
        type="worker" if item["script"] is not None else "http_pull",
        script=None if item["script"] is None else _text(item["script"]),
        settings=ConsumerSettings(
            **numbers,
            dead_letter_queue=None if dead_letter_queue is None else _text(dead_letter_queue),
        ),
    )


def _text(value: Any, form: re.Pattern[str] | None = None) -> str:
    if not isinstance(value, str) or (form is not None and not form.fullmatch(value)):
        raise TypeError(f"{value!r} stands where it cannot")
    return value
