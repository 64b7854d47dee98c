"""Messages of a queue: push, pull, acknowledge, peek, purge, and how much there is.

Codes and names are those of https://developers.cloudflare.com/queues/reference/error-codes/ (2026-04-21).
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from diagnose.d1.limits import LIMITS
from diagnose.d1.messages import send_refusal
from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import success
from diagnose.embedded.app.queues import QUEUE, described, known_queue
from diagnose.embedded.invocation import OutgoingMessage
from diagnose.embedded.queues.pulling import acknowledge, pull
from diagnose.embedded.records import QUEUE_ID
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from diagnose.embedded.app.calls import Call
    from diagnose.embedded.invocation import Backlog
    from diagnose.embedded.queues import QueuedMessage
    from diagnose.embedded.state import ConsumerState, QueueState

_LIMITS: Final = LIMITS.queues
# Over HTTP the documented 256 KB hold; the measured allowance is that of local development.
_PUSHED: Final = replace(_LIMITS, batch_bytes=_LIMITS.batch_bytes.pinned(int(_LIMITS.batch_bytes)))
_LONGEST_MS: Final = int(_LIMITS.max_visibility_seconds) * 1000
_PURGE: Final = "delete_messages_permanently"


async def push(call: Call) -> Response:
    """One message."""
    queue, body = _queue(call), await _object(call, halves=True)
    return _push(call, queue, [_message(body)], batch=False)


async def push_batch(call: Call) -> Response:
    """Several messages, all or none; `delay_seconds` holds for those that do not say."""
    queue, body = _queue(call), await _object(call, halves=True)
    items = body.get("messages")
    if not isinstance(items, list) or not items:
        raise _invalid("messages must be a list of at least one message")
    delay = _number(body, "delay_seconds")
    messages = [_message(item) for item in items]
    return _push(
        call,
        queue,
        [replace(one, delay_seconds=delay) if one.delay_seconds is None else one for one in messages],
        batch=True,
    )


async def pull_messages(call: Call) -> Response:
    """The next messages, under leases; only for queues with a consumer of type http_pull."""
    queue, body = _queue(call), await _object(call)
    settings = _pulling(queue).settings
    size = _size(body)
    older = _whole(body, "visibility_timeout", settings.visibility_timeout_ms, _LONGEST_MS)
    hidden = _whole(body, "visibility_timeout_ms", older, _LONGEST_MS)
    taken = pull(call.account, queue.id, settings, batch_size=size, visibility_timeout_ms=hidden)
    backlog = call.account.backlog(queue.id)
    return success(
        {
            "message_backlog_count": backlog.messages,
            "messages": [{**_shown(one), "lease_id": one.lease} for one in taken],
            "metadata": {"metrics": _metrics(backlog)},
        }
    )


async def acknowledge_messages(call: Call) -> Response:
    """Settle leases: acknowledge them, or ask for the messages again."""
    queue, body = _queue(call), await _object(call)
    settings = _pulling(queue).settings
    acks, retries = _named(body, "acks", "lease_id"), _named(body, "retries", "lease_id")
    done = acknowledge(call.account, queue.id, settings, acks=tuple(acks), retries=retries)
    return success({"ackCount": done.acked, "retryCount": done.retried, "warnings": dict(done.warnings)})


async def peek(call: Call) -> Response:
    """The first messages, which stay where they are."""
    queue, body = _queue(call), await _object(call)
    messages = call.account.peek(queue.id, _size(body))
    return success({"messages": [{**_shown(one), "ref": one.id} for one in messages]})


async def purge_messages(call: Call) -> Response:
    """Delete messages that were peeked, by their `ref`."""
    queue, body = _queue(call), await _object(call)
    refs = _named(body, "refs", "ref")
    unknown = call.account.messages.remove(queue.id, tuple(refs))
    return success({"errors": [], "warnings": dict.fromkeys(unknown, "the message is not known")})


async def metrics(call: Call) -> Response:
    """How many messages wait, and since when."""
    return success(_metrics(call.account.backlog(known_queue(call).id)))


async def purge(call: Call) -> Response:
    """Delete every message. Raises RefusalError 10026 unless the body says that it is meant."""
    queue, unsaid = known_queue(call), RefusalError(400, 10026, f'The body must be {{"{_PURGE}": true}}.')
    body = await call.json_object(unsaid)
    if body.get(_PURGE) is not True:
        raise unsaid
    return success(described(call, call.account.purge(queue.id)))


async def read_purge(call: Call) -> Response:
    """When the last purge started and ended: it takes no time here."""
    moment = known_queue(call).purged_on
    return success({"started_at": moment, "completed": moment})


def _push(call: Call, queue: QueueState, messages: list[OutgoingMessage], *, batch: bool) -> Response:
    sizes = [len(message.body) for message in messages]
    delays = [message.delay_seconds for message in messages]
    refusal = send_refusal(sizes, delays, batch=batch, limits=_PUSHED)
    if refusal is not None:
        raise RefusalError(400, refusal.code, f"{refusal.cause}: {refusal.text}")
    call.account.enqueue(queue.id, messages)
    return success({"metadata": {"metrics": _metrics(call.account.backlog(queue.id))}})


def _message(item: Any) -> OutgoingMessage:
    if not isinstance(item, dict) or "body" not in item:
        raise _invalid("a message must be an object with a body")
    delay = _number(item, "delay_seconds")
    match item.get("content_type", "json"), item["body"]:
        case "json", body:
            content = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
            return OutgoingMessage(content_type="json", body=_bytes(content), delay_seconds=delay)
        case "text", str() as body:
            return OutgoingMessage(content_type="text", body=_bytes(body), delay_seconds=delay)
        case "text", _:
            raise _invalid("the body of a message of content type text must be a string")
        case other, _:
            raise RefusalError(400, 10203, f"MessageMetadataInvalid: content_type {other!r} is none")


def _bytes(text: str) -> bytes:
    """UTF-8; JSON may hold half a surrogate pair."""
    return text.encode("utf-8", "surrogatepass")


def _shown(message: QueuedMessage) -> dict[str, Any]:
    """A message as it is pulled: text as it is, everything else in base64."""
    is_text = message.content_type == "text"
    body = (
        message.body.decode(errors="replace") if is_text else base64.b64encode(message.body).decode("ascii")
    )
    return {
        "id": message.id,
        "attempts": message.attempts,
        "timestamp_ms": message.sent,
        "body": body,
        "metadata": {"CF-Content-Type": message.content_type},
    }


def _metrics(backlog: Backlog) -> dict[str, int]:
    return {
        "backlog_count": backlog.messages,
        "backlog_bytes": backlog.bytes,
        "oldest_message_timestamp_ms": backlog.oldest_ms or 0,
    }


def _queue(call: Call) -> QueueState:
    """The queue in the path, with the codes of the message plane."""
    if not QUEUE_ID.fullmatch(call["queue_id"]):
        raise RefusalError(400, 10107, f"QueueIDMalformed: {call['queue_id']} is no id of a queue")
    if call["queue_id"] not in call.account.queues:
        raise RefusalError(404, 10104, f"QueueNotFound: there is no queue {call['queue_id']}")
    return call.account.queue(call["queue_id"])


def _pulling(queue: QueueState) -> ConsumerState:
    # Which code Cloudflare uses here is not documented; a capability that is off comes nearest.
    if queue.consumer is None or queue.consumer.type != "http_pull":
        message = f"FeatureFlagNotSet: the queue {queue.name} has no consumer of type http_pull"
        raise RefusalError(400, 10105, message)
    return queue.consumer


async def _object(call: Call, *, halves: bool = False) -> dict[str, Any]:
    malformed = RefusalError(400, 10208, "JSONRequestBodyMalformed: the body is not JSON")
    body = await call.json(malformed, halves=halves)
    if not isinstance(body, dict):
        raise _invalid("the body must be an object")
    return body


def _number(body: Mapping[str, Any], key: str) -> float | None:
    value = body.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise _invalid(f"{key} must be a number")
    return value


def _whole(body: Mapping[str, Any], key: str, default: int, largest: int) -> int:
    value = _number(body, key)
    if value is None:
        return default
    if not 1 <= value <= largest:
        raise _invalid(f"{key} must be from 1 to {largest}")
    return int(value)


def _size(body: Mapping[str, Any]) -> int:
    return _whole(body, "batch_size", int(_LIMITS.default_pull_size), int(_LIMITS.max_batch_size))


def _named(body: Mapping[str, Any], key: str, name: str) -> dict[str, float | None]:
    """The items of a list, by what they name, with their delays."""
    items = body.get(key) or []
    if not isinstance(items, list):
        raise _invalid(f"{key} must be a list")
    if not all(isinstance(item, dict) and isinstance(item.get(name), str) for item in items):
        raise _invalid(f"each of {key} must have a {name}")
    return {item[name]: _number(item, "delay_seconds") for item in items}


def _invalid(reason: str) -> RefusalError:
    return RefusalError(400, 10207, f"JSONRequestBodyInvalid: {reason}")


ROUTES: Final = (
    ApiRoute("POST", QUEUE + "/messages", push, Permission.QUEUES_EDIT),
    ApiRoute("POST", QUEUE + "/messages/batch", push_batch, Permission.QUEUES_EDIT),
    ApiRoute("POST", QUEUE + "/messages/pull", pull_messages, Permission.QUEUES_EDIT),
    ApiRoute("POST", QUEUE + "/messages/ack", acknowledge_messages, Permission.QUEUES_EDIT),
    ApiRoute("POST", QUEUE + "/messages/peek", peek, Permission.QUEUES_READ),
    ApiRoute("POST", QUEUE + "/messages/purge", purge_messages, Permission.QUEUES_EDIT),
    ApiRoute("GET", QUEUE + "/metrics", metrics, Permission.QUEUES_READ),
    ApiRoute("POST", QUEUE + "/purge", purge, Permission.QUEUES_EDIT),
    ApiRoute("GET", QUEUE + "/purge", read_purge, Permission.QUEUES_READ),
)
