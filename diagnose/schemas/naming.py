"""Which statements go to which database, and how reports call it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.account import Account
    from diagnose.project import D1Binding
    from diagnose.project.source import Source
    from diagnose.project.source.model import StatementSite


def find_binding(bindings: Iterable[D1Binding], name: object) -> D1Binding | None:
    """The D1 binding of that name, or None."""
    return next((binding for binding in bindings if binding.binding == name), None)


def sites_of(source: Source, binding: D1Binding, table: str | None = None) -> tuple[StatementSite, ...]:
    """The statements that a handler sends through a binding; with `table`, those whose first table it is."""
    return tuple(
        site
        for site in source.sites
        if site.reachable
        and site.binding == binding.binding
        and (table is None or (site.table or "").lower() == table.lower())
    )


def own_sites(source: Source, binding: D1Binding) -> tuple[StatementSite, ...]:
    """All statements of a binding, those that no handler leads to included."""
    return tuple(site for site in source.sites if site.binding == binding.binding)


def each_once(names: Iterable[str]) -> tuple[str, ...]:
    """The names in their order, each in its first spelling; SQL ignores letter case."""
    unique: dict[str, str] = {}
    for name in names:
        unique.setdefault(name.lower(), name)
    return tuple(unique.values())


async def database_name(account: Account | None, binding: D1Binding) -> str:
    """The database behind a binding: by its real name where the account tells it, else as configured.

    Raises:
        AccountError: the account cannot be asked.
    """
    if account is not None and binding.database_id is not None:
        info = await account.database(binding.database_id)
        if info is not None:
            return info.name
    return binding.database_name or binding.database_id or binding.binding


def resource(binding: D1Binding, table: str) -> str:
    """The table as findings name it."""
    return f"d1/{binding.database_id or binding.binding}/{table}"


def why_unknown(account: Account | None, binding: D1Binding) -> str:
    """Why the tables behind a binding are not known, for a skip."""
    if account is not None:
        return f"the database behind {binding.binding} is not in the account"
    return f"the tables behind {binding.binding} are not known: no account was read, and no migrations run"
