"""CFG005: a database id that stands for one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Location, Need, Severity
from diagnose.project.placeholders import is_placeholder_id, is_template_path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project import D1Binding, WorkerConfig

# ${ID}, $ID, {{ id }}, <%= id %>, %ID%, #{ID}#, @ID@: what deploy scripts fill in.
_SUBSTITUTED = re.compile(r"\$\{.+\}|\$[A-Z_][A-Z0-9_]*|\{\{.+\}\}|<%.+%>|%\w+%|#\{.+\}#?|@\w+@")


class DatabaseId(Check):
    """A D1 binding has a placeholder where the id of a database belongs.

    ## What it checks

    The `database_id` of every D1 binding of the chosen environment: whether it is a UUID, and one that a
    database could have. An absent id is legal: wrangler then creates or finds the database by itself.

    ## Why it matters

    A deploy fails with `binding DB of type d1 must have a valid id` or `references database … which was not
    found [code: 10181]`, migrations with `7400 invalid uuid`. Templates and tests hold placeholders on
    purpose, so there it is advice.
    https://developers.cloudflare.com/workers/wrangler/configuration/#d1-databases

    ## Example

    Fails:

    ```toml
    [[d1_databases]]
    binding = "DB"
    database_name = "prices"
    database_id = "<your-database-id>"
    ```

    Repaired:

    ```toml
    [[d1_databases]]
    binding = "DB"
    database_name = "prices"
    database_id = "0c2bd1d6-54a5-4b3f-9c0e-0a0d2a4f7e13"
    ```

    ## Remedy

    Take the id from `wrangler d1 list`, or from `wrangler d1 create NAME`, or remove the key.

    ## Fix safety

    safe: the id of the one database in the account that has the configured name is written. Without an
    account, or when no or several databases have that name, the id stays: a wrong guess moves data.

    ## Evidence

    - `binding`, `database_name`: as configured.
    - `database_id`: the text that stands there.
    - `reason`: `placeholder`, `substituted` (a deploy script fills it in), `empty` or `template`.

    ## Permissions

    None for the check; the fix reads the list of databases (D1 Read).
    """

    code: ClassVar[str] = "CFG005"
    name: ClassVar[str] = "database-id"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each binding with an id."""
        config = ctx.config
        for binding in config.d1:
            if binding.database_id is None:
                yield self.passed(
                    f"`{binding.binding}` has no id, so a deploy finds or creates its database",
                    location=binding.location,
                )
            elif is_placeholder_id(binding.database_id):
                yield self._problem(config, binding, binding.database_id)
            else:
                yield self.passed(
                    f"the id of `{binding.binding}` has the form of a database id", location=binding.location
                )
        if not config.d1:
            yield self.passed("the config declares no D1 database", location=Location(config.document.path))

    def _problem(self, config: WorkerConfig, binding: D1Binding, database_id: str) -> Finding:
        reason = _reason(config.document.path, database_id)
        placeholder = reason == "placeholder"
        return self.problem(
            f"`{binding.binding}` has the id {database_id!r}, which no database has",
            severity=Severity.ERROR if placeholder else Severity.ADVICE,
            confidence=Confidence.HIGH if placeholder else Confidence.MEDIUM,
            location=config.document.locate(*binding.keys, "database_id"),
            resource=f"d1/{binding.database_name or binding.binding}",
            evidence={
                "binding": binding.binding,
                "database_name": binding.database_name,
                "database_id": database_id,
                "reason": reason,
            },
            explains=("CFG006", "TBL001", "DEP001") if placeholder else (),
        )


def _reason(path: str, database_id: str) -> str:
    if is_template_path(path):
        return "template"
    if not database_id.strip():
        return "empty"
    return "substituted" if _SUBSTITUTED.search(database_id) else "placeholder"
