"""Queue messages on their way to the workers that consume them, in real time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.embedded.invocation import Trigger
from diagnose.embedded.live.lanes import BusyError, NotExecutableError
from diagnose.embedded.queues.delivery import deliver_batch, due_at
from diagnose.errors import DiagnoseError

if TYPE_CHECKING:
    from diagnose.embedded.live.executing import Live
    from diagnose.embedded.queues.delivery import Delivery, Invoker
    from diagnose.embedded.state import QueueState, VersionState

_LONGEST_PAUSE_SECONDS: Final = 1.0
"""After which queues are looked at although nobody said that something changed."""

_SOON_MS: Final = 1_000
_LATER_MS: Final = 60_000
"""After trouble of this machine, such as too many processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hold:
    """A queue whose messages wait: for another version of its consumer, or (`until_ms`) for a moment."""

    version_id: str
    until_ms: int | None


class Deliveries:
    """Delivers each batch when it is full or has waited long enough, one at a time for each worker.

    A batch that cannot be executed here stays in its queue, and is told once for each version of the worker.
    """

    def __init__(self, live: Live, invoker: Invoker) -> None:
        self._live = live
        self._invoker = invoker
        self._changed = asyncio.Event()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._held: dict[str, _Hold] = {}

    def wake(self) -> None:
        """Look at the queues now."""
        self._changed.set()

    async def run(self) -> None:
        """Deliver until cancelled; then what is being delivered goes back into its queue."""
        try:
            while True:
                self._changed.clear()
                for queue_id in self._due():
                    self._start(queue_id)
                await self._pause()
        finally:
            running = tuple(self._running.values())
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def deliver_due(self) -> None:
        """Deliver what is due now, and wait until it was."""
        for queue_id in self._due():
            self._start(queue_id)
        await asyncio.gather(*self._running.values())

    def _due(self) -> list[str]:
        """Queues (by id) with a batch to be delivered now."""
        now = self._live.account.clock.now_ms()
        moments = ((queue.id, self._moment(queue)) for queue in self._live.account.queues.values())
        return [queue_id for queue_id, moment in moments if moment is not None and moment <= now]

    def _moment(self, queue: QueueState) -> int | None:
        """When the next batch is due; None where none is, or one is being delivered or held."""
        if queue.id in self._running or self._is_held(queue):
            return None
        return due_at(self._live.account, queue)

    def _is_held(self, queue: QueueState) -> bool:
        held = self._held.get(queue.id)
        if held is None or held.version_id != self._version_id(queue):
            return False
        return held.until_ms is None or self._live.account.clock.now_ms() < held.until_ms

    def _version_id(self, queue: QueueState) -> str:
        """Of the version that consumes a queue; a new one may do better."""
        script = self._live.account.scripts.get((queue.consumer and queue.consumer.script) or "")
        return script.active.id if script and script.active else ""

    async def _pause(self) -> None:
        """Wait until the next batch is due, or something changes."""
        account = self._live.account
        moments = [moment for queue in account.queues.values() if (moment := self._moment(queue)) is not None]
        seconds = _LONGEST_PAUSE_SECONDS
        if moments:
            seconds = min(seconds, max(0.0, (min(moments) - account.clock.now_ms()) / 1000))
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def _start(self, queue_id: str) -> None:
        task = asyncio.create_task(self._deliver(queue_id))
        self._running[queue_id] = task
        task.add_done_callback(lambda _: self._ended(queue_id))

    def _ended(self, queue_id: str) -> None:
        del self._running[queue_id]
        self.wake()

    async def _deliver(self, queue_id: str) -> None:
        queue = self._live.account.queues.get(queue_id)
        if queue is None:
            return
        script = (queue.consumer and queue.consumer.script) or ""
        try:
            version = self._live.executable_version(script)
            async with self._live.lane(script):
                began = self._live.account.clock.now_ms()
                delivery = await deliver_batch(self._invoker, queue_id)
        except BusyError:
            self._hold(queue, None, milliseconds=_SOON_MS)
        except (NotExecutableError, DiagnoseError) as error:
            self._hold(queue, str(error))
        except Exception as error:  # noqa: BLE001 - one queue's trouble must not stop the others
            self._hold(queue, str(error) or type(error).__name__, milliseconds=_LATER_MS)
        else:
            if delivery is not None:
                self._tell(delivery, version, began)
                if delivery.is_refused:
                    self._hold(queue, delivery.invocation.refused or "it asks for what is not imitated here")

    def _tell(self, delivery: Delivery, version: VersionState | None, began_ms: int) -> None:
        trigger = Trigger(kind="queue", queue=delivery.queue, messages=delivery.messages)
        self._live.record(delivery.script, version, trigger, delivery.invocation, began_ms=began_ms)

    def _hold(self, queue: QueueState, reason: str | None, *, milliseconds: int | None = None) -> None:
        """Leave the messages where they are: for a while, or until another version is deployed."""
        until = None if milliseconds is None else self._live.account.clock.now_ms() + milliseconds
        self._held[queue.id] = _Hold(version_id=self._version_id(queue), until_ms=until)
        if reason is not None:
            self._live.report(f"queue {queue.name}: its messages wait: {reason}")
