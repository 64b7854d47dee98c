"""LIM008: no SQL function is given more arguments than D1 documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.calls import function_calls
from diagnose.d1.limits import LIMITS
from diagnose.model import Location
from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.sql_files import deployed_sql

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from diagnose.d1.calls import FunctionCall
    from diagnose.plugin import Context, Finding
    from diagnose.project.source.model import StatementSite
    from diagnose.project.sql_files import DeployedSql

_DOCUMENTED = LIMITS.d1.function_arguments
_ENFORCED = _DOCUMENTED.enforced


class FunctionArguments(Check):
    """A SQL function must not be given more arguments than D1 documents.

    ## What it checks

    The calls of functions that take any number of arguments (`json_object`, `json_array`, `coalesce`,
    `concat`, `printf`, `max` and others) in the statements of the worker's source, in the migrations, and
    in the SQL files that a script of the project hands to `wrangler d1 execute --file`. Columns of a table,
    values of a row and the list of an IN are no arguments.

    ## Why it matters

    D1 documents 32 arguments per function (https://developers.cloudflare.com/d1/platform/limits/). The
    runtime was measured to take 127, so a call in between works today, and nothing promises that it will
    tomorrow. One argument more fails with `too many arguments on function`, and the statement with it.

    ## Example

    One object of 17 keys has 34 arguments:

    ```sql
    SELECT json_object('a', a, 'b', b, 'c', c, 'd', d, 'e', e, 'f', f, 'g', g, 'h', h, 'i', i,
                       'j', j, 'k', k, 'l', l, 'm', m, 'n', n, 'o', o, 'p', p, 'q', q) FROM wide;
    ```

    Two objects that are merged have 18 and 16:

    ```sql
    SELECT json_patch(
        json_object('a', a, 'b', b, 'c', c, 'd', d, 'e', e, 'f', f, 'g', g, 'h', h, 'i', i),
        json_object('j', j, 'k', k, 'l', l, 'm', m, 'n', n, 'o', o, 'p', p, 'q', q)
    ) FROM wide;
    ```

    ## Remedy

    Divide the call: `json_patch` merges objects (where no value is NULL), `coalesce` and `max` may stand in
    each other, `||` joins texts. Or select the columns, and build the object in the worker.

    ## Fix safety

    None: what a divided call means depends on the function and on its values.

    ## Evidence

    - `function`: its name.
    - `arguments`: that it is given.
    - `documented`: how many D1 documents.
    - `enforced`: how many the runtime was measured to take.
    - `error`: D1's answer to more than the runtime takes, N being the place in the statement, or null.
    - `calls`: of a pass, how many were looked at.

    ## Permissions

    None: it reads files only.
    """

    code = "LIM008"
    name = "function-arguments"
    severity = Severity.WARNING
    requires = frozenset({Need.CONFIG})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Count what the calls in files and source are given."""
        seen = large = 0
        for script in deployed_sql(ctx.project):
            if script.problem is not None:
                yield self.skipped(f"{script.path} {script.problem}", location=Location(script.path, 1))
        for call, location, reachable in _calls(ctx):
            seen += 1
            if call.arguments > _DOCUMENTED:
                large += 1
                yield self._too_many(call, location, reachable=reachable)
        if not large:
            yield self.passed(
                f"no SQL function is given more than {_DOCUMENTED} arguments", evidence={"calls": seen}
            )

    def _too_many(self, call: FunctionCall, location: Location, *, reachable: bool) -> Finding:
        refused = call.arguments > _ENFORCED
        severity = Severity.ERROR if refused else Severity.WARNING
        more = "the runtime takes" if refused else "the runtime takes them, up to"
        error = f"D1_ERROR: {_DOCUMENTED.error}".replace("function F", f"function {call.function}")
        return self.problem(
            f"{call.function} is given {call.arguments} arguments; D1 documents {_DOCUMENTED} ({more} "
            f"{_ENFORCED})",
            severity=severity if reachable else Severity.ADVICE,
            confidence=Confidence.HIGH if reachable else Confidence.LOW,
            location=location,
            evidence={
                "function": call.function,
                "arguments": call.arguments,
                "documented": int(_DOCUMENTED),
                "enforced": _ENFORCED,
                "error": error if refused else None,
            },
            explains=("TBL001", "E2E001", "E2E002") if refused else (),
        )


def _calls(ctx: Context) -> Iterator[tuple[FunctionCall, Location, bool]]:
    """Every call, where it stands, and whether its statement is reached."""
    for script in deployed_sql(ctx.project):
        yield from ((call, location, True) for call, location in _in_file(script))
    for site in ctx.project.source.sites if ctx.project.source else ():
        yield from ((call, site.location, site.reachable) for call in _in_source(site))


def _in_file(script: DeployedSql) -> Iterator[tuple[FunctionCall, Location]]:
    for call in function_calls(script.text):
        yield call, Location(script.path, script.text.count("\n", 0, call.start) + 1)


def _in_source(site: StatementSite) -> Iterator[FunctionCall]:
    """Those of one row: more rows repeat a call, they do not lengthen it."""
    return function_calls(site.sql.render(rows=1))
