"""The queues of an embedded account: its part of `EmbeddedAccount`."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.embedded.clock import SystemClock
from diagnose.embedded.holding import StateHolder
from diagnose.embedded.queues.changes import (
    attach,
    make_queue,
    no_consumer,
    no_queue,
    reattached,
    renamed,
    with_settings,
)
from diagnose.embedded.queues.messages import QueuedMessage, StoreFullError
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.state import ConsumerSettings, timestamp, timestamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diagnose.embedded.clock import Clock
    from diagnose.embedded.invocation import Backlog, OutgoingMessage
    from diagnose.embedded.queues.changes import QueueSettings
    from diagnose.embedded.queues.messages import MessageStore
    from diagnose.embedded.state import AccountState, Plan, QueueState
    from diagnose.embedded.storage import Storage


class QueueHolder(StateHolder):
    """Queues, their consumers and their messages. A queue is named by its id, as in the API.

    Attributes:
        clock: by which messages are sent and due.
        on_enqueued: called after messages were put into a queue, or None.
    """

    def __init__(self, storage: Storage, state: AccountState, *, plan: Plan) -> None:
        super().__init__(storage, state, plan=plan)
        self._message_store: MessageStore | None = None
        self.clock: Clock = SystemClock()
        self.on_enqueued: Callable[[], None] | None = None

    @property
    def queues(self) -> Mapping[str, QueueState]:
        """The queues by id."""
        return self._state.queues

    @property
    def messages(self) -> MessageStore:
        """The messages of all queues."""
        if self._message_store is None:
            self._message_store = self._storage.open_messages()
            self._message_store.recover(self.queues)
        return self._message_store

    def queue(self, queue_id: str) -> QueueState:
        """The queue of that id. Raises RefusalError 11000."""
        if queue_id not in self.queues:
            raise no_queue(queue_id)
        return self.queues[queue_id]

    def find_queue(self, name_or_id: str) -> QueueState | None:
        """The queue with that id, or with exactly that name."""
        return self.queues.get(name_or_id) or self._state.queue_named(name_or_id)

    def producers(self, queue_id: str) -> tuple[str, ...]:
        """Names of the workers whose answering version (else newest) has a binding to a queue."""
        name = self.queue(queue_id).name
        versions = ((one.name, one.active or one.latest) for one in self._state.scripts.values())
        return tuple(
            script
            for script, version in versions
            if version is not None
            and any(b["type"] == "queue" and b.get("queue_name") == name for b in version.bindings)
        )

    def create_queue(
        self, name: str, settings: QueueSettings | None = None, *, queue_id: str | None = None
    ) -> QueueState:
        """A new, empty queue.

        Raises:
            RefusalError: 11003 the name cannot be used; 11009 it is taken; 100128 the settings cannot.
        """
        more = () if settings is None else (settings,)
        queue = make_queue(self._state, name, *more, queue_id=queue_id, plan=self.plan)
        self._keep(self._state.with_queue(queue))
        return queue

    def change_queue(
        self, queue_id: str, settings: QueueSettings | None = None, *, name: str | None = None
    ) -> QueueState:
        """The queue with other settings or another name. Raises RefusalError as `create_queue`, and 11000."""
        queue = self.queue(queue_id)
        if name is not None and name != queue.name:
            queue = renamed(self._state, queue, name)
        if settings is not None:
            queue = with_settings(queue, settings, plan=self.plan)
        self._keep(self._state.with_queue(queue))
        return queue

    def delete_queue(self, queue_id: str) -> None:
        """Remove a queue with its messages and its consumer. Raises RefusalError 11000."""
        self.queue(queue_id)
        messages = self.messages
        self._keep(self._state.without_queue(queue_id))
        messages.purge(queue_id)

    def attach_consumer(
        self, queue_id: str, script: str | None = None, settings: ConsumerSettings | None = None
    ) -> QueueState:
        """Let a worker consume a queue, or (without `script`) whoever pulls over HTTP.

        Raises:
            RefusalError: 11000 there is no such queue; 11004 it has a consumer; 10007 the worker does not
                exist; 11001 it has no queue handler; 100127 the settings cannot be used.
        """
        queue = attach(self._state, self.queue(queue_id), script, settings or ConsumerSettings())
        self._keep(self._state.with_queue(queue))
        return queue

    def change_consumer(
        self, queue_id: str, script: str | None = None, settings: ConsumerSettings | None = None
    ) -> QueueState:
        """Replace what the consumer of a queue is. Raises RefusalError as `attach_consumer`."""
        queue = reattached(self._state, self.queue(queue_id), script, settings or ConsumerSettings())
        self._keep(self._state.with_queue(queue))
        return queue

    def detach_consumer(self, queue_id: str) -> QueueState:
        """Let nobody consume a queue. Raises RefusalError 11000 when there is no queue or no consumer."""
        queue = self.queue(queue_id)
        if queue.consumer is None:
            raise no_consumer(queue.name)
        queue = replace(queue, consumer=None, modified_on=timestamp())
        self._keep(self._state.with_queue(queue))
        return queue

    def enqueue(
        self, queue_id: str, messages: Sequence[OutgoingMessage], *, delay: float | None = None
    ) -> tuple[str, ...]:
        """Put messages into a queue; returns their ids. Limits are the caller's: bindings and API differ.

        Args:
            queue_id: of the queue.
            messages: all are taken, or none.
            delay: seconds, for messages that do not say; by default the queue's.

        Raises:
            RefusalError: 11000 there is no such queue; 10251 there is no room for more messages.
        """
        default = self.queue(queue_id).delivery_delay if delay is None else delay
        now = self.clock.now_ms()
        queued = [
            QueuedMessage(
                id=secrets.token_hex(16),
                content_type=message.content_type,
                body=message.body,
                sent=now,
                visible=now
                + int((default if message.delay_seconds is None else message.delay_seconds) * 1000),
            )
            for message in messages
        ]
        try:
            self.messages.add(queue_id, queued)
        except StoreFullError as error:
            message = f"QueueStorageLimitExceeded: {error.message}"
            raise RefusalError(429, 10251, message) from error
        if self.on_enqueued is not None:
            self.on_enqueued()
        return tuple(message.id for message in queued)

    def backlog(self, queue_id: str) -> Backlog:
        """What waits in a queue. Raises RefusalError 11000."""
        return self.messages.backlog(self.queue(queue_id).id)

    def peek(self, queue_id: str, most: int = 10) -> tuple[QueuedMessage, ...]:
        """The first messages of a queue, which stay in it. Raises RefusalError 11000."""
        return self.messages.peek(self.queue(queue_id).id, most)

    def purge(self, queue_id: str) -> QueueState:
        """Delete every message of a queue. Raises RefusalError 11000."""
        queue = replace(self.queue(queue_id), purged_on=timestamp_of(self.clock.now_ms()))
        self.messages.purge(queue_id)
        self._keep(self._state.with_queue(queue))
        return queue

    def close_messages(self) -> None:
        """Close the messages if they were opened."""
        if self._message_store is not None:
            self._message_store.close()
        self._message_store = None
