"""CFG006: the database that an id names, and the one that a name names."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Mode, Need, Severity
from diagnose.project.database_entries import database_entries
from diagnose.project.placeholders import is_placeholder_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from diagnose.account import Account, DatabaseInfo
    from diagnose.plugin import Context, Finding
    from diagnose.project.database_entries import DatabaseEntry


class DatabaseIdentity(Check):
    """The id and the name of a D1 binding do not name one and the same database.

    ## What it checks

    Whether the account has the database that `database_id` names, and whether its name is the configured one;
    and, from the config alone, whether one id stands under several names.

    ## Why it matters

    The id decides where rows go, the name is what people and `wrangler d1 execute NAME` go by. When they
    disagree, migrations and checks are run against one database and the worker writes to another, without any
    error. https://developers.cloudflare.com/workers/wrangler/configuration/#d1-databases

    ## Example

    Fails, because the database of that id is called `market-archive`:

    ```toml
    [[d1_databases]]
    binding = "DB"
    database_name = "history"
    database_id = "0c2bd1d6-54a5-4b3f-9c0e-0a0d2a4f7e13"
    ```

    Repaired:

    ```toml
    [[d1_databases]]
    binding = "DB"
    database_name = "market-archive"
    database_id = "0c2bd1d6-54a5-4b3f-9c0e-0a0d2a4f7e13"
    ```

    ## Remedy

    Compare with `wrangler d1 list`. Correct the name if the id is right; decide which of the two is meant if
    both exist.

    ## Fix safety

    safe: the name is corrected. The id is never changed: when it is not in the account, or when id and name
    name two databases, only you know which one is meant, and a wrong guess moves data.

    ## Evidence

    - `binding`, `database_id`: as configured.
    - `configured_name`: the name in the config, also where it stands under a wrong key, or null.
    - `actual_name`: the name of the database that has the id, or null.
    - `other_id`: the id of the database that has the configured name, or null.
    - `names`: the names under which one id stands.

    ## Permissions

    D1 Read, except for one id under several names.
    """

    code: ClassVar[str] = "CFG006"
    name: ClassVar[str] = "database-identity"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG})
    scopes: ClassVar[tuple[str, ...]] = ("D1 Read",)
    mode: ClassVar[Mode] = Mode.READ

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each binding with an id, and one for each id under several names."""
        entries = [entry for entry in database_entries(ctx.config.document) if _has_id(entry)]
        for finding in self._several_names(entries):
            yield finding
        chosen = {binding.keys for binding in ctx.config.d1}
        for entry in entries:
            if entry.keys in chosen:
                yield await self._compared(ctx, entry)
        if not any(entry.keys in chosen for entry in entries):
            yield self.passed("no D1 binding has an id to compare")

    async def _compared(self, ctx: Context, entry: DatabaseEntry) -> Finding:
        if ctx.account is None:
            reason = await ctx.missing(Need.ACCOUNT)
            return self.skipped(reason or "there is no account", location=entry.location)
        return await self._in_account(ctx.account, entry)

    async def _in_account(self, account: Account, entry: DatabaseEntry) -> Finding:
        databases = await account.databases()
        own = next((database for database in databases if database.uuid == entry.database_id), None)
        other = next(
            (database for database in databases if database.name == entry.name and database is not own), None
        )
        if own is not None and entry.name in {own.name, None}:
            return self.passed(
                f"`{entry.binding}` is the database {own.name}",
                location=entry.location,
                resource=f"d1/{own.uuid}",
            )
        return self._mismatch(entry, own, other)

    def _mismatch(
        self, entry: DatabaseEntry, own: DatabaseInfo | None, other: DatabaseInfo | None
    ) -> Finding:
        if own is None:
            named = f"; the database named {entry.name} is {other.uuid}" if other else ""
            message = f"the account has no database with the id of `{entry.binding}`{named}"
        elif other is not None:
            message = (
                f"`{entry.binding}` names two databases: its id is that of {own.name}, "
                f"and {entry.name} is another one ({other.uuid})"
            )
        else:
            message = f"the database of `{entry.binding}` is called {own.name}, not {entry.name}"
        harmless = own is not None and other is None
        return self.problem(
            message,
            severity=Severity.WARNING if harmless else Severity.ERROR,
            confidence=Confidence.HIGH,
            location=entry.location,
            resource=f"d1/{entry.database_id}",
            evidence={
                "binding": entry.binding,
                "database_id": entry.database_id,
                "configured_name": entry.name,
                "actual_name": own.name if own else None,
                "other_id": other.uuid if other else None,
            },
            explains=() if harmless else ("TBL001", "TBL002", "DEP001", "E2E002"),
        )

    def _several_names(self, entries: Sequence[DatabaseEntry]) -> Iterator[Finding]:
        for database_id in dict.fromkeys(entry.database_id for entry in entries):
            same = [entry for entry in entries if entry.database_id == database_id and entry.name]
            names = list(dict.fromkeys(entry.name for entry in same))
            if len(names) > 1:
                yield self.problem(
                    f"one database id stands under {len(names)} names: {', '.join(map(str, names))}",
                    severity=Severity.WARNING,
                    confidence=Confidence.HIGH,
                    location=same[1].location,
                    resource=f"d1/{database_id}",
                    evidence={"database_id": database_id, "names": names},
                )


def _has_id(entry: DatabaseEntry) -> bool:
    """Placeholders are the business of CFG005."""
    return entry.database_id is not None and not is_placeholder_id(entry.database_id)
