"""Queues: their consumers, and what waits in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diagnose.account.queue_facts import ConsumerInfo, QueueBacklog, QueueInfo
from diagnose.account.session import Session, shaped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.account.queue_facts import ConsumerSpec


class QueueCalls(Session):
    """What an account can be asked about Queues. A queue is named by its id; `queue` finds it by name."""

    async def queues(self) -> tuple[QueueInfo, ...]:
        """All queues. Raises ApiError."""
        return self._queue_infos(await self._list(self._queues))

    async def queue(self, name: str) -> QueueInfo | None:
        """The queue of exactly that name, or None. Raises ApiError.

        A list that fits into one page answers for all of them.
        """
        found = await self._whole(self._queues)
        if found is None:
            found = await self._facts.find(("queue", name), self._named(name))
        return next((info for info in self._queue_infos(found) if info.name == name), None)

    async def create_queue(self, name: str) -> QueueInfo:
        """A new queue, made once however often its answer is lost.

        Raises:
            ApiError: such as code 11009, when the name is taken.
        """
        known = {info.id for info in self._queue_infos(await self._named(name))}

        async def made() -> Any:
            def by_us(item: Mapping[str, Any]) -> bool:
                return item["queue_name"] == name and item["queue_id"] not in known

            fresh = await self._named(name)
            return shaped("GET", self._queues, lambda items: next(filter(by_us, items), None), fresh)

        created = await self._write("POST", self._queues, body={"queue_name": name}, settle=made)
        return shaped("POST", self._queues, QueueInfo.from_api, created)

    async def delete_queue(self, queue_id: str) -> None:
        """The queue with its messages is gone for good. Raises ApiError."""
        await self._write("DELETE", self._queue(queue_id))

    async def consumers(self, queue_id: str) -> tuple[ConsumerInfo, ...]:
        """Who consumes a queue. Raises ApiError."""
        path = self._queue(queue_id, "/consumers")
        return tuple(
            shaped("GET", path, ConsumerInfo.from_api, item) for item in await self._read(path) or ()
        )

    async def attach_consumer(self, queue_id: str, spec: ConsumerSpec) -> ConsumerInfo:
        """Let a worker consume a queue, or whoever pulls over HTTP.

        Raises:
            ApiError: such as code 11004, when it has a consumer, or 11001, when the worker has no handler.
        """
        path = self._queue(queue_id, "/consumers")

        async def attached_before() -> Any:
            def is_ours(item: Mapping[str, Any]) -> bool:
                return spec.is_met_by(ConsumerInfo.from_api(item).spec)

            found = await self._read(path) or ()
            return shaped("GET", path, lambda items: next(filter(is_ours, items), None), found)

        attached = await self._write("POST", path, body=spec.to_api(), settle=attached_before)
        return shaped("POST", path, ConsumerInfo.from_api, attached)

    async def change_consumer(self, queue_id: str, consumer_id: str, spec: ConsumerSpec) -> ConsumerInfo:
        """Replace what a consumer is; settings that are left out get their defaults. Raises ApiError."""
        path = self._queue(queue_id, f"/consumers/{consumer_id}")
        changed = await self._write("PUT", path, body=spec.to_api())
        return shaped("PUT", path, ConsumerInfo.from_api, changed)

    async def detach_consumer(self, queue_id: str, consumer_id: str) -> None:
        """Let it not consume the queue any more; messages stay. Raises ApiError."""
        await self._write("DELETE", self._queue(queue_id, f"/consumers/{consumer_id}"))

    async def backlog(self, queue_id: str) -> QueueBacklog:
        """How much waits in a queue, and since when. Raises ApiError."""
        path = self._queue(queue_id, "/metrics")
        return shaped("GET", path, QueueBacklog.from_api, await self._read(path))

    async def backlog_now(self, queue_id: str) -> QueueBacklog:
        """The same, asked for again. Raises ApiError."""
        path = self._queue(queue_id, "/metrics")
        return shaped("GET", path, QueueBacklog.from_api, await self._get(path))

    async def push(self, queue_id: str, body: Any, *, content_type: str = "json") -> None:
        """Put one message into a queue.

        Args:
            queue_id: of the queue.
            body: a JSON value, or a text for content type `text`.
            content_type: `json` or `text`.

        Raises:
            OutcomeUnknownError: the answer was lost, and a second message could double rows.
            ApiError: it was refused, such as with code 10204 when it is too large.
        """
        message = {"body": body, "content_type": content_type}
        await self._write("POST", self._queue(queue_id, "/messages"), body=message)

    async def _named(self, name: str) -> Sequence[Any]:
        envelope = await self._transport.call("GET", self._queues, query={"name": name}, repeatable=True)
        return shaped("GET", self._queues, list, envelope.result or [])

    @property
    def _queues(self) -> str:
        return self._path("/queues")

    def _queue(self, queue_id: str, rest: str = "") -> str:
        return f"{self._queues}/{queue_id}{rest}"

    def _queue_infos(self, items: Sequence[Any]) -> tuple[QueueInfo, ...]:
        return tuple(shaped("GET", self._queues, QueueInfo.from_api, item) for item in items)
