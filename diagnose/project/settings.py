"""Settings of the tool itself: `diagnose.toml`, or `[tool.diagnose]` of `pyproject.toml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from diagnose.d1.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from diagnose.d1.limits import Limits
    from diagnose.model import Location

TriggerKind = Literal["fetch", "scheduled", "queue"]
Plan = Literal["free", "paid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSettings:
    """`[trigger]`: how the end-to-end checks start the worker.

    Attributes:
        kind: None where the settings leave the choice to the one handler there is.
        url: where the deployed worker answers, such as `https://import.example.com`, for `--live`; None for
            workers.dev or its custom domain.
        headers: request headers written out in the settings.
        headers_env: header name → environment variable that holds its value, for secrets.
        body: of the request or of the queue message (JSON where it parses as such, else text), or None.
        queue: the queue that a message comes from, or None for the only one that the worker consumes.
        cron: the expression that a scheduled handler is given, or None.
        reported: JSON path (`result.count`) of the number of rows the worker's answer claims, or None.
    """

    kind: TriggerKind | None = None
    method: str = "GET"
    path: str = "/"
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    headers_env: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    queue: str | None = None
    cron: str | None = None
    reported: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings:
    """`[watch]`: the table whose rows are counted.

    Attributes:
        database: name or binding of the database, or None for the only one.
        key: the columns that make a row unique, or () for the table's own key.
    """

    table: str
    database: str | None = None
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedResponse:
    """`[[responses]]`: the answer to an outbound fetch, so that no run depends on the internet.

    Attributes:
        method: None answers every method.
        url: exact, or with `*` for any characters.
        headers: of the answer; a `content-type` of `application/json` where none is given.
        body_file: relative to the settings file.
    """

    url: str
    body_file: str
    method: str | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsSettings:
    """`[rows]`: where the rows stand in a fetched answer, and which field lands in which column.

    Attributes:
        path: JSON path (`Data.Data`) of the array of rows in the answer.
        columns: fetched field → column.
    """

    path: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """`[[ignore]]`: a finding that somebody accepted.

    Attributes:
        path: a glob for the finding's file, or None for every place.
        until: the last day on which it holds, or None.
    """

    code: str
    reason: str
    path: str | None = None
    until: date | None = None
    location: Location | None = None

    def concerns(self, code: str, path: str) -> bool:
        """Whether it speaks of findings with this code in this file; an empty path is no file."""
        return self.code.upper() == code and (self.path is None or fnmatch(path, self.path))

    def is_over(self, today: date) -> bool:
        """Whether its last day has passed."""
        return self.until is not None and today > self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that the settings file says.

    Attributes:
        config: the wrangler config to read, relative to the project, or None to look for it.
        plan: whose limits per invocation apply.
        limits_on: the day whose limits statements are judged by, or None for the newest that are known.
        path: the settings file, relative to the project where it is inside, or None without one.
        directory: of the settings file (of the project without one); body files are relative to it.
    """

    config: str | None = None
    plan: Plan = "paid"
    limits_on: date | None = None
    trigger: TriggerSettings | None = None
    watch: WatchSettings | None = None
    responses: tuple[RecordedResponse, ...] = ()
    rows: RowsSettings | None = None
    ignores: tuple[Ignore, ...] = ()
    path: str | None = None
    directory: Path = field(default_factory=Path)

    @property
    def limits(self) -> Limits:
        """The limits of that day."""
        return LIMITS if self.limits_on is None else LIMITS.at(self.limits_on.isoformat())
