"""Queues and their consumers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import page, success
from diagnose.embedded.queues import QueueSettings
from diagnose.embedded.queues.changes import default_retention, no_consumer
from diagnose.embedded.records import QUEUE_ID
from diagnose.embedded.refusal import RefusalError, no_route
from diagnose.embedded.state import ConsumerSettings
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from diagnose.embedded.app.calls import Call
    from diagnose.embedded.state import ConsumerState, QueueState

_PER_PAGE: Final = 100
_ENVIRONMENT: Final = "production"


async def list_queues(call: Call) -> Response:
    """All queues, or those with exactly one of the names: wrangler takes the first it is given."""
    names = call.request.query_params.getlist("name")
    found = [
        described(call, queue) for queue in call.account.queues.values() if not names or queue.name in names
    ]
    return page(found, call.request.query_params, per_page=_PER_PAGE)


async def create_queue(call: Call) -> Response:
    """A new queue. Raises RefusalError 11009 for a name that is taken, 11003 for one that is none."""
    body = await call.json_object()
    name = _text(body, "queue_name")
    return success(described(call, call.account.create_queue(name, _settings(body))))


async def read_queue(call: Call) -> Response:
    """One queue with its producers and its consumer."""
    return success(described(call, known_queue(call)))


async def edit_queue(call: Call) -> Response:
    """Change the name and the settings that are given; the others stay."""
    body, queue = await call.json_object(), known_queue(call)
    name = _text(body, "queue_name") if "queue_name" in body else None
    return success(described(call, call.account.change_queue(queue.id, _settings(body), name=name)))


async def replace_queue(call: Call) -> Response:
    """Change the name, and all settings: those that are not given get their defaults."""
    body, queue = await call.json_object(), known_queue(call)
    given = _settings(body)
    settings = QueueSettings(
        delivery_delay=given.delivery_delay or 0,
        delivery_paused=given.delivery_paused or False,
        message_retention_period=given.message_retention_period or default_retention(call.account.plan),
    )
    name = _text(body, "queue_name") if "queue_name" in body else None
    return success(described(call, call.account.change_queue(queue.id, settings, name=name)))


async def delete_queue(call: Call) -> Response:
    """The queue with its messages is gone."""
    call.account.delete_queue(known_queue(call).id)
    return success(None)


async def list_consumers(call: Call) -> Response:
    """The consumer of a queue, if it has one."""
    queue = known_queue(call)
    return success([] if queue.consumer is None else [_consumer(queue, queue.consumer)])


async def create_consumer(call: Call) -> Response:
    """Attach a consumer. Raises RefusalError 11004 when there is one, 11001 without a queue handler."""
    body, queue = await call.json_object(), known_queue(call)
    queue = call.account.attach_consumer(queue.id, _script(body), _consumer_settings(body))
    return success(_consumer(queue, _known_consumer(queue)))


async def read_consumer(call: Call) -> Response:
    """One consumer."""
    queue = known_queue(call)
    return success(_consumer(queue, _known_consumer(queue, call["consumer_id"])))


async def replace_consumer(call: Call) -> Response:
    """Change what the consumer is; settings that are not given get their defaults."""
    body, queue = await call.json_object(), known_queue(call)
    _known_consumer(queue, call["consumer_id"])
    queue = call.account.change_consumer(queue.id, _script(body), _consumer_settings(body))
    return success(_consumer(queue, _known_consumer(queue)))


async def delete_consumer(call: Call) -> Response:
    """Nobody consumes the queue any more; its messages stay."""
    queue = known_queue(call)
    _known_consumer(queue, call["consumer_id"])
    call.account.detach_consumer(queue.id)
    return success(None)


def known_queue(call: Call) -> QueueState:
    """The queue in the path. Raises RefusalError 7003 for what is no id, 11000 for an unknown one."""
    if not QUEUE_ID.fullmatch(call["queue_id"]):
        raise no_route(call.request.url.path)
    return call.account.queue(call["queue_id"])


def described(call: Call, queue: QueueState) -> dict[str, Any]:
    """A queue as the API shows it; wrangler prints both counts."""
    producers = call.account.producers(queue.id)
    consumers = [] if queue.consumer is None else [_consumer(queue, queue.consumer)]
    return {
        "queue_id": queue.id,
        "queue_name": queue.name,
        "created_on": queue.created_on,
        "modified_on": queue.modified_on,
        "jurisdiction": None,
        "settings": {
            "delivery_delay": queue.delivery_delay,
            "delivery_paused": queue.delivery_paused,
            "message_retention_period": queue.message_retention_period,
        },
        "producers_total_count": len(producers),
        "producers": [{"type": "worker", "script": script} for script in producers],
        "consumers_total_count": len(consumers),
        "consumers": consumers,
    }


def _consumer(queue: QueueState, consumer: ConsumerState) -> dict[str, Any]:
    """A consumer as the API shows it: wrangler looks for `script` or `service`, the SDK for `script_name`.

    Without a dead-letter queue its name is empty, as the SDK says.
    """
    settings = consumer.settings
    common = {
        "consumer_id": consumer.id,
        "queue_id": queue.id,
        "queue_name": queue.name,
        "type": consumer.type,
        "created_on": consumer.created_on,
        "dead_letter_queue": settings.dead_letter_queue or "",
    }
    numbers = {
        "batch_size": settings.batch_size,
        "max_retries": settings.max_retries,
        "retry_delay": settings.retry_delay,
    }
    if consumer.script is None:
        pulled = {**numbers, "visibility_timeout_ms": settings.visibility_timeout_ms}
        return {**common, "settings": pulled}
    return {
        **common,
        "script": consumer.script,
        "script_name": consumer.script,
        "service": consumer.script,
        "environment": _ENVIRONMENT,
        "settings": {
            **numbers,
            "max_wait_time_ms": settings.max_wait_time_ms,
            "max_concurrency": settings.max_concurrency,
        },
    }


def _known_consumer(queue: QueueState, consumer_id: str | None = None) -> ConsumerState:
    if queue.consumer is None or consumer_id not in {None, queue.consumer.id}:
        raise no_consumer(consumer_id or queue.name)
    return queue.consumer


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str):
        raise RefusalError(400, 10026, f"{key} must be a string.")
    return value


def _settings(body: Mapping[str, Any]) -> QueueSettings:
    given = _numbers(body, {"delivery_delay", "message_retention_period"}, code=100128)
    paused = (body.get("settings") or {}).get("delivery_paused")
    if not (paused is None or isinstance(paused, bool)):
        raise RefusalError(400, 100128, "delivery_paused must be true or false.")
    return QueueSettings(delivery_paused=paused, **given)


def _consumer_settings(body: Mapping[str, Any]) -> ConsumerSettings:
    names = {"batch_size", "max_retries", "max_wait_time_ms", "max_concurrency", "retry_delay"}
    given = _numbers(body, {*names, "visibility_timeout_ms"}, code=100127)
    target = _text(body, "dead_letter_queue") if body.get("dead_letter_queue") else None
    return ConsumerSettings(dead_letter_queue=target, **given)


def _numbers(body: Mapping[str, Any], names: set[str], *, code: int) -> dict[str, Any]:
    """The named settings that are given and not null. Raises RefusalError with that code."""
    settings = {} if body.get("settings") is None else body["settings"]
    if not isinstance(settings, dict):
        raise RefusalError(400, code, "settings must be an object.")
    given = {name: settings[name] for name in names if settings.get(name) is not None}
    for name, value in given.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not float(value).is_integer():
            raise RefusalError(400, code, f"{name} must be a whole number.")
    return {name: int(value) for name, value in given.items()}


def _script(body: Mapping[str, Any]) -> str | None:
    """The worker that a consumer is, or None for one that pulls."""
    match body.get("type", "worker"):
        case "worker":
            return _text(body, "script_name" if "script_name" in body else "script")
        case "http_pull":
            return None
        case other:
            raise RefusalError(400, 100127, f"type must be worker or http_pull, not {other!r}.")


QUEUES: Final = "/accounts/{account_id}/queues"
QUEUE: Final = QUEUES + "/{queue_id}"
_CONSUMERS: Final = QUEUE + "/consumers"
_CONSUMER: Final = _CONSUMERS + "/{consumer_id}"

ROUTES: Final = (
    ApiRoute("GET", QUEUES, list_queues, Permission.QUEUES_READ),
    ApiRoute("POST", QUEUES, create_queue, Permission.QUEUES_EDIT),
    ApiRoute("GET", QUEUE, read_queue, Permission.QUEUES_READ),
    ApiRoute("PATCH", QUEUE, edit_queue, Permission.QUEUES_EDIT),
    ApiRoute("PUT", QUEUE, replace_queue, Permission.QUEUES_EDIT),
    ApiRoute("DELETE", QUEUE, delete_queue, Permission.QUEUES_EDIT),
    ApiRoute("GET", _CONSUMERS, list_consumers, Permission.QUEUES_READ),
    ApiRoute("POST", _CONSUMERS, create_consumer, Permission.QUEUES_EDIT),
    ApiRoute("GET", _CONSUMER, read_consumer, Permission.QUEUES_READ),
    ApiRoute("PUT", _CONSUMER, replace_consumer, Permission.QUEUES_EDIT),
    ApiRoute("DELETE", _CONSUMER, delete_consumer, Permission.QUEUES_EDIT),
)
