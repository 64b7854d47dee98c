"""CFG005: the id of the one database that has the configured name."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.errors import ProjectError
from diagnose.plugin import Fix, Safety
from diagnose.project.database_entries import database_entries
from diagnose.project.edits import set_value
from diagnose.project.placeholders import is_placeholder_id
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan


class DatabaseId(Fix):
    """Writes the id that the account has for the configured name, if exactly one database has it."""

    code: ClassVar[str] = "CFG005"
    safety: ClassVar[Safety] = Safety.SAFE
    scopes: ClassVar[tuple[str, ...]] = ("D1 Read",)

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Look the name up and set the id."""
        if ctx.project.config is None:
            return self.refuse("the config does not parse", "repair CFG001 first")
        document = ctx.config.document
        keys = {
            binding.keys for binding in ctx.config.d1 if binding.binding == finding.evidence.get("binding")
        }
        entry = next((entry for entry in database_entries(document) if entry.keys in keys), None)
        if entry is None or entry.database_id is None or not is_placeholder_id(entry.database_id):
            return self.nothing("the id is one of a database")
        if ctx.account is None:
            return self.refuse(
                "no account was read", "run with --target cloudflare, or see `wrangler d1 list`"
            )
        named = [database for database in await ctx.account.databases() if database.name == entry.name]
        if len(named) != 1:
            count = "no database" if not named else f"{len(named)} databases"
            return self.refuse(
                f"{count} in the account has the name {entry.name!r}",
                "take the id from `wrangler d1 list`, or create the database with `wrangler d1 create`",
            )
        try:
            text = set_value(document, (*entry.keys, "database_id"), named[0].uuid)
        except ProjectError as error:
            return self.refuse(str(error), f"set database_id to {named[0].uuid} by hand")
        return self.steps(
            f"{named[0].uuid} is the only database named {entry.name!r}",
            EditFile.text(document.path, document.text, text),
        )
