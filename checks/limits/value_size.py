"""LIM004: a value stays within the bytes that D1 stores."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.d1.limits import LIMITS
from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.rehearsal.row_sizes import recorded_row_bytes
from diagnose.simulation import oversized_value

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from diagnose.plugin import Context, Finding, Json
    from diagnose.project.source.model import StatementSite
    from diagnose.simulation import MessageSize

_LIMIT = LIMITS.d1.value_bytes
_ZEROBLOB = re.compile(r"\b(?:zeroblob|randomblob)\s*\(\s*(\d+)\s*\)", re.IGNORECASE)


class ValueSize(Check):
    """A value must not be larger than D1 stores.

    ## What it checks

    The texts that statements bind: a JSON text of all rows, lines joined into one text, with as many rows
    as the code asks for, pages included. What is not known counts as one byte, so a size is never
    overstated; rows that are passed on as they came count with their size in the recorded answers where
    the settings name them (at `[rows].path`, else the longest list of an answer). Also `zeroblob(…)` in
    the text, and a request body that is bound as it came. Fetched data of unknown length is no finding.

    ## Why it matters

    A text, a BLOB and a row hold 2,000,000 bytes each (https://developers.cloudflare.com/d1/platform/limits/).
    Beyond that the statement fails with `string or blob too big: SQLITE_TOOBIG` and writes nothing. Local
    development takes more (2.2 to 8.4 million bytes were measured), so that only production refuses it.

    ## Example

    50,000 rows in one text, about 3,000,000 bytes:

    ```python
    sql = "INSERT INTO prices (day, open, close) SELECT value->>0, value->>1, value->>2 FROM json_each(?1)"
    await env.DB.prepare(sql).bind(json.dumps(rows)).run()
    ```

    As many texts as their bytes need:

    ```python
    sql = "INSERT INTO prices (day, open, close) SELECT value->>0, value->>1, value->>2 FROM json_each(?1)"
    for part in json_parts(rows):
        await env.DB.prepare(sql).bind(part).run()
    ```

    ## Remedy

    Cut the rows by bytes and execute the statement once for each part. Refuse a request body that is too
    long, or keep it in R2.

    ## Fix safety

    Review: an INSERT that selects from one `json_each` parameter is executed once for each part, so that a
    failure can leave some rows written. Any other shape is left alone.

    ## Evidence

    - `binding`, `table`, `function`: which statement it is.
    - `bytes`: of the value at least, or null for a request body.
    - `limit`: bytes that D1 stores.
    - `rows`, `row_bytes`: of the list that takes most, or null.
    - `measured`: whether recorded answers gave the size of a row.
    - `body`: the request body that is bound, or null.
    - `statements`: of a pass, how many were looked at.

    ## Permissions

    None: it reads files only.
    """

    code = "LIM004"
    name = "value-size"
    severity = Severity.WARNING
    requires = frozenset({Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Measure what each statement binds."""
        row_bytes = recorded_row_bytes(ctx.project.settings)
        large = 0
        for site in ctx.source.sites:
            finding = self._in_parameters(site, row_bytes) or self._in_text(site) or self._of_body(site)
            if finding is not None:
                large += 1
                yield finding
        if not large:
            yield self.passed(
                f"no value is known to be larger than {_LIMIT:,} bytes",
                evidence={"statements": len(ctx.source.sites)},
            )

    def _in_parameters(self, site: StatementSite, row_bytes: int | None) -> Finding | None:
        size = oversized_value(site, row_bytes)
        if size is None:
            return None
        certain = size.certain > _LIMIT and not size.measured
        verb = "has at least" if size.certain > _LIMIT else "may have"
        rows = f" with {size.rows:,} rows of {size.per_row:,} bytes" if size.rows and size.per_row else ""
        rows += " or more" if rows and not size.measured else ""
        return self._problem(
            site,
            f"a value that the {_what(site)} binds {verb} {size.possible:,} bytes{rows}; "
            f"D1 stores {_LIMIT:,} per value",
            Confidence.HIGH if certain else Confidence.MEDIUM,
            _evidence(site, size.possible, size=size),
        )

    def _in_text(self, site: StatementSite) -> Finding | None:
        sizes = [int(found[1]) for found in _ZEROBLOB.finditer(site.sql.render())]
        largest = max(sizes, default=0)
        if largest <= _LIMIT:
            return None
        return self._problem(
            site,
            f"the {_what(site)} makes a BLOB of {largest:,} bytes; D1 stores {_LIMIT:,} per value",
            Confidence.HIGH,
            _evidence(site, largest),
        )

    def _of_body(self, site: StatementSite) -> Finding | None:
        """A caller decides on the length: most bodies are small, so this is no more than a hint."""
        if site.body_bound is None or not site.writes:
            return None
        return self._problem(
            site,
            f"the {_what(site)} binds a request body as it came ({site.body_bound}); D1 stores {_LIMIT:,} "
            f"bytes per value, and a body has up to {LIMITS.workers.request_body_bytes:,}",
            Confidence.LOW,
            _evidence(site, None, body=site.body_bound),
            severity=Severity.ADVICE,
        )

    def _problem(
        self,
        site: StatementSite,
        message: str,
        confidence: Confidence,
        found: Mapping[str, Json],
        severity: Severity = Severity.WARNING,
    ) -> Finding:
        return self.problem(
            message,
            severity=severity if site.reachable else Severity.ADVICE,
            confidence=confidence if site.reachable else Confidence.LOW,
            location=site.location,
            evidence=found,
            explains=("E2E001", "E2E002"),
        )


def _what(site: StatementSite) -> str:
    return f"{site.verb or 'statement'} in {site.function}"


def _evidence(
    site: StatementSite, size_bytes: int | None, *, size: MessageSize | None = None, body: str | None = None
) -> Mapping[str, Json]:
    return {
        "binding": site.binding,
        "table": site.table,
        "function": site.function,
        "bytes": size_bytes,
        "limit": int(_LIMIT),
        "rows": size.rows if size else None,
        "row_bytes": size.per_row if size else None,
        "measured": size.measured if size else False,
        "body": body,
    }
