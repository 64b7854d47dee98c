"""Decides how the worker is started: as the settings say, else by the one handler there is."""

from __future__ import annotations

import json
import os
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from diagnose.embedded.invocation import IncomingMessage, Trigger
from diagnose.project.source.counts import FromCaller
from diagnose.project.source.model import SendSite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.project import Project, TriggerSettings
    from diagnose.project.settings import TriggerKind
    from diagnose.project.source.model import Source, StatementSite

ASK = "say how it is started in [trigger] of diagnose.toml (`diagnose init` writes one)"
ANY_CRON = "* * * * *"
KINDS: tuple[TriggerKind, ...] = ("fetch", "scheduled", "queue")


@dataclass(frozen=True, slots=True)
class TriggerChoice:
    """A trigger, or the reason why none could be chosen; `guessed` when the settings do not say."""

    trigger: Trigger | None = None
    refused: str | None = None
    guessed: bool = False


def choose_trigger(
    project: Project, source: Source, environment: Mapping[str, str] = os.environ
) -> TriggerChoice:
    """The event that starts the import."""
    settings = project.settings.trigger
    kind = settings.kind if settings else None
    if kind is None:
        kinds = _kinds(source)
        if len(kinds) != 1:
            return TriggerChoice(refused=_ambiguous(kinds))
        kind = next(iter(kinds))
    elif not _has(source, kind) and _is_of_another(project):
        return TriggerChoice(
            refused=f"[trigger] starts the {kind} handler of {project.settings.config}; "
            f"the worker of {project.config_path} has none"
        )
    match kind:
        case "queue":
            return _queue(project, settings)
        case "scheduled":
            return _scheduled(project, settings)
        case _ if settings is not None:
            return _fetch(settings, environment)
    return _guess_fetch(source)


def _has(source: Source, kind: TriggerKind) -> bool:
    return any(handler.kind == kind for handler in source.handlers)


def _is_of_another(project: Project) -> bool:
    """Whether the settings were written for another worker of the project than the chosen one."""
    written_for = project.settings.config
    return written_for is not None and posixpath.normpath(written_for) != project.config_path


def _kinds(source: Source) -> set[TriggerKind]:
    """The handlers that lead to a write; else those that send messages; else all.

    A queue handler alone comes last: what it is given, a producer has to send.
    """
    known = {kind for kind in KINDS if any(handler.kind == kind for handler in source.handlers)}
    writing = {kind for site in source.sites if site.writes and site.reachable for kind in site.handlers}
    sending = {kind for send in source.sends if send.reachable for kind in send.handlers}
    return (known & writing) - {"queue"} or (known & sending) - {"queue"} or known & writing or known


def _ambiguous(kinds: set[TriggerKind]) -> str:
    if not kinds:
        return "the worker has no handler that an event could be delivered to"
    return f"several handlers lead to a write ({', '.join(sorted(kinds))}): {ASK}"


def _scheduled(project: Project, settings: TriggerSettings | None) -> TriggerChoice:
    crons = project.config.crons if project.config else None
    cron = (settings.cron if settings else None) or (crons[0] if crons else ANY_CRON)
    return TriggerChoice(Trigger(kind="scheduled", cron=cron), guessed=settings is None)


def _queue(project: Project, settings: TriggerSettings | None) -> TriggerChoice:
    consumers = project.config.consumers if project.config else ()
    consumed = dict.fromkeys(one.queue for one in consumers if one.queue and one.type != "http_pull")
    queue = settings.queue if settings else None
    if queue is None and len(consumed) != 1:
        reason = "consumes several queues" if consumed else "consumes no queue that the config names"
        return TriggerChoice(
            refused=f"the worker {reason}: name one as `queue` in [trigger] of diagnose.toml"
        )
    if settings is None or settings.body is None:
        return TriggerChoice(
            refused="a `queue` handler needs a message: say its `body` in [trigger] of diagnose.toml"
        )
    return TriggerChoice(
        Trigger(kind="queue", queue=queue or next(iter(consumed)), messages=(_message(settings.body),))
    )


def _message(body: str) -> IncomingMessage:
    """The first delivery of a message with this body; id and time are given when it is sent."""
    try:
        json.loads(body)
    except ValueError:
        kind: Literal["json", "text"] = "text"
    else:
        kind = "json"
    return IncomingMessage(
        id="0" * 32, timestamp="1970-01-01T00:00:00.000Z", attempts=1, content_type=kind, body=body.encode()
    )


def _fetch(settings: TriggerSettings, environment: Mapping[str, str]) -> TriggerChoice:
    missing = sorted(name for name in settings.headers_env.values() if name not in environment)
    if missing:
        return TriggerChoice(refused=f"[trigger] headers_env names {', '.join(missing)}, which is not set")
    headers = dict(settings.headers)
    headers |= {header: environment[name] for header, name in settings.headers_env.items()}
    body = None if settings.body is None else settings.body.encode()
    return TriggerChoice(
        Trigger(kind="fetch", method=settings.method, path=settings.path, headers=headers, body=body)
    )


def _guess_fetch(source: Source) -> TriggerChoice:
    sites: list[StatementSite | SendSite] = [site for site in source.sites if site.writes]
    sites += source.sends
    if any(_takes_rows(site) for site in sites if site.reachable and "fetch" in site.handlers):
        return TriggerChoice(refused=f"the fetch handler takes its rows from the request: {ASK}")
    hints = {(hint.method or "GET", hint.path) for hint in source.triggers}
    starting = {hint for hint in hints if hint[0] not in {"GET", "HEAD", "OPTIONS"}} or hints
    if len(starting) > 1:
        paths = ", ".join(f"{method} {path}" for method, path in sorted(starting))
        return TriggerChoice(refused=f"several requests could start the import ({paths}): {ASK}")
    method, path = next(iter(starting), ("GET", "/"))
    return TriggerChoice(Trigger(kind="fetch", method=method, path=path), guessed=True)


def _takes_rows(site: StatementSite | SendSite) -> bool:
    """Whether the caller decides how many rows a site writes, or how many messages it sends."""
    counts = (site.count,) if isinstance(site, SendSite) else (site.rows, site.batch_count)
    return any(isinstance(count, FromCaller) for count in (*counts, *(loop.count for loop in site.loops)))
