"""Settings of a worker: those of its newest version with its bindings, and those of the worker as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import success
from diagnose.embedded.app.multipart import read_json_part
from diagnose.embedded.deploying import next_version, supersede, with_settings
from diagnose.embedded.refusal import RefusalError, no_worker
from diagnose.embedded.resolving import resolve
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from diagnose.embedded.app.calls import Call
    from diagnose.embedded.state import AccountState, ScriptState, VersionState

CONFIGURED: Final = ("limits", "placement", "usage_model", "cache_options")
"""What belongs to a version and is shown as it was told."""

_OF_A_VERSION: Final = frozenset(
    {"annotations", "bindings", "compatibility_date", "compatibility_flags", *CONFIGURED}
)


async def read_settings(call: Call) -> Response:
    """Bindings and compatibility of the newest version."""
    return success(_shown(call.named_script()))


async def edit_settings(call: Call) -> Response:
    """Change what the part `settings` names; bindings that it leaves out are gone.

    Raises:
        RefusalError: 10001 the body is no form; 10214 the newest version is not deployed; and as `resolve`.
    """
    given = await read_json_part(call.request, "settings")
    script = call.named_script()
    if _OF_A_VERSION & set(given):
        if script.latest is None or not script.latest_is_deployed:
            message = "The latest version of this Worker isn't currently deployed."
            raise RefusalError(400, 10214, message)
        script = supersede(script, _edited(call.account.state, script, script.latest, given, call.source))
    script = replace(script, settings=with_settings(script.settings, given))
    call.account.put_script(script)
    return success(_shown(script))


async def read_script_settings(call: Call) -> Response:
    """What belongs to the worker whichever version answers."""
    return success(script_settings(call.named_script()))


async def edit_script_settings(call: Call) -> Response:
    """Change what is given; the rest stays."""
    body = await call.json_object()
    script = call.named_script()
    script = replace(script, settings=with_settings(script.settings, body))
    call.account.put_script(script)
    return success(script_settings(script))


def script_settings(script: ScriptState) -> dict[str, Any]:
    """The four settings of a worker as a whole, as the API shows them."""
    return {
        "logpush": script.settings.logpush,
        "tags": list(script.settings.tags),
        "tail_consumers": [dict(consumer) for consumer in script.settings.tail_consumers],
        "observability": dict(script.settings.observability),
    }


def subdomain_settings(script: ScriptState) -> dict[str, bool]:
    """Whether a worker and its previews answer at workers.dev, as the API shows it."""
    return {"enabled": script.subdomain, "previews_enabled": script.previews}


def _edited(
    account: AccountState, script: ScriptState, before: VersionState, given: Mapping[str, Any], source: str
) -> VersionState:
    try:
        annotations = {str(key): str(value) for key, value in (given.get("annotations") or {}).items()}
        bindings = [dict(binding) for binding in given.get("bindings") or ()]
        names = [(str(binding["name"]), str(binding["type"])) for binding in bindings]
        flags = tuple(map(str, given.get("compatibility_flags", before.compatibility_flags) or ()))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        message = "The part `settings` is not what it must be."
        raise RefusalError(400, 10026, message) from error
    version = next_version(script, before, source=source, annotations=annotations)
    if "bindings" in given:
        named = [
            {**one, "name": name, "type": kind} for one, (name, kind) in zip(bindings, names, strict=True)
        ]
        resolved = resolve(account, script, named)
        version = replace(version, bindings=resolved.bindings, secrets=resolved.secrets)
    return replace(
        version,
        compatibility_date=str(given.get("compatibility_date", version.compatibility_date)),
        compatibility_flags=flags,
        configured={**version.configured, **{key: given[key] for key in CONFIGURED if key in given}},
    )


def _shown(script: ScriptState) -> dict[str, Any]:
    version = script.latest
    if version is None:
        raise no_worker()
    return {
        "bindings": list(version.bindings),
        "compatibility_date": version.compatibility_date,
        "compatibility_flags": list(version.compatibility_flags),
        "usage_model": version.configured.get("usage_model", "standard"),
        "placement": version.configured.get("placement") or {},
        "limits": version.configured.get("limits"),
        "migration_tag": script.settings.migration_tag,
        "annotations": dict(version.annotations),
        **script_settings(script),
    }


_SCRIPT: Final = "/accounts/{account_id}/workers/scripts/{script}"

ROUTES: Final = (
    ApiRoute("GET", _SCRIPT + "/settings", read_settings, Permission.WORKERS_READ),
    ApiRoute("PATCH", _SCRIPT + "/settings", edit_settings, Permission.WORKERS_EDIT),
    ApiRoute("GET", _SCRIPT + "/script-settings", read_script_settings, Permission.WORKERS_READ),
    ApiRoute("PATCH", _SCRIPT + "/script-settings", edit_script_settings, Permission.WORKERS_EDIT),
)
