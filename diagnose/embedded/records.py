"""The account's state as JSON, and back. Code and secrets are only named; the store keeps them apart."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from diagnose.embedded.state import (
    AccountState,
    ConsumerSettings,
    ConsumerState,
    DatabaseSettings,
    DatabaseState,
    QueueState,
)
from diagnose.embedded.states.recorded import QUEUE_ID, UUID, text
from diagnose.embedded.states.worker_records import read_script, script_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.embedded.states.worker_records import Kept
    from diagnose.model import Json

__all__ = ["FORMAT", "QUEUE_ID", "UUID", "VERSION", "RecordError", "from_record", "to_record"]

FORMAT: Final = "diagnose-embedded-account"
VERSION: Final = 1


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
        "worker_defaults": dict(state.worker_defaults),
        "databases": [asdict(database) for database in state.databases.values()],
        "scripts": [script_record(script) for script in state.scripts.values()],
        "queues": [asdict(queue) for queue in state.queues.values()],
    }


def from_record(record: Any, kept: Kept) -> AccountState:
    """The state that was recorded; `kept` finds what it only names.

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
            account_id=text(record["account_id"]),
            name=text(record["name"]),
            created_on=text(record["created_on"]),
            subdomain=text(record["subdomain"]),
            worker_defaults={**AccountState().worker_defaults, **record.get("worker_defaults", {})},
            databases={item["uuid"]: _database(item) for item in record["databases"]},
            scripts={text(item["name"]): read_script(item, kept) for item in record["scripts"]},
            # Accounts that were saved before there were queues have none.
            queues={item["id"]: _queue(item) for item in record.get("queues", ())},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"it is damaged ({type(error).__name__}: {error})") from error


def _database(item: Mapping[str, Any]) -> DatabaseState:
    return DatabaseState(
        uuid=text(item["uuid"], UUID),
        name=text(item["name"]),
        created_at=text(item["created_at"]),
        # Accounts that were saved before databases had settings say nothing of them.
        settings=_settings(item["settings"]) if "settings" in item else DatabaseSettings(),
    )


def _settings(item: Mapping[str, Any]) -> DatabaseSettings:
    jurisdiction = item["jurisdiction"]
    return DatabaseSettings(
        location=text(item["location"]),
        jurisdiction=None if jurisdiction is None else text(jurisdiction),
        read_replication="auto" if item["read_replication"] == "auto" else "disabled",
    )


def _queue(item: Mapping[str, Any]) -> QueueState:
    consumer = item["consumer"]
    return QueueState(
        id=text(item["id"], QUEUE_ID),
        name=text(item["name"]),
        created_on=text(item["created_on"]),
        modified_on=text(item["modified_on"]),
        delivery_delay=int(item["delivery_delay"]),
        delivery_paused=bool(item["delivery_paused"]),
        message_retention_period=int(item["message_retention_period"]),
        consumer=None if consumer is None else _consumer(consumer),
        purged_on=None if item["purged_on"] is None else text(item["purged_on"]),
    )


def _consumer(item: Mapping[str, Any]) -> ConsumerState:
    settings = dict(item["settings"])
    numbers = {name: int(value) for name, value in settings.items() if isinstance(value, int)}
    dead_letter_queue = settings["dead_letter_queue"]
    return ConsumerState(
        id=text(item["id"], QUEUE_ID),
        created_on=text(item["created_on"]),
        type="worker" if item["script"] is not None else "http_pull",
        script=None if item["script"] is None else text(item["script"]),
        settings=ConsumerSettings(
            **numbers,
            dead_letter_queue=None if dead_letter_queue is None else text(dead_letter_queue),
        ),
    )
