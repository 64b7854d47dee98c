"""How queues and their consumers change. Pure: a state in, a state out, or a RefusalError.

The codes are those that users of Cloudflare's API report; the texts beside them are ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import uuid4

from diagnose.d1.limits import LIMITS
from diagnose.embedded.deploying import find
from diagnose.embedded.handlers import lacks_queue_handler
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.state import ConsumerState, QueueState, timestamp

if TYPE_CHECKING:
    from diagnose.embedded.state import AccountState, ConsumerSettings, Plan

Value = TypeVar("Value")

_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
_LIMITS: Final = LIMITS.queues


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """What is asked of a queue; None leaves a setting as it is (or at the platform's default)."""

    delivery_delay: int | None = None
    delivery_paused: bool | None = None
    message_retention_period: int | None = None


_UNSAID: Final = QueueSettings()


def no_queue(queue: str) -> RefusalError:
    """A queue that the account does not have."""
    return RefusalError(404, 11000, f"The queue {queue} could not be found.")


def no_consumer(consumer_id: str) -> RefusalError:
    """A consumer that the queue does not have."""
    return RefusalError(404, 11000, f"The consumer {consumer_id} could not be found.")


def make_queue(
    account: AccountState,
    name: str,
    settings: QueueSettings = _UNSAID,
    *,
    queue_id: str | None = None,
    plan: Plan = "paid",
) -> QueueState:
    """A new queue.

    Raises:
        RefusalError: 11003 the name cannot be used; 11009 it is taken; 100128 the settings cannot be used.
    """
    if account.queue_named(name) is not None:
        raise RefusalError(400, 11009, f"A queue with the name {name!r} already exists.")
    now = timestamp()
    queue = QueueState(
        id=queue_id or uuid4().hex,
        name=_checked_name(name),
        created_on=now,
        modified_on=now,
        message_retention_period=default_retention(plan),
    )
    return with_settings(queue, settings, plan=plan)


def default_retention(plan: Plan) -> int:
    """Seconds that a message is kept unless its queue says otherwise."""
    return min(int(_LIMITS.default_retention_seconds), int(_LIMITS.max_retention_seconds.of(plan)))


def renamed(account: AccountState, queue: QueueState, name: str) -> QueueState:
    """The queue under another name. Raises RefusalError 11003 or 11009."""
    other = account.queue_named(name)
    if other is not None and other.id != queue.id:
        raise RefusalError(400, 11009, f"A queue with the name {name!r} already exists.")
    return replace(queue, name=_checked_name(name), modified_on=timestamp())


def with_settings(queue: QueueState, settings: QueueSettings, *, plan: Plan = "paid") -> QueueState:
    """The queue with what the settings say. Raises RefusalError 100128."""
    changed = replace(
        queue,
        delivery_delay=_said(settings.delivery_delay, queue.delivery_delay),
        delivery_paused=_said(settings.delivery_paused, queue.delivery_paused),
        message_retention_period=_said(settings.message_retention_period, queue.message_retention_period),
        modified_on=timestamp(),
    )
    longest = int(_LIMITS.max_retention_seconds.of(plan))
    retention = range(int(_LIMITS.min_retention_seconds), longest + 1)
    if changed.delivery_delay not in range(int(_LIMITS.delay_seconds) + 1):
        raise _unusable_queue(f"delivery_delay must be from 0 to {int(_LIMITS.delay_seconds)} seconds")
    if changed.message_retention_period not in retention:
        raise _unusable_queue(f"message_retention_period must be from {retention[0]} to {longest} seconds")
    return changed


def attach(
    account: AccountState, queue: QueueState, script: str | None, settings: ConsumerSettings
) -> QueueState:
    """The queue with a consumer: a worker, or (`script` is None) whoever pulls over HTTP.

    Raises:
        RefusalError: 11004 it has one; 10007 the worker does not exist; 11001 the worker has no queue
            handler; 100127 the settings cannot be used.
    """
    if queue.consumer is not None:
        raise RefusalError(400, 11004, f"The queue {queue.name} already has a consumer.")
    now = timestamp()
    consumer = ConsumerState(
        id=uuid4().hex,
        created_on=now,
        type="http_pull" if script is None else "worker",
        script=_checked_script(account, script),
        settings=_checked(settings),
    )
    return replace(queue, consumer=consumer, modified_on=now)


def reattached(
    account: AccountState, queue: QueueState, script: str | None, settings: ConsumerSettings
) -> QueueState:
    """The queue whose consumer keeps its id and is otherwise new. Raises RefusalError as `attach`."""
    if queue.consumer is None:
        raise no_consumer(queue.name)
    consumer = replace(
        queue.consumer,
        type="http_pull" if script is None else "worker",
        script=_checked_script(account, script),
        settings=_checked(settings),
    )
    return replace(queue, consumer=consumer, modified_on=timestamp())


def _checked_script(account: AccountState, script: str | None) -> str | None:
    if script is None:
        return None
    version = find(account, script).latest
    if version is not None and lacks_queue_handler(version):
        raise RefusalError(400, 11001, f"The queue handler is missing in the worker {script}.")
    return script


def _checked(settings: ConsumerSettings) -> ConsumerSettings:
    concurrency = 1 if settings.max_concurrency is None else settings.max_concurrency
    for name, value, lowest, highest in (
        ("batch_size", settings.batch_size, 1, _LIMITS.max_batch_size),
        ("max_retries", settings.max_retries, 0, _LIMITS.max_retries),
        ("max_wait_time_ms", settings.max_wait_time_ms, 0, _LIMITS.max_batch_timeout * 1000),
        ("retry_delay", settings.retry_delay, 0, _LIMITS.delay_seconds),
        ("max_concurrency", concurrency, 1, _LIMITS.concurrency),
        ("visibility_timeout_ms", settings.visibility_timeout_ms, 1, _LIMITS.max_visibility_seconds * 1000),
    ):
        if not lowest <= value <= highest:
            raise RefusalError(400, 100127, f"{name} must be from {lowest} to {int(highest)}.")
    return settings


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise RefusalError(400, 11003, f"{name!r} cannot be the name of a queue.")
    return name


def _unusable_queue(reason: str) -> RefusalError:
    return RefusalError(400, 100128, f"{reason}.")


def _said(said: Value | None, before: Value) -> Value:
    return before if said is None else said
