"""The API tokens of an embedded account. They live as long as the process and are written nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping


class Permission(StrEnum):
    """What a token may be allowed, by the name that Cloudflare's dashboard shows."""

    ACCOUNT_READ = "Account Settings Read"
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
    """

    id: str
    owner: TokenOwner = "user"
    permissions: frozenset[Permission] = EVERYTHING
    status: TokenStatus = "active"

    def allows(self, permission: Permission) -> bool:
        """Whether the token carries the permission; editing includes reading."""
        return permission in self.permissions or _INCLUDES.get(permission) in self.permissions
