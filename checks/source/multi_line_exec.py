"""SRC003: `exec()` gets one statement per line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.source.sql import Text
from diagnose.simulation.exec_lines import broken_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project.source.model import StatementSite
    from diagnose.simulation.exec_lines import BrokenLine

_HEAD = 60
_ANY_NAME = "x"


class MultiLineExec(Check):
    """No statement that is given to `exec()` may go on over several lines.

    ## What it checks

    Every text that is passed to a D1 binding's `exec()`. It is cut into lines as the binding does, and each
    line is given to D1's engine. A line that is no statement by itself, in a text that consists of
    statements as a whole, is the finding. Which tables exist does not matter.

    ## Why it matters

    `exec()` takes each line for a statement; line breaks are what separates them
    (https://developers.cloudflare.com/d1/worker-api/d1-database/#exec). A `CREATE TABLE` that is laid out
    over several lines fails at its first one, `Error in line 1: CREATE TABLE prices (: incomplete input`, and
    the table is never created. Where the first line is a statement, such as `DELETE FROM prices` above
    its `WHERE`, it means something else than was written.

    ## Example

    ```python
    await env.DB.exec('''
        CREATE TABLE IF NOT EXISTS prices (
            time INTEGER PRIMARY KEY
        )
    ''')
    ```

    ```python
    await env.DB.prepare('''
        CREATE TABLE IF NOT EXISTS prices (
            time INTEGER PRIMARY KEY
        )
    ''').run()
    ```

    ## Remedy

    `prepare(text).run()` takes any layout, and several statements as well, all of which are undone when one
    fails. Tables are better created by a migration.

    ## Fix safety

    Safe: `exec(…)` becomes `prepare(…).run()`, and the text stays as it is. Refused where the result of
    `exec()` is used, which has another form, and where a comment follows the last semicolon, which
    `prepare()` refuses.

    ## Evidence

    - `binding`, `function`: which call it is.
    - `line`, `number`: the first line that is no statement, and its number within the text.
    - `error`: what `exec()` answers.
    - `statements`: how many the whole text has.
    - `texts`: of a pass, how many calls were looked at.

    ## Permissions

    None: it reads the source only.
    """

    code = "SRC003"
    name = "multi-line-exec"
    severity = Severity.ERROR
    requires = frozenset({Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Cut the text of each call into lines."""
        sites = [site for site in ctx.source.sites if site.method == "exec"]
        in_order = True
        for site in sites:
            if not any(isinstance(part, Text) for part in site.sql.parts):
                in_order = False
                yield self.skipped(
                    f"what {site.function} passes to `{site.binding}.exec` cannot be told from the source",
                    location=site.location,
                )
            elif (broken := broken_line(site.sql.render(hole=_ANY_NAME))) is not None:
                in_order = False
                yield self._broken(site, broken)
        if in_order:
            yield self.passed("no text for `exec()` breaks a line", evidence={"texts": len(sites)})

    def _broken(self, site: StatementSite, broken: BrokenLine) -> Finding:
        sure = Confidence.HIGH if site.sql.is_complete else Confidence.MEDIUM
        line = broken.line.strip()
        shown = line if len(line) <= _HEAD else f"{line[:_HEAD]}…"
        return self.problem(
            f"`{site.binding}.exec` in {site.function} takes each line for a statement, "
            f"and line {broken.number} is none: `{shown}`",
            severity=Severity.ERROR if site.reachable else Severity.ADVICE,
            confidence=sure if site.reachable else Confidence.LOW,
            location=site.location,
            evidence={
                "binding": site.binding,
                "function": site.function,
                "line": line,
                "number": broken.number,
                "error": broken.error,
                "statements": broken.statements,
            },
            explains=("E2E001", "E2E002"),
        )
