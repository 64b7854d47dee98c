"""Hides secrets in what a worker said or wrote, before a finding reaches anybody."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from diagnose.rehearsal.redacting import Redaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.model import Finding, Json
    from diagnose.project import Project

_TOKEN: Final = "CLOUDFLARE_API_TOKEN"  # noqa: S105 - the name of a variable


def secrets_of(project: Project, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The values that a worker is given from the environment, and the token."""
    trigger = project.settings.trigger
    names = {_TOKEN, *(trigger.headers_env.values() if trigger else ())}
    return tuple(environment[name] for name in sorted(names) if environment.get(name))


def without_secrets(findings: Iterable[Finding], secrets: tuple[str, ...]) -> list[Finding]:
    """The findings with these values hidden."""
    redaction = Redaction(secrets)
    if not secrets:
        return list(findings)
    return [
        replace(
            finding,
            message=redaction.text(finding.message),
            evidence={key: _hidden(value, redaction) for key, value in finding.evidence.items()},
        )
        for finding in findings
    ]


def _hidden(value: Json, redaction: Redaction) -> Json:
    match value:
        case str():
            return redaction.text(value)
        case Mapping():
            return {key: _hidden(item, redaction) for key, item in value.items()}
        case Sequence():
            return [_hidden(item, redaction) for item in value]
        case _:
            return value
