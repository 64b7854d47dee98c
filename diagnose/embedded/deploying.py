"""How uploads and deployments change a worker. Pure: a state in, a state out, or a RefusalError."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from diagnose.embedded.refusal import RefusalError, no_worker
from diagnose.embedded.state import DeploymentState, ScheduleState, ScriptState, VersionState, timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.embedded.state import AccountState, Binding, Module, QueueState


_CRON_FIELDS: Final = 5
_WHOLE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What a client sends to make a version.

    Attributes:
        bindings: in the API's form; `inherit` and the text of secrets included.
        keep_bindings: types of bindings that are taken over from the version before.
        source: which tool sent it.
    """

    main_module: str
    modules: Mapping[str, Module]
    bindings: tuple[Binding, ...] = ()
    compatibility_date: str = ""
    compatibility_flags: tuple[str, ...] = ()
    keep_bindings: tuple[str, ...] = ()
    source: str = "api"
    annotations: Mapping[str, str] = field(default_factory=dict)


def upload_version(account: AccountState, name: str, upload: Upload) -> ScriptState:
    """The worker with one more version, which nothing reaches until it is deployed.

    Raises:
        RefusalError: 10021 the entry module is missing; 10057 an inherited binding does not exist;
            10181 a D1 binding names no database of the account; 11000 a queue binding names no queue of it.
    """
    if upload.main_module not in upload.modules:
        raise RefusalError(400, 10021, f'No such module "{upload.main_module}".')
    now = timestamp()
    script = account.scripts.get(name) or ScriptState(
        name=name, tag=uuid4().hex, created_on=now, modified_on=now
    )
    version = VersionState(
        id=str(uuid4()),
        number=len(script.versions) + 1,
        created_on=now,
        source=upload.source,
        main_module=upload.main_module,
        modules=upload.modules,
        bindings=_bindings(account, script, upload),
        compatibility_date=upload.compatibility_date,
        compatibility_flags=upload.compatibility_flags,
        annotations=upload.annotations,
    )
    return replace(script, versions=(*script.versions, version), modified_on=now)


def deploy(
    script: ScriptState,
    versions: Sequence[tuple[str, float]],
    *,
    source: str,
    annotations: Mapping[str, str] | None = None,
) -> ScriptState:
    """The worker with these versions answering.

    Raises:
        RefusalError: 100146 a version is unknown; 10026 the shares do not add up to 100.
    """
    for version_id, _ in versions:
        if script.version(version_id) is None:
            raise RefusalError(404, 100146, f"The version {version_id} could not be found.")
    total = sum(share for _, share in versions)
    if round(total, 3) != _WHOLE or any(share < 0 for _, share in versions):
        raise RefusalError(400, 10026, "The percentages of the versions must add up to 100.")
    deployment = DeploymentState(
        id=str(uuid4()),
        created_on=timestamp(),
        source=source,
        versions=tuple(versions),
        annotations={"workers/triggered_by": "deployment", **(annotations or {})},
    )
    return replace(script, deployments=(deployment, *script.deployments), modified_on=deployment.created_on)


def upload_and_deploy(account: AccountState, name: str, upload: Upload) -> ScriptState:
    """The worker with a new version that answers every request, as `wrangler deploy` leaves it."""
    script = upload_version(account, name, upload)
    versions = ((script.versions[-1].id, 100.0),)
    annotations = {**upload.annotations, "workers/triggered_by": "upload"}
    return deploy(script, versions, source=upload.source, annotations=annotations)


def schedule(script: ScriptState, crons: Sequence[str]) -> ScriptState:
    """The worker with exactly these cron triggers; those that stay keep their date of creation.

    Raises:
        RefusalError: 10100 an expression has not five fields.
    """
    for cron in crons:
        if len(cron.split()) != _CRON_FIELDS:
            raise RefusalError(400, 10100, f"invalid cron string: {cron}")
    now = timestamp()
    before = {entry.cron: entry.created_on for entry in script.schedules}
    entries = (
        ScheduleState(cron=cron, created_on=before.get(cron, now), modified_on=now)
        for cron in dict.fromkeys(crons)
    )
    return replace(script, schedules=tuple(entries))


def find(account: AccountState, name: str) -> ScriptState:
    """The worker of that name. Raises RefusalError 10007 when there is none."""
    script = account.scripts.get(name)
    if script is None:
        raise no_worker()
    return script


def _bindings(account: AccountState, script: ScriptState, upload: Upload) -> tuple[Binding, ...]:
    before = {str(binding["name"]): binding for binding in (script.latest.bindings if script.latest else ())}
    given = [_resolved(binding, before) for binding in upload.bindings]
    names = {binding["name"] for binding in given}
    kept = [b for b in before.values() if b["type"] in upload.keep_bindings and b["name"] not in names]
    for binding in given:
        _refuse_dangling(account, binding)
    return (*given, *kept)


def _resolved(binding: Binding, before: Mapping[str, Binding]) -> Binding:
    """The binding as it is kept: `inherit` looked up, both spellings of a database's id, no secret's text."""
    name = str(binding["name"])
    match binding["type"]:
        case "inherit":
            inherited = before.get(str(binding.get("old_name") or name))
            if inherited is None:
                raise RefusalError(400, 10057, f"The binding {name!r} has nothing to inherit from.")
            return {**inherited, "name": name}
        case "d1":
            database_id = binding.get("database_id") or binding.get("id")
            return {**binding, "id": database_id, "database_id": database_id}
        case "secret_text":
            return {"name": name, "type": "secret_text"}
        case _:
            return binding


def _refuse_dangling(account: AccountState, binding: Binding) -> None:
    # Code 10181 and its sentence are what wrangler users report; neither is in Cloudflare's documentation.
    if binding["type"] == "d1" and binding["database_id"] not in account.databases:
        name, database_id = binding["name"], binding["database_id"]
        message = f"D1 binding '{name}' references database '{database_id}' which was not found."
        raise RefusalError(400, 10181, message)
    if binding["type"] == "queue":
        require_queue(account, str(binding.get("queue_name") or ""))


def require_queue(account: AccountState, name: str) -> QueueState:
    """The queue of that name. Raises RefusalError 11000 with what wrangler prints before it uploads."""
    queue = account.queue_named(name)
    if queue is None:
        message = f'Queue "{name}" does not exist. To create it, run: wrangler queues create {name}'
        raise RefusalError(400, 11000, message)
    return queue
