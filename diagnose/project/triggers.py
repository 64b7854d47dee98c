"""What can start the worker's import, as far as config and source tell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.project.neighbours import bound_as_service, queues_fed_elsewhere
from diagnose.project.source.counts import FromData, UnknownCount

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from diagnose.project.bindings import WorkerConfig
    from diagnose.project.project import Project
    from diagnose.project.source.model import HandlerKind, SendSite, Source, StatementSite, TriggerHint

_FROM_ELSEWHERE: Final[tuple[HandlerKind, ...]] = ("email", "tail", "alarm", "workflow", "rpc")
_SAFE_METHODS: Final = frozenset({None, "GET", "HEAD", "OPTIONS"})
_STARTING_WORDS: Final = frozenset(
    {"trigger", "import", "sync", "refresh", "run", "cron", "backfill", "update"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Handlers that lead to a write, and what reaches them.

    Attributes:
        importing: kinds of handlers that lead to a write of rows or a send to a queue.
        ways: kind of handler → what reaches it.
    """

    importing: frozenset[HandlerKind]
    ways: Mapping[HandlerKind, str]

    @property
    def starting(self) -> frozenset[HandlerKind]:
        """Kinds of events that do start the import."""
        return self.importing & self.ways.keys()


def reach_of(project: Project, config: WorkerConfig, source: Source, schedules: Iterable[str] = ()) -> Reach:
    """What can start the import; `schedules` are the crons that the account has for the worker."""
    importing = {kind for site in source.sites if site.writes and site.reachable for kind in site.handlers}
    importing |= {kind for send in source.sends if send.reachable for kind in send.handlers}
    if importing != {"rpc"}:
        importing.discard("rpc")  # any public method is one, though nobody may call it
    ways: dict[HandlerKind, str] = dict.fromkeys(_FROM_ELSEWHERE, "what the config does not tell")
    # Without `triggers` a deploy leaves the crons as they are.
    crons = tuple(schedules) if config.crons is None else config.crons
    if crons:
        ways["scheduled"] = f"cron {', '.join(crons)}"
    own = _fed_by_itself(project, config, source)
    queues = [consumer.queue for consumer in config.consumers if consumer.queue and consumer.queue not in own]
    if queues:
        ways["queue"] = f"queue {', '.join(queues)}"
    request = _request_way(project, config)
    if request is not None:
        ways["fetch"] = request
    return Reach(importing=frozenset(importing), ways=ways)


def _fed_by_itself(project: Project, config: WorkerConfig, source: Source) -> frozenset[str]:
    """Queues whose messages come from this worker's other handlers: they go on with what those began."""
    bindings = {send.binding for send in source.sends if send.handlers - {"queue"}}
    own = {producer.queue for producer in config.producers if producer.queue and producer.binding in bindings}
    return frozenset(own - queues_fed_elsewhere(project))


def _request_way(project: Project, config: WorkerConfig) -> str | None:
    """How a request gets to the worker."""
    if config.routes:
        return f"route {', '.join(config.routes)}"
    if config.is_at_workers_dev:
        return "workers.dev"
    service = bound_as_service(project, config.name) if config.name else None
    return f"service binding in {service}" if service else None


def pulls_on_request(source: Source) -> bool:
    """A request makes the worker fetch data and write or send what it got, as many rows as there are."""
    if not any("fetch" in fetch.handlers for fetch in source.fetches):
        return False
    writes = (
        site.writes
        and site.reachable
        and "fetch" in site.handlers
        and (carries_data(site) or _unfolds_json(site))
        for site in source.sites
    )
    return any(writes) or any(
        send.reachable and "fetch" in send.handlers and _sends_data(send) for send in source.sends
    )


def starting_request(source: Source) -> TriggerHint | None:
    """The request that says that it starts something: by its method, or by a word in its path."""
    hints = [hint for hint in source.triggers if hint.method not in _SAFE_METHODS]
    hints += [
        hint for hint in source.triggers if _STARTING_WORDS & set(re.split(r"[\W_]+", hint.path.lower()))
    ]
    return hints[0] if hints else None


def _sends_data(send: SendSite) -> bool:
    """It sends messages for each element that was fetched or queried, or a message that holds them."""
    counts = [send.count, *(loop.count for loop in send.loops)]
    for weight in (send.body, send.bodies):
        counts += [element.count for element in weight.elements] if weight is not None else []
    return any(isinstance(count, FromData) for count in counts)


def carries_data(site: StatementSite) -> bool:
    """The statement is repeated, or repeats its rows, for each element that was fetched or queried."""
    counts = [site.rows, *(loop.count for loop in site.loops)]
    if site.batch_count is not None:
        counts.append(site.batch_count)
    return any(isinstance(count, FromData) for count in counts)


def _unfolds_json(site: StatementSite) -> bool:
    """The statement takes its rows out of one JSON text, whose length is not written in the code."""
    if site.heaviest_value is None or "json_each" not in site.sql.render().lower():
        return False
    return any(isinstance(each.count, FromData | UnknownCount) for each in site.heaviest_value.elements)
