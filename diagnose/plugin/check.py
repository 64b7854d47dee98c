"""What a check is."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from diagnose.model import Confidence, Finding, Severity, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from diagnose.model import FixInfo, Json, Location
    from diagnose.plugin.context import Context


class Need(StrEnum):
    """A fact without which a check can say nothing. A missing one makes a skip, with the reason."""

    CONFIG = "config"
    """A wrangler config that parses."""
    SOURCE = "source"
    """A readable entry module."""
    ACCOUNT = "account"
    """An account that exists independently of the project: real, or a saved embedded one."""
    REAL = "real"
    """A Cloudflare account."""
    SCHEMA = "schema"
    """The definition of the tables, from such an account or from migrations."""
    RUNTIME = "runtime"
    """A handler that can be executed."""


class Mode(StrEnum):
    """What a check touches: files only, an account by reading, or a live trigger."""

    OFFLINE = "offline"
    READ = "read"
    LIVE = "live"


class Check(ABC):
    """Looks at one thing and yields findings; never changes anything.

    The subclass's docstring is its documentation page, with the headings What it checks, Why it
    matters, Example, Remedy, Fix safety, Evidence and Permissions.

    Attributes:
        code: family and number, such as `LIM001`; stable, never reused.
        name: the slug, equal to the file name with hyphens.
        severity: of a finding that says nothing else.
        requires: what must be known; the engine skips the check, with the reason, where it is not.
        scopes: permissions that an API token needs for it, by the dashboard's names.
        live_scopes: those that it needs besides with `--live`.
        timeout: seconds after which the engine gives up on it and reports status *error*.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset()
    scopes: ClassVar[tuple[str, ...]] = ()
    live_scopes: ClassVar[tuple[str, ...]] = ()
    mode: ClassVar[Mode] = Mode.OFFLINE
    timeout: ClassVar[float] = 60.0

    @abstractmethod
    def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Yield one finding for each thing looked at, a pass included."""

    @classmethod
    def page(cls) -> str:
        """The documentation page: the class's docstring without its indentation."""
        return inspect.cleandoc(cls.__doc__ or "")

    @classmethod
    def title(cls) -> str:
        """The first line of the documentation page."""
        return cls.page().partition("\n")[0]

    def passed(
        self,
        message: str,
        *,
        location: Location | None = None,
        resource: str | None = None,
        evidence: Mapping[str, Json] | None = None,
    ) -> Finding:
        """A finding that says: looked at, and in order."""
        return self._finding(
            Status.PASS, message, Confidence.HIGH, location=location, resource=resource, evidence=evidence
        )

    def skipped(self, reason: str, *, location: Location | None = None) -> Finding:
        """A finding that says: could not be looked at, because of `reason`."""
        return self._finding(Status.SKIP, reason, Confidence.HIGH, location=location)

    def problem(
        self,
        message: str,
        *,
        confidence: Confidence = Confidence.LOW,
        severity: Severity | None = None,
        location: Location | None = None,
        resource: str | None = None,
        evidence: Mapping[str, Json] | None = None,
        explains: tuple[str, ...] = (),
        fix: FixInfo | None = None,
    ) -> Finding:
        """A fail when the severity is error, else a warning.

        `fix` overrides what the engine says about the availability of the check's fix.
        """
        severity = severity or self.severity
        status = Status.FAIL if severity is Severity.ERROR else Status.WARN
        return self._finding(
            status,
            message,
            confidence,
            severity=severity,
            location=location,
            resource=resource,
            evidence=evidence,
            explains=explains,
            fix=fix,
        )

    def _finding(
        self,
        status: Status,
        message: str,
        confidence: Confidence,
        *,
        severity: Severity | None = None,
        location: Location | None = None,
        resource: str | None = None,
        evidence: Mapping[str, Json] | None = None,
        explains: tuple[str, ...] = (),
        fix: FixInfo | None = None,
    ) -> Finding:
        return Finding(
            code=self.code,
            name=self.name,
            status=status,
            severity=severity or self.severity,
            confidence=confidence,
            message=message,
            location=location,
            resource=resource,
            evidence=dict(evidence or {}),
            explains=explains,
            fix=fix,
        )
