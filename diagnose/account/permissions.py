"""The permissions that a token needs for the API's calls, by the names that Cloudflare's dashboard shows.

https://developers.cloudflare.com/fundamentals/api/reference/permissions/ lists them; there `Write` is what
the dashboard calls `Edit`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Level: TypeAlias = Literal["Read", "Edit"]
Scope: TypeAlias = Literal["Account", "User", "Zone"]


@dataclass(frozen=True, slots=True)
class Product:
    """Calls that one permission covers.

    Attributes:
        paths: matches the beginning of their paths, after the API root.
        name: of the permission, without its level.
        scope: where the dashboard lists it.
        levels: that it has; the last one covers calls that change something.
    """

    paths: re.Pattern[str]
    name: str
    scope: Scope = "Account"
    levels: tuple[Level, ...] = ("Read", "Edit")


def _under(path: str) -> re.Pattern[str]:
    return re.compile(r"/accounts/[^/]+" + path)


# The first match counts.
PRODUCTS: Final = (
    Product(_under(r"/d1/"), "D1"),
    Product(_under(r"/queues\b"), "Queues"),
    Product(_under(r"/workers/scripts/[^/]+/tails\b"), "Workers Tail", levels=("Read",)),
    Product(_under(r"/workers/observability\b"), "Workers Observability", levels=("Read",)),
    Product(_under(r"/workers\b"), "Workers Scripts"),
    Product(re.compile(r"/graphql\b"), "Account Analytics", levels=("Read",)),
    Product(re.compile(r"/zones/[^/]+/workers/routes\b"), "Workers Routes", scope="Zone"),
    Product(re.compile(r"/zones\b"), "Zone", scope="Zone", levels=("Read",)),
    Product(re.compile(r"/memberships\b"), "Memberships", scope="User"),
    Product(re.compile(r"/user\b"), "User Details", scope="User"),
    Product(re.compile(r"/accounts\b"), "Account Settings"),
)


def product_of(path: str) -> Product | None:
    """What a path belongs to, or None for one that needs no permission or is not known."""
    if path.endswith("/tokens/verify"):
        return None
    return next((product for product in PRODUCTS if product.paths.match(path)), None)


def permission_for(method: str, path: str, *, reads: bool = False) -> str | None:
    """The permission that a call needs, such as `D1 Read`; None where there is none.

    Args:
        method: of HTTP; GET reads.
        path: after the API root.
        reads: it changes nothing whatever its method says, such as a query of D1.
    """
    product = product_of(path)
    if product is None:
        return None
    level = product.levels[0] if reads or method == "GET" else product.levels[-1]
    return f"{product.name} {level}"


def dashboard_path(permission: str) -> str:
    """A permission as one clicks it together in the dashboard: `Account · D1 · Read`."""
    name, _, level = permission.rpartition(" ")
    scope = next((product.scope for product in PRODUCTS if product.name == name), "Account")
    return f"{scope} · {name} · {level}"


def least(permissions: frozenset[str] | set[str]) -> tuple[str, ...]:
    """The permissions without those that another one of them includes, in a fixed order."""
    needless = {
        f"{name} Read" for name, _, level in (each.rpartition(" ") for each in permissions) if level == "Edit"
    }
    return tuple(sorted(permissions - needless))
