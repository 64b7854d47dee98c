"""Consumers that are no worker: messages are pulled over HTTP, and acknowledged by their leases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from diagnose.embedded.queues.deciding import Fates, bounded
from diagnose.embedded.queues.delivery import settle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.embedded.account import EmbeddedAccount
    from diagnose.embedded.queues.messages import QueuedMessage
    from diagnose.embedded.state import ConsumerSettings

_MANY: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """How many leases were settled; `warnings` says by lease what could not be."""

    acked: int = 0
    retried: int = 0
    warnings: Mapping[str, str] = field(default_factory=dict)


def pull(
    account: EmbeddedAccount,
    queue_id: str,
    settings: ConsumerSettings,
    *,
    batch_size: int,
    visibility_timeout_ms: int,
) -> tuple[QueuedMessage, ...]:
    """The messages that are due now, hidden from others until they are settled or their lease ends."""
    now = account.clock.now_ms()
    _give_up(account, queue_id, settings, now)
    return account.messages.take(
        queue_id, batch_size, now=now, until=now + visibility_timeout_ms, pulled=True
    )


def acknowledge(
    account: EmbeddedAccount,
    queue_id: str,
    settings: ConsumerSettings,
    *,
    acks: Sequence[str],
    retries: Mapping[str, float | None],
) -> Acknowledgement:
    """Be done with the messages under these leases, or ask for them again after a delay in seconds."""
    found = {lease: account.messages.leased(queue_id, lease) for lease in (*acks, *retries)}
    known = {lease: message for lease, message in found.items() if message is not None}
    again = {lease: message for lease, message in known.items() if lease in retries and lease not in acks}
    exhausted = [message.id for message in again.values() if message.attempts > settings.max_retries]
    delays = {
        message.id: bounded(settings.retry_delay if (asked := retries[lease]) is None else asked)
        for lease, message in again.items()
        if message.id not in exhausted
    }
    acked = tuple(message.id for lease, message in known.items() if lease in acks)
    fates = Fates(acked=acked, retried=delays, exhausted=tuple(exhausted))
    settle(account, fates, settings.dead_letter_queue)
    warnings = {lease: "the lease is not known" for lease in found if lease not in known}
    return Acknowledgement(acked=len(acked), retried=len(again), warnings=warnings)


def _give_up(account: EmbeddedAccount, queue_id: str, settings: ConsumerSettings, now: int) -> None:
    """Move on messages whose last lease ended without an answer."""
    due = account.messages.peek(queue_id, _MANY, now=now)
    exhausted = tuple(message.id for message in due if message.attempts > settings.max_retries)
    if exhausted:
        settle(account, Fates(exhausted=exhausted), settings.dead_letter_queue)
