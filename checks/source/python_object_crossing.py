"""SRC005: Python objects that do not arrive in a queue as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.python_crossings import crossings
from diagnose.project.python_dates import python_runtime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project.python_crossings import Crossing
    from diagnose.project.python_dates import PythonRuntime


class PythonObjectCrossing(Check):
    """A Python dict or list is sent to a queue without being converted to a JavaScript object.

    ## What it checks

    Every `send` and `sendBatch` of a Python worker: what is passed, and what JavaScript receives for it on
    the runtime that compatibility date, flags and SDK select.

    ## Why it matters

    Until compatibility date 2026-04-21 the SDK inside the runtime leaves queues unwrapped: a dict arrives as
    a proxy of the Python object. A flat one may still turn into JSON; one that holds a list of dicts, which
    is what an import sends, fails with `This borrowed proxy was automatically destroyed`, and with content
    type `v8` every proxy is a DataCloneError. `to_js` without a converter makes a Map in Pyodide before 314,
    and a Map becomes `{}` in the message. From that date on the SDK is vendored, and a current one converts
    dicts and lists by itself. https://developers.cloudflare.com/queues/configuration/javascript-apis/

    ## Example

    Fails at compatibility date 2025-11-10:

    ```python
    await self.env.CANDLES.send({"symbol": symbol, "candles": candles})
    ```

    Repaired:

    ```python
    from js import Object
    from pyodide.ffi import to_js

    message = {"symbol": symbol, "candles": candles}
    await self.env.CANDLES.send(to_js(message, dict_converter=Object.fromEntries))
    ```

    ## Remedy

    Convert with `to_js(value, dict_converter=Object.fromEntries)`, or send `json.dumps(value)` with
    `contentType="text"` and let the consumer parse it.

    ## Fix safety

    review: the message arrives in another form than before. Only the argument is edited, and the imports it
    needs are added. Text is sent where the worker's own consumer calls `json.loads` on the body, an object
    everywhere else.

    ## Evidence

    - `binding`, `method`, `function`: the call.
    - `payload`: what is passed: `dict`, `list`, `text` (inside a Python list), `bare to_js`.
    - `arrives`: what JavaScript receives.
    - `compatibility_date`, `pyodide`, `sdk`: the runtime that the config selects.

    ## Permissions

    None.
    """

    code: ClassVar[str] = "SRC005"
    name: ClassVar[str] = "python-object-crossing"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each send that does not cross."""
        source = ctx.source
        if source.language != "python" or not source.sends:
            yield self.passed("no Python value is sent to a queue")
            return
        runtime = python_runtime(ctx.project, ctx.config)
        found = crossings(source, runtime)
        for crossing in found:
            yield self._problem(crossing, runtime)
        for site in source.sends:
            if site.payload == "unknown":
                yield self.skipped(
                    f"what `{site.function}` sends to `{site.binding}` cannot be told from the source",
                    location=site.location,
                )
        if not found and any(site.payload != "unknown" for site in source.sends):
            yield self.passed("what is sent to queues arrives as it is", evidence=runtime.facts())

    def _problem(self, crossing: Crossing, runtime: PythonRuntime) -> Finding:
        site = crossing.site
        # A flat dict may still arrive in Pyodide 314 (measured), and an older SDK may convert.
        confidence = Confidence.HIGH if runtime.dict_becomes_map else Confidence.MEDIUM
        return self.problem(
            f"`{site.binding}.{site.method}` in `{site.function}` gets {crossing.arrives} at {runtime}",
            severity=_severity(crossing),
            confidence=confidence if crossing.breaks and crossing.sure else Confidence.LOW,
            location=site.location,
            evidence={
                "binding": site.binding,
                "method": site.method,
                "function": site.function,
                "payload": site.payload,
                "arrives": crossing.arrives,
                **runtime.facts(),
            },
            explains=("E2E001", "E2E002", "E2E003"),
        )


def _severity(crossing: Crossing) -> Severity:
    if not crossing.site.reachable:
        return Severity.ADVICE
    return Severity.ERROR if crossing.breaks and crossing.sure else Severity.WARNING
