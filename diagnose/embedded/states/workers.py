"""Workers of an embedded account: versions, deployments, settings, secrets. Values only."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.model import Json

Binding: TypeAlias = "Mapping[str, Json]"

SECRET_TYPES: Final = frozenset({"secret_text", "secret_key"})
"""Types of bindings whose value is never shown again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretText:
    """The text of one secret, which appears in no `repr` and in no record.

    Attributes:
        id: names it in the account's record; random, so that it tells nothing about the text.
        text: what the worker is given.
    """

    text: str = field(repr=False)
    id: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One uploaded file of a worker."""

    content: bytes
    content_type: str

    @property
    def digest(self) -> str:
        """SHA-256 of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionState:
    """One immutable upload of a worker.

    Attributes:
        number: 1 for the first version of a worker, and so on.
        source: which tool uploaded it: `wrangler`, `api`, …
        bindings: as the API shows them; the text of a secret is never among them.
        secrets: the texts of its secrets by name; a secret whose text is not known is missing.
        configured: what else was uploaded and is shown as it was told: `limits`, `placement`, `assets`, …
    """

    id: str
    number: int
    created_on: str
    source: str
    main_module: str
    modules: Mapping[str, Module]
    bindings: tuple[Binding, ...] = ()
    compatibility_date: str = ""
    compatibility_flags: tuple[str, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SecretText] = field(default_factory=dict)
    configured: Mapping[str, Json] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        """A digest of everything that was uploaded as code."""
        parts = [self.main_module, *(f"{name}\0{self.modules[name].digest}" for name in sorted(self.modules))]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def secret_names(self) -> tuple[str, ...]:
        """Names of the secrets that it is given."""
        return tuple(str(binding["name"]) for binding in self.bindings if binding["type"] in SECRET_TYPES)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentState:
    """Which versions answer, as (version id, percentage) pairs that add up to 100."""

    id: str
    created_on: str
    source: str
    versions: tuple[tuple[str, float], ...]
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleState:
    """One cron trigger."""

    cron: str
    created_on: str
    modified_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptSettings:
    """What belongs to a worker whichever of its versions answers; shown as it was told.

    Attributes:
        migration_tag: of the newest migration of Durable Objects that an upload named.
    """

    logpush: bool = False
    tags: tuple[str, ...] = ()
    tail_consumers: tuple[Mapping[str, Json], ...] = ()
    observability: Mapping[str, Json] = field(default_factory=lambda: {"enabled": False})
    migration_tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptState:
    """One worker.

    Attributes:
        tag: its identity, 32 hexadecimal digits; stays through uploads.
        versions: oldest first.
        deployments: newest first; the first is the active one.
        subdomain: reachable at workers.dev.
        previews: preview URLs are reachable there.
    """

    name: str
    tag: str
    created_on: str
    modified_on: str
    versions: tuple[VersionState, ...] = ()
    deployments: tuple[DeploymentState, ...] = ()
    schedules: tuple[ScheduleState, ...] = ()
    subdomain: bool = False
    previews: bool = False
    settings: ScriptSettings = field(default_factory=ScriptSettings)

    def version(self, version_id: str) -> VersionState | None:
        """The version of that id, or None."""
        return next((version for version in self.versions if version.id == version_id), None)

    @property
    def latest(self) -> VersionState | None:
        """The newest upload, deployed or not."""
        return self.versions[-1] if self.versions else None

    @property
    def active(self) -> VersionState | None:
        """The version that most requests reach, or None when nothing is deployed."""
        if not self.deployments:
            return None
        version_id, _ = max(self.deployments[0].versions, key=lambda share: share[1])
        return self.version(version_id)

    @property
    def latest_is_deployed(self) -> bool:
        """Whether the newest upload is among the versions that answer."""
        if not self.deployments or self.latest is None:
            return False
        return any(version_id == self.latest.id for version_id, _ in self.deployments[0].versions)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets that the newest version is given."""
        return self.latest.secret_names if self.latest else ()
