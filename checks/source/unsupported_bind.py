"""SRC004: what is bound is of a type that D1 takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.python_dates import python_runtime
from diagnose.rewriting import refused_calls
from diagnose.schemas.samples import lists_of_objects, recorded_answers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from typing import Any

    from diagnose.plugin import Context, Finding
    from diagnose.project.python_dates import PythonRuntime
    from diagnose.rewriting import RefusedCall, RefusedValue

_MAY_BE_NONE = {"None or else", "get", "parameter"}
_RANKS = [Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH]


class UnsupportedBind(Check):
    """A value that is bound must be of a type that D1 takes on the runtime of the worker.

    ## What it checks

    The arguments of every `bind()` of a Python worker, and what JavaScript receives for them on the runtime
    that compatibility date, flags and SDK select: `None` and values that may be None, dicts, lists, tuples,
    sets, bytes, datetimes, Decimals, UUIDs, dataclasses, and integers from 2^53. Where a function executes
    statements for others and only binds what it is given, the arguments of its calls are looked at as well.
    A `get` of a key is compared with the recorded answers: where the key is missing or null in them, the
    value is None for certain; where it never is, nothing is said.

    ## Why it matters

    D1 takes text, numbers, booleans, null and bytes
    (https://developers.cloudflare.com/d1/worker-api/#type-conversion). Until compatibility date 2026-04-21
    the SDK inside the runtime leaves D1 as it is: Python's None arrives as `undefined`, and one missing field
    of one row fails the whole statement with `D1_TYPE_ERROR: Type 'undefined' not supported`. Every other
    Python object arrives as a proxy, which is refused as well. The SDK that is vendored from that date on
    converts None and bytes, but makes an object of a dict, a Date of a datetime, and refuses tuples.

    ## Example

    Fails at compatibility date 2025-11-10 where a candle has no volume:

    ```python
    await env.DB.prepare(sql).bind(candle["time"], candle.get("volume")).run()
    ```

    ```python
    from pyodide.ffi import jsnull

    volume = candle.get("volume")
    await env.DB.prepare(sql).bind(candle["time"], jsnull if volume is None else volume).run()
    ```

    ## Remedy

    Bind text, numbers and `jsnull`, or all rows as one JSON text, in which None is null. Store a dict or a
    list as `json.dumps(value)`, a datetime as `value.isoformat()`, a Decimal or a large integer as text, and
    of a dataclass its fields.

    ## Fix safety

    Review: the value is converted where it is bound, and a column gets text that may have been meant as
    something else. Refused for tuples, sets, Decimals, dataclasses and large integers, whose form is a
    choice, and for None before Pyodide 0.28, which has no `jsnull`.

    ## Evidence

    - `binding`, `table`, `function`: which statement it is.
    - `values`: each `expression` with its `kind` and what `arrives` for it.
    - `error`: what is raised for the first of them, or null where it depends on the value.
    - `recorded`: by key, in how many objects of the recorded answers it is missing or null.
    - `compatibility_date`, `pyodide`, `sdk`: the runtime that the config selects.

    ## Permissions

    None: it reads the source and recorded answers only.
    """

    code = "SRC004"
    name = "unsupported-bind"
    severity = Severity.WARNING
    requires = frozenset({Need.CONFIG, Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each call of `bind()` with such arguments."""
        source = ctx.source
        if source.language != "python":
            yield self.skipped("bound values are looked at in Python workers only")
            return
        runtime = python_runtime(ctx.project, ctx.config)
        answers = list(recorded_answers(ctx.project.settings))
        in_order = True
        for call in refused_calls(source, runtime):
            recorded = _recorded(call, answers)
            values = [one for one in call.values if recorded.get(one.value.field or "", (1, 1))[0]]
            if values:
                in_order = False
                yield self._unsupported(call, values, recorded, runtime)
        if in_order:
            yield self.passed("what is bound is of a type that D1 takes", evidence=runtime.facts())

    def _unsupported(
        self,
        call: RefusedCall,
        values: Sequence[RefusedValue],
        recorded: Mapping[str, tuple[int, int]],
        runtime: PythonRuntime,
    ) -> Finding:
        site = call.call.site
        first = max(values, key=lambda one: _RANKS.index(_confidence(one, recorded)))
        more = f", and {len(values) - 1} more" if len(values) > 1 else ""
        reachable = site.reachable
        return self.problem(
            f"`{first.value.node.source}` is bound in {call.call.function} and "
            f"{_how(first, recorded)} {first.arrives} at {runtime}{more}",
            severity=Severity.WARNING if reachable else Severity.ADVICE,
            confidence=_confidence(first, recorded) if reachable else Confidence.LOW,
            location=call.call.span.location,
            evidence={
                "binding": site.binding,
                "table": site.table,
                "function": call.call.function,
                "values": [
                    {"expression": one.value.node.source, "kind": one.value.kind, "arrives": one.arrives}
                    for one in values
                ],
                "error": first.error,
                "recorded": {key: f"{gaps} of {rows}" for key, (gaps, rows) in recorded.items()},
                **runtime.facts(),
            },
            explains=("E2E001", "E2E002"),
        )


def _confidence(refused: RefusedValue, recorded: Mapping[str, tuple[int, int]]) -> Confidence:
    if not refused.sure:
        return Confidence.LOW
    match refused.value.kind:
        case "get":
            return Confidence.HIGH if refused.value.field in recorded else Confidence.LOW
        case "None or else" | "parameter":
            return Confidence.MEDIUM
        case _:
            return Confidence.HIGH if refused.error else Confidence.MEDIUM


def _how(refused: RefusedValue, recorded: Mapping[str, tuple[int, int]]) -> str:
    value = refused.value
    gaps, rows = recorded.get(value.field or "", (0, 0))
    if gaps:
        return f"is None for {gaps} of {rows} recorded rows, which arrives as"
    return "may be None, which arrives as" if value.kind in _MAY_BE_NONE else "arrives as"


def _recorded(call: RefusedCall, answers: Sequence[Any]) -> dict[str, tuple[int, int]]:
    """By key of a `get`: how many recorded objects lack it or hold null, of how many that have the others."""
    asked = {one.value.field for one in call.values if one.value.field is not None}
    found: dict[str, tuple[int, int]] = {}
    for key in sorted(asked):
        others = call.call.fields - asked or {key}
        rows = [
            row
            for answer in answers
            for objects in lists_of_objects(answer)
            for row in objects
            if others <= {name for one in objects for name in one}
        ]
        if rows:
            found[key] = (sum(row.get(key) is None for row in rows), len(rows))
    return found
