"""Cron triggers, fired when they are due."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from diagnose.embedded.invocation import Trigger
from diagnose.embedded.live.crons import fires_at

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from diagnose.embedded.live.executing import Live


class Crons:
    """Fires the cron triggers of an account's workers, minute by minute; one that passed is not made up."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._running: set[asyncio.Task[None]] = set()
        self._told: set[tuple[str, str]] = set()

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Fire until cancelled."""
        minute = self._minute()
        try:
            while True:
                following = minute + timedelta(minutes=1)
                await sleep(max(0.0, (following - self._now()).total_seconds()))
                if self._minute() > minute:
                    minute = self._minute()
                    self._start(minute)
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def fire(self, minute: datetime) -> None:
        """Fire everything that is due in a minute, and wait until it has ended."""
        self._start(minute)
        await asyncio.gather(*self._running)

    def _start(self, minute: datetime) -> None:
        for script in self._live.account.scripts.values():
            for entry in script.schedules:
                if script.active is not None and fires_at(entry.cron, minute):
                    task = asyncio.create_task(self._fire(script.name, entry.cron))
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)

    async def _fire(self, script: str, cron: str) -> None:
        try:
            await self._live.execute(script, Trigger(kind="scheduled", cron=cron))
        except Exception as error:  # noqa: BLE001 - one worker's trouble must not stop the others
            reason = str(error) or type(error).__name__
            if (script, reason) not in self._told:
                self._told.add((script, reason))
                self._live.report(f"cron trigger {cron} of {script} was not fired: {reason}")

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._live.account.clock.now_ms() / 1000, UTC)

    def _minute(self) -> datetime:
        return self._now().replace(second=0, microsecond=0)
