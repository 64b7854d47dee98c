"""How secrets of a worker change: each change is a new version, which answers at once. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from diagnose.embedded.deploying import next_version, supersede
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.resolving import secret_text, shown_secret
from diagnose.embedded.state import SECRET_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from diagnose.embedded.state import Binding, ScriptState, SecretText, VersionState

_SECRET: Final = {"workers/triggered_by": "secret"}


def change_secrets(script: ScriptState, changes: Mapping[str, Binding | None], *, source: str) -> ScriptState:
    """The worker whose newest version was given these secrets, and answers.

    Args:
        script: whose secrets change.
        changes: secrets with their text by name; None takes one away.
        source: which tool asked.

    Raises:
        RefusalError: 10215 the newest version is not deployed; 10056 a secret to be taken away does not
            exist; 10053 another binding has the name; 10021 a secret has no text.
    """
    if not script.latest_is_deployed or script.latest is None:
        message = "Secret edit failed. The latest version of this Worker isn't currently deployed."
        raise RefusalError(400, 10215, message)
    return supersede(script, _changed(script, script.latest, changes, source, _SECRET))


def add_version_with_secrets(
    script: ScriptState,
    changes: Mapping[str, Binding | None],
    *,
    source: str,
    annotations: Mapping[str, str],
) -> ScriptState:
    """The worker with one more version, which was given these secrets and which nothing reaches yet.

    Raises:
        RefusalError: 10222 there is no version yet; and as `change_secrets`.
    """
    if script.latest is None:
        raise RefusalError(404, 10222, "This Worker has no versions.")
    version = _changed(script, script.latest, changes, source, annotations)
    return replace(script, versions=(*script.versions, version), modified_on=version.created_on)


def changed_secrets(before: VersionState, after: VersionState) -> tuple[str, ...]:
    """Names of the secrets that two versions do not share, or whose texts differ."""
    texts: list[dict[str, SecretText | None]] = [
        {name: version.secrets.get(name) for name in version.secret_names} for version in (before, after)
    ]
    names = sorted({*texts[0], *texts[1]})
    return tuple(name for name in names if _text(texts[0], name) != _text(texts[1], name))


def refuse_changed_secrets(script: ScriptState, versions: Iterable[str]) -> None:
    """Let nobody roll back to other secrets unawares. Raises RefusalError 10220.

    A version that is not older than the active one is no roll-back.
    """
    active = script.active
    for version in map(script.version, versions):
        if active is None or version is None or version.number >= active.number:
            continue
        changed = changed_secrets(version, active)
        if changed:
            names = ", ".join(changed)
            # wrangler reads the names after the colon.
            raise RefusalError(400, 10220, f"The following secrets have changed: {names}")


def _changed(
    script: ScriptState,
    before: VersionState,
    changes: Mapping[str, Binding | None],
    source: str,
    annotations: Mapping[str, str],
) -> VersionState:
    version = next_version(script, before, source=source, annotations=annotations)
    for name, secret in changes.items():
        version = _without(version, name) if secret is None else _with(version, name, secret)
    return version


def _text(texts: Mapping[str, SecretText | None], name: str) -> tuple[bool, str | None]:
    secret = texts.get(name)
    return name in texts, None if secret is None else secret.text


def _with(version: VersionState, name: str, secret: Binding) -> VersionState:
    taken = next((b for b in version.bindings if b["name"] == name), None)
    if taken is not None and taken["type"] not in SECRET_TYPES:
        # wrangler users report this sentence and code; neither is in Cloudflare's documentation.
        message = f"Binding name '{name}' already in use. Please use a different name and try again."
        raise RefusalError(400, 10053, message)
    text = secret_text(secret)
    if text is None:
        raise RefusalError(400, 10021, f"binding {name} of type {secret['type']} must have a text")
    others = tuple(binding for binding in version.bindings if binding["name"] != name)
    return replace(
        version,
        bindings=(*others, {**shown_secret(secret), "name": name}),
        secrets={**version.secrets, name: text},
    )


def _without(version: VersionState, name: str) -> VersionState:
    if name not in version.secret_names:
        raise no_secret(name)
    return replace(
        version,
        bindings=tuple(binding for binding in version.bindings if binding["name"] != name),
        secrets={known: text for known, text in version.secrets.items() if known != name},
    )


def no_secret(name: str) -> RefusalError:
    """A secret that the worker does not have."""
    return RefusalError(404, 10056, f"Binding {name!r} not found.")
