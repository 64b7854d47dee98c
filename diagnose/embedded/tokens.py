"""The API tokens of an embedded account. They live as long as the process and are written nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping


class Permission(StrEnum):
    """What a token may be allowed, by the name that Cloudflare's dashboard shows."""

    ACCOUNT_READ = "Account Settings Read"
    USER_READ = "User Details Read"
    MEMBERSHIPS_READ = "Memberships Read"
    ANALYTICS_READ = "Account Analytics Read"
    OBSERVABILITY_READ = "Workers Observability Read"
    D1_READ = "D1 Read"
    D1_EDIT = "D1 Edit"
    WORKERS_READ = "Workers Scripts Read"
    WORKERS_EDIT = "Workers Scripts Edit"
    TAIL_READ = "Workers Tail Read"
    QUEUES_READ = "Queues Read"
    QUEUES_EDIT = "Queues Edit"


_INCLUDES: Final[Mapping[Permission, Permission]] = {
    Permission.D1_READ: Permission.D1_EDIT,
    Permission.WORKERS_READ: Permission.WORKERS_EDIT,
    Permission.QUEUES_READ: Permission.QUEUES_EDIT,
}

EVERYTHING: Final = frozenset(Permission)

TokenOwner: TypeAlias = Literal["user", "account"]
TokenStatus: TypeAlias = Literal["active", "disabled", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a token stands for.

    Attributes:
        id: of the token, 32 hexadecimal digits; not the token itself.
        owner: a user, or the account; it decides which verify endpoint answers.
        status: as it was set; `status_at` also looks at the dates.
        not_before: when it begins to be valid, ISO 8601 in UTC, or None.
        expires_on: when it ends to be valid, or None.
        allowed_ips: addresses and networks that it may be used from; empty for any.
    """

    id: str
    owner: TokenOwner = "user"
    permissions: frozenset[Permission] = EVERYTHING
    status: TokenStatus = "active"
    not_before: str | None = None
    expires_on: str | None = None
    allowed_ips: tuple[str, ...] = ()

    def status_at(self, now: str) -> TokenStatus:
        """What the token is at a moment, which is written as the dates are."""
        if self.status == "active" and self.expires_on is not None and self.expires_on <= now:
            return "expired"
        return self.status

    def begins_later(self, now: str) -> bool:
        """Whether it is not valid yet."""
        return self.not_before is not None and now < self.not_before

    def allows_address(self, address: str) -> bool:
        """Whether it may be used from an address."""
        if not self.allowed_ips:
            return True
        try:
            host = ip_address(address)
        except ValueError:
            return False
        return any(host in ip_network(network, strict=False) for network in self.allowed_ips)

    def allows(self, permission: Permission) -> bool:
        """Whether the token carries the permission; editing includes reading."""
        return permission in self.permissions or _INCLUDES.get(permission) in self.permissions
