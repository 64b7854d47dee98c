"""What the API tells, as values. Each `from_api` takes one JSON object and tolerates missing keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.model import Json

Binding: TypeAlias = "Mapping[str, Json]"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInfo:
    """A token that the API knows.

    Attributes:
        status: `active`, `disabled` or `expired`.
        owner: `user` or `account`.
    """

    id: str
    status: str
    owner: str
    expires_on: str | None = None

    @property
    def active(self) -> bool:
        """Whether it may be used."""
        return self.status == "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseInfo:
    """A D1 database; `num_tables` and `file_size` (bytes) are None where it stems from a list."""

    uuid: str
    name: str
    version: str = "production"
    created_at: str | None = None
    num_tables: int | None = None
    file_size: int | None = None

    @classmethod
    def from_api(cls, item: Mapping[str, Any]) -> Self:
        """From an item of the list, or from the database itself."""
        return cls(
            uuid=str(item["uuid"]),
            name=str(item["name"]),
            version=str(item.get("version", "production")),
            created_at=item.get("created_at"),
            num_tables=item.get("num_tables"),
            file_size=item.get("file_size"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryMeta:
    """What D1 says about one statement; sizes in bytes, the duration in milliseconds."""

    changes: int = 0
    last_row_id: int = 0
    changed_db: bool = False
    size_after: int = 0
    rows_read: int = 0
    rows_written: int = 0
    duration_ms: float = 0.0

    @classmethod
    def from_api(cls, meta: Mapping[str, Any]) -> Self:
        """From `meta`; the official SDK shows that its numbers may be floats."""
        return cls(
            changes=int(meta.get("changes") or 0),
            last_row_id=int(meta.get("last_row_id") or 0),
            changed_db=bool(meta.get("changed_db")),
            size_after=int(meta.get("size_after") or 0),
            rows_read=int(meta.get("rows_read") or 0),
            rows_written=int(meta.get("rows_written") or 0),
            duration_ms=float(meta.get("duration") or 0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """Rows of one statement, in column order, equal names kept; blobs are arrays of numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    meta: QueryMeta = field(default_factory=QueryMeta)

    @classmethod
    def from_api(cls, item: Mapping[str, Any]) -> Self:
        """From one element of what `raw` answers."""
        results = item["results"]
        return cls(
            columns=tuple(map(str, results["columns"])),
            rows=tuple(tuple(row) for row in results["rows"]),
            meta=QueryMeta.from_api(item.get("meta") or {}),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptInfo:
    """A worker as the list shows it; dates are ISO 8601."""

    name: str
    etag: str = ""
    handlers: tuple[str, ...] = ()
    created_on: str | None = None
    modified_on: str | None = None
    compatibility_date: str = ""
    compatibility_flags: tuple[str, ...] = ()

    @classmethod
    def from_api(cls, item: Mapping[str, Any]) -> Self:
        """From an item of the list, in which `id` is the name."""
        return cls(
            name=str(item["id"]),
            etag=str(item.get("etag") or ""),
            handlers=tuple(map(str, item.get("handlers") or ())),
            created_on=item.get("created_on"),
            modified_on=item.get("modified_on"),
            compatibility_date=str(item.get("compatibility_date") or ""),
            compatibility_flags=tuple(map(str, item.get("compatibility_flags") or ())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptSettings:
    """Bindings and compatibility of a worker's newest version; bindings in the API's form."""

    bindings: tuple[Binding, ...] = ()
    compatibility_date: str = ""
    compatibility_flags: tuple[str, ...] = ()

    @classmethod
    def from_api(cls, item: Mapping[str, Any]) -> Self:
        """From the settings."""
        return cls(
            bindings=tuple(dict(binding) for binding in item.get("bindings") or ()),
            compatibility_date=str(item.get("compatibility_date") or ""),
            compatibility_flags=tuple(map(str, item.get("compatibility_flags") or ())),
        )

    def binding(self, name: str) -> Binding | None:
        """The binding of that name, or None."""
        return next((binding for binding in self.bindings if binding.get("name") == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Which versions answer, as (version id, percentage) pairs."""

    id: str
    created_on: str | None = None
    source: str = ""
    versions: tuple[tuple[str, float], ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_api(cls, item: Mapping[str, Any]) -> Self:
        """From an item of `deployments`."""
        return cls(
            id=str(item["id"]),
            created_on=item.get("created_on"),
            source=str(item.get("source") or ""),
            versions=tuple(
                (str(version["version_id"]), float(version["percentage"]))
                for version in item.get("versions") or ()
            ),
            annotations=dict(item.get("annotations") or {}),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subdomain:
    """Whether a worker, and its previews, answer at workers.dev."""

    enabled: bool
    previews_enabled: bool = False
