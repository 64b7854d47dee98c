"""LIM002: no statement is longer than D1 reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.limits import LIMITS
from diagnose.d1.splitting import statements_in
from diagnose.model import Location
from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.sql_files import deployed_sql
from diagnose.simulation import simulate, statement_size

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from diagnose.plugin import Context, Finding
    from diagnose.project.source.model import StatementSite
    from diagnose.project.sql_files import DeployedSql
    from diagnose.simulation import StatementSize

_HEAD = 200
_LIMIT = LIMITS.d1.statement_bytes
_ERROR = f"D1_ERROR: {_LIMIT.error}"


class StatementLength(Check):
    """A statement must not be longer than D1 reads.

    ## What it checks

    Every statement of the migrations, and of the SQL files that a script of the project hands to
    `wrangler d1 execute --file` (`package.json`, Makefiles, shell scripts, CI workflows). Other `.sql`
    files are not looked at: dumps and vendored schemas never reach D1. And every place in the worker's
    source whose text is long by itself, or grows by each row that is written into it. A migration of many
    short statements may be as long as it likes: the API runs them one by one.

    ## Why it matters

    D1 reads 100,000 bytes of UTF-8 per statement (https://developers.cloudflare.com/d1/platform/limits/),
    comments included, and answers `statement too long: SQLITE_TOOBIG` to a longer one, without saying
    which one it was. A migration with such a statement cannot be applied, and neither can those behind it.

    ## Example

    Values in the text, 2,000 rows of 60 bytes:

    ```python
    rows = ", ".join(f"('{c['symbol']}', {c['time']}, {c['open']}, {c['close']})" for c in candles)
    await env.DB.prepare(f"INSERT INTO prices VALUES {rows}").run()
    ```

    Values in a parameter; the text has the same length for any number of rows:

    ```python
    sql = "INSERT INTO prices SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?1)"
    for part in json_parts([[c["symbol"], c["time"], c["open"], c["close"]] for c in candles]):
        await env.DB.prepare(sql).bind(part).run()
    ```

    ## Remedy

    In a file, several INSERT statements instead of one with all rows. In source, bind values instead of
    writing them into the text. A single value that is too long for a statement can only be bound.

    ## Fix safety

    Review: an INSERT with many rows becomes several with fewer rows each; every byte of the rows and the
    comments between them stays. Outside a transaction the statements are written one by one. What of a
    migration is then beyond 100,000 bytes goes into further files behind it (`0002_seed_2.sql`), because
    wrangler sends each file as one text; a file with a PRAGMA stays one, and so does one whose names are
    taken. Refused for a migration that a database of the account has been given already. In source,
    rows that one `join` writes into the text come to travel as JSON parameters, a quoted value as text; any
    other shape is left alone, and the statement to use is shown.

    ## Evidence

    - `bytes`: of the statement, or the least that the source builds; null when no number of rows is named.
    - `limit`: what D1 reads.
    - `error`: D1's answer.
    - `statement`: how it begins.
    - `named_at`: the script that executes the file, or null for a migration.
    - `binding`, `function`: of a place in the source.
    - `rows`: that the code puts into the text, or null.
    - `rows_break_at`: of a text that grows, the number of rows from which on D1 refuses it at the latest.
    - `files`, `sites`: of a pass, how much was looked at.

    ## Permissions

    None: it reads files only. The fix of a migration asks whether it is applied: D1 Read.
    """

    code = "LIM002"
    name = "statement-length"
    severity = Severity.ERROR
    requires = frozenset({Need.CONFIG})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Measure the statements of files, then those of the source."""
        files, long = 0, 0
        for script in deployed_sql(ctx.project):
            if script.problem is not None:
                yield self.skipped(f"{script.path} {script.problem}", location=Location(script.path, 1))
                continue
            files += 1
            for finding in self._in_file(script):
                long += 1
                yield finding
        sites = ctx.project.source.sites if ctx.project.source else ()
        for site in sites:
            if (built := self._in_source(site)) is not None:
                long += 1
                yield built
        if ctx.project.source_error is not None:
            yield self.skipped(f"statements in the source are not looked at: {ctx.project.source_error}")
        if not long:
            yield self.passed(
                f"no statement is known to be longer than {_LIMIT:,} bytes",
                evidence={"files": files, "sites": len(sites)},
            )

    def _in_file(self, script: DeployedSql) -> Iterator[Finding]:
        if len(script.text.encode()) <= _LIMIT:
            return
        for start, statement in statements_in(script.text):
            size = len(statement.encode())
            if size > _LIMIT:
                line = script.text.count("\n", 0, start) + 1
                yield self._long(script, Location(script.path, line), statement, size)

    def _long(self, script: DeployedSql, location: Location, statement: str, size: int) -> Finding:
        return self.problem(
            f"a statement of {size:,} bytes is longer than the {_LIMIT:,} that D1 reads",
            confidence=Confidence.HIGH,
            location=location,
            resource=f"{location.path}:{location.line}",
            evidence={
                "bytes": size,
                "limit": int(_LIMIT),
                "error": _ERROR,
                "statement": statement[:_HEAD],
                "named_at": script.named_at,
            },
            explains=("TBL001", "E2E001", "E2E002"),
        )

    def _in_source(self, site: StatementSite) -> Finding | None:
        size = statement_size(site)
        proven = size.asked is not None and size.asked > _LIMIT
        if not proven and not size.unbounded:
            return None
        simulation = simulate(site)
        if simulation is not None and not simulation.is_too_long and simulation.breaks_for_the_code:
            return None  # it binds too many parameters long before (LIM001)
        severity = Severity.ERROR if proven else Severity.WARNING
        sure = Confidence.HIGH if proven else Confidence.MEDIUM
        return self.problem(
            _message(site, size),
            severity=severity if site.reachable else Severity.ADVICE,
            confidence=sure if site.reachable else Confidence.LOW,
            location=site.location,
            evidence={
                "bytes": size.asked,
                "limit": int(_LIMIT),
                "error": _ERROR,
                "statement": site.sql.head().strip()[:_HEAD],
                "binding": site.binding,
                "function": site.function,
                "rows": size.rows,
                "rows_break_at": size.breaks_at,
            },
            explains=("E2E001", "E2E002", "E2E004"),
        )


def _message(site: StatementSite, size: StatementSize) -> str:
    what = f"{site.verb or 'statement'} in {site.function}"
    if size.asked is None or size.asked <= _LIMIT:
        return (
            f"the text of the {what} grows by at least {size.per_row:,} bytes for each of {site.rows}, and "
            f"nothing sets a bound; D1 reads {_LIMIT:,}, so it breaks at row {size.breaks_at:,} at the latest"
        )
    rows = f" for the {size.rows:,} rows that the code puts into it" if size.per_row else ""
    least = "" if size.exact else "at least "
    return f"the text of the {what} has {least}{size.asked:,} bytes{rows}; D1 reads {_LIMIT:,}"
