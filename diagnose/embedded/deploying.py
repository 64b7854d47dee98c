"""How uploads and deployments change a worker. Pure: a state in, a state out, or a RefusalError."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from diagnose.embedded.refusal import RefusalError, no_version, no_worker
from diagnose.embedded.resolving import resolve
from diagnose.embedded.state import (
    DeploymentState,
    ScheduleState,
    ScriptSettings,
    ScriptState,
    VersionState,
    timestamp,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.embedded.state import AccountState, Binding, Module
    from diagnose.model import Json


_CRON_NUMBER: Final = re.compile(r"(?<![/#\d])\d+")
_CRON_MOST: Final = (59, 23, 31, 12, 7)  # minute, hour, day of the month, month, weekday
_WHOLE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What a client sends to make a version.

    Attributes:
        bindings: in the API's form; `inherit` and the text of secrets included.
        keep_bindings: types of bindings that are taken over from the version before.
        strict: a binding that has nothing to inherit from is refused instead of dropped.
        source: which tool sent it.
        configured: what else belongs to the version and is shown as it was told.
        settings: what the upload says about the worker as a whole, such as `tags`.
    """

    main_module: str
    modules: Mapping[str, Module]
    bindings: tuple[Binding, ...] = ()
    compatibility_date: str = ""
    compatibility_flags: tuple[str, ...] = ()
    keep_bindings: tuple[str, ...] = ()
    strict: bool = True
    source: str = "api"
    annotations: Mapping[str, str] = field(default_factory=dict)
    configured: Mapping[str, Json] = field(default_factory=dict)
    settings: Mapping[str, Json] = field(default_factory=dict)


def upload_version(account: AccountState, name: str, upload: Upload) -> ScriptState:
    """The worker with one more version, which nothing reaches until it is deployed.

    Raises:
        RefusalError: 10021 the entry module is missing, and as `resolve`.
    """
    if upload.main_module not in upload.modules:
        raise RefusalError(400, 10021, f'No such module "{upload.main_module}".')
    now = timestamp()
    known = account.scripts.get(name)
    script = known or ScriptState(name=name, tag=uuid4().hex, created_on=now, modified_on=now)
    resolved = resolve(account, known, upload.bindings, keep=upload.keep_bindings, strict=upload.strict)
    version = VersionState(
        id=str(uuid4()),
        number=len(script.versions) + 1,
        created_on=now,
        source=upload.source,
        main_module=upload.main_module,
        modules=upload.modules,
        bindings=resolved.bindings,
        compatibility_date=upload.compatibility_date,
        compatibility_flags=upload.compatibility_flags,
        annotations=upload.annotations,
        secrets=resolved.secrets,
        configured=upload.configured,
    )
    return replace(script, versions=(*script.versions, version), modified_on=now)


def next_version(
    script: ScriptState, before: VersionState, *, source: str, annotations: Mapping[str, str]
) -> VersionState:
    """A version like `before`, with an identity of its own; it is not among the worker's versions yet."""
    return replace(
        before,
        id=str(uuid4()),
        number=len(script.versions) + 1,
        created_on=timestamp(),
        source=source,
        annotations=dict(annotations),
    )


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
            raise no_version(version_id)
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


def goes_back(script: ScriptState, versions: Sequence[tuple[str, float]]) -> bool:
    """Whether a deployment of these versions lets one alone answer that is older than the active one."""
    if len(versions) != 1 or script.active is None:
        return False
    version = script.version(versions[0][0])
    return version is not None and version.number < script.active.number


def supersede(script: ScriptState, version: VersionState) -> ScriptState:
    """The worker with a new version that answers wherever the newest one did; it must be deployed."""
    before = script.versions[-1].id
    shares = [
        (version.id if version_id == before else version_id, share)
        for version_id, share in script.deployments[0].versions
    ]
    script = replace(script, versions=(*script.versions, version))
    return deploy(script, shares, source=version.source, annotations=version.annotations)


def upload_and_deploy(account: AccountState, name: str, upload: Upload) -> ScriptState:
    """The worker with a new version that answers every request, as `wrangler deploy` leaves it."""
    script = upload_version(account, name, upload)
    script = replace(script, settings=with_settings(script.settings, upload.settings))
    versions = ((script.versions[-1].id, 100.0),)
    annotations = {**upload.annotations, "workers/triggered_by": "upload"}
    return deploy(script, versions, source=upload.source, annotations=annotations)


def schedule(script: ScriptState, crons: Sequence[str]) -> ScriptState:
    """The worker with exactly these cron triggers; those that stay keep their date of creation.

    Raises:
        RefusalError: 10100 an expression has not five fields, or a number above the field's last.
    """
    for cron in crons:
        if not _is_cron(cron):
            raise RefusalError(400, 10100, f"invalid cron string: {cron}")
    now = timestamp()
    before = {entry.cron: entry.created_on for entry in script.schedules}
    entries = (
        ScheduleState(cron=cron, created_on=before.get(cron, now), modified_on=now)
        for cron in dict.fromkeys(crons)
    )
    return replace(script, schedules=tuple(entries))


def _is_cron(cron: str) -> bool:
    """Whether an expression may be one; which of the rarer forms Cloudflare takes is not judged."""
    fields = cron.split()
    return len(fields) == len(_CRON_MOST) and all(
        int(number) <= most
        for field, most in zip(fields, _CRON_MOST, strict=True)
        for number in _CRON_NUMBER.findall(field)
    )


def find(account: AccountState, name: str) -> ScriptState:
    """The worker of that name. Raises RefusalError 10007 when there is none."""
    script = account.scripts.get(name)
    if script is None:
        raise no_worker()
    return script


def with_settings(settings: ScriptSettings, given: Mapping[str, Any]) -> ScriptSettings:
    """The settings with those replaced that are given; what null means, the default, as well.

    Raises:
        RefusalError: 10026 one has another form.
    """
    try:
        tags = given.get("tags", settings.tags) or ()
        consumers = given.get("tail_consumers", settings.tail_consumers) or ()
        observability = given.get("observability", settings.observability) or ScriptSettings().observability
        migration_tag = given.get("migration_tag", settings.migration_tag)
        return ScriptSettings(
            logpush=bool(given.get("logpush", settings.logpush)),
            tags=tuple(str(tag) for tag in tags),
            tail_consumers=tuple(dict(one) for one in consumers),
            observability=dict(observability),
            migration_tag=None if migration_tag is None else str(migration_tag),
        )
    except (TypeError, ValueError) as error:
        raise RefusalError(400, 10026, "The settings of a worker are not what they must be.") from error
