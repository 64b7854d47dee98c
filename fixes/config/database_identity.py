"""CFG006: the name of the database that the id names."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.errors import ProjectError
from diagnose.plugin import Fix, Safety
from diagnose.project.database_entries import database_entries
from diagnose.project.edits import set_value
from diagnose.project.reading import with_text
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.account import DatabaseInfo
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project import ConfigDocument
    from diagnose.project.database_entries import DatabaseEntry


class DatabaseIdentity(Fix):
    """Corrects the name wherever the id stands; the id itself is never changed."""

    code: ClassVar[str] = "CFG006"
    safety: ClassVar[Safety] = Safety.SAFE
    scopes: ClassVar[tuple[str, ...]] = ("D1 Read",)

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Write the database's own name."""
        if ctx.project.config is None:
            return self.refuse("the config does not parse", "repair CFG001 first")
        if ctx.account is None:
            return self.refuse(
                "no account was read", "run with --target cloudflare, or see `wrangler d1 list`"
            )
        document = ctx.config.document
        wanted = finding.evidence.get("database_id")
        entries = [
            entry for entry in database_entries(document) if entry.database_id == wanted and entry.name
        ]
        return self._named(document, entries, await ctx.account.databases())

    def _named(
        self, document: ConfigDocument, entries: Sequence[DatabaseEntry], databases: Sequence[DatabaseInfo]
    ) -> Plan:
        if not entries:
            return self.nothing("the config names no such database")
        own = next((database for database in databases if database.uuid == entries[0].database_id), None)
        if own is None:
            return self.refuse(
                "the account has no database with that id",
                "compare with `wrangler d1 list`, and check that the token is for the right account",
            )
        wrong = [entry for entry in entries if entry.name != own.name]
        names = {entry.name for entry in wrong}
        if any(database.name in names for database in databases):
            return self.refuse(
                "id and name name two databases, and only you know which one is meant",
                f"set database_name to {own.name} if the id is right",
            )
        return self._corrected(document, wrong, own.name) if wrong else self.nothing("id and name agree")

    def _corrected(self, document: ConfigDocument, wrong: Sequence[DatabaseEntry], name: str) -> Plan:
        before = document.text
        try:
            for entry in wrong:
                document = with_text(document, set_value(document, entry.name_keys, name))
        except ProjectError as error:
            return self.refuse(str(error), f"set database_name to {name} by hand")
        return self.steps(
            f"the database of this id is called {name}", EditFile.text(document.path, before, document.text)
        )
