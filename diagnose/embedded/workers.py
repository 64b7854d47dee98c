"""The workers of an embedded account: its part of `EmbeddedAccount`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.embedded.holding import StateHolder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.embedded.state import ScriptState
    from diagnose.model import Json


class WorkerHolder(StateHolder):
    """Workers, and what holds for all of them. A worker is named by its script name, as in the API."""

    @property
    def scripts(self) -> Mapping[str, ScriptState]:
        """The workers by name."""
        return self._state.scripts

    def put_script(self, script: ScriptState) -> None:
        """Keep a worker in the state that `diagnose.embedded.deploying` made."""
        self._keep(self._state.with_script(script))

    def configure(
        self, *, subdomain: str | None = None, worker_defaults: Mapping[str, Json] | None = None
    ) -> None:
        """Change what holds for all workers.

        Args:
            subdomain: of `WORKER.SUBDOMAIN.workers.dev`; empty for none, None for no change.
            worker_defaults: those that change; unknown ones are left out.
        """
        known = self._state.worker_defaults
        given = {key: value for key, value in (worker_defaults or {}).items() if key in known}
        name = self._state.subdomain if subdomain is None else subdomain
        self._keep(replace(self._state, subdomain=name, worker_defaults={**known, **given}))

    def delete_script(self, name: str) -> None:
        """Remove a worker with its versions, deployments and schedules; queues lose it as their consumer."""
        state = self._state.without_script(name)
        for queue in self._state.queues.values():
            if queue.consumer is not None and queue.consumer.script == name:
                state = state.with_queue(replace(queue, consumer=None))
        self._keep(state)
