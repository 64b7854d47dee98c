"""SRC006: values are bound, not written into SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.plugin import Check, Confidence, Need, Severity, listed
from diagnose.project.source.interpolation import interpolations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project.source.interpolation import InterpolatedValue, Interpolation

_WHOSE = {
    "caller": "a caller",
    "fetched": "fetched data",
    "queried": "the database",
}
_RANKS = [Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH]
_HEAD = 200
_SHOWN = 3


class InterpolatedSql(Check):
    """Data must be bound to a statement, not written into its text.

    ## What it checks

    Statements whose text holds a value of a request, a queue message, fetched data or an earlier query
    where a parameter could stand: between quotes, behind a comparison, `LIKE` or `LIMIT`, in `VALUES (…)` or
    `IN (…)`. However the text is put together: f-string, `+`, `%`, `format` or `join`; a default such as
    `or "EUR"` and methods such as `strip()` do not make a value the code's own. Names of tables and columns
    cannot be bound, and are left alone. So are lists of `?`, constants, numbers that come out of `int(…)`,
    values that the module compares with a list, the cases of a `match` or a pattern, and values that go
    through a function which checks or quotes.

    ## Why it matters

    One name such as O'Brien ends the text literal, and the statement fails with a syntax error; text that
    somebody chose can change what the statement does
    (https://developers.cloudflare.com/d1/best-practices/query-d1/). A row that is written out counts against
    the 100 KB that a statement may have instead of the 2 MB of a bound value
    (https://developers.cloudflare.com/d1/platform/limits/).

    ## Example

    ```python
    symbol = (await request.json())["symbol"]
    await env.DB.prepare(f"DELETE FROM prices WHERE symbol = '{symbol}'").run()
    ```

    ```python
    symbol = (await request.json())["symbol"]
    await env.DB.prepare("DELETE FROM prices WHERE symbol = ?").bind(symbol).run()
    ```

    ## Remedy

    Write `?` in place of the value, without quotes, and pass the value to `bind()`. Bind many rows as one
    JSON text that `json_each` takes apart.

    ## Fix safety

    Review: the value reaches D1 as what it is, no longer as part of a text, which matters where a column
    has no type. A value between quotes is bound as `str(value)`, a pattern such as `'%{word}%'` as an
    f-string. Refused for texts that several statements put together or that hold names beside the values, for
    rows in a loop, and behind a list of parameters.

    ## Evidence

    - `binding`, `table`, `verb`, `function`: which statement it is.
    - `values`: the expressions that yield the values.
    - `origins`: whose they are: `caller`, `fetched` or `queried`.
    - `quoted`: whether one of them stands between quotes.
    - `statement`: how the text is put together.
    - `statements`: of a pass, how many were looked at.

    ## Permissions

    None: it reads the source only.
    """

    code = "SRC006"
    name = "interpolated-sql"
    severity = Severity.WARNING
    requires = frozenset({Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each statement with such values."""
        source = ctx.source
        if source.language != "python":
            yield self.skipped("SQL that is put together is looked at in Python workers only")
            return
        found = interpolations(source)
        for interpolation in found:
            yield self._interpolated(interpolation)
        if not found:
            yield self.passed(
                "no data is written into the text of a statement", evidence={"statements": len(source.sites)}
            )

    def _interpolated(self, found: Interpolation) -> Finding:
        site, values = found.site, found.values
        origins = list(dict.fromkeys(value.origin for value in values))
        quoted = any(value.quoted for value in values)
        expressions = list(dict.fromkeys(value.expression for value in values))
        verb = f"{site.verb} of {site.table}" if site.table else f"{site.verb}"
        what = listed([f"`{expression}`" for expression in expressions], _SHOWN)
        return self.problem(
            f"{what} of {' and '.join(_WHOSE[one] for one in origins)} "
            f"{'is' if len(expressions) == 1 else 'are'} written into the {verb} in {site.function}: "
            + ("a quote in it ends the value" if quoted else "it is read as SQL, not as a value"),
            severity=Severity.WARNING if site.reachable else Severity.ADVICE,
            confidence=max(map(_confidence, values), key=_RANKS.index),
            location=site.location,
            evidence={
                "binding": site.binding,
                "table": site.table,
                "verb": site.verb,
                "function": site.function,
                "values": expressions,
                "origins": origins,
                "quoted": quoted,
                "statement": str(site.sql)[:_HEAD],
            },
        )


def _confidence(value: InterpolatedValue) -> Confidence:
    """What the database itself holds is seldom somebody's free text, and a number needs no quotes."""
    outside = value.origin != "queried"
    return _RANKS[outside + value.quoted]
