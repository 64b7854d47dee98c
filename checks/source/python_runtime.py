"""SRC008: a Python worker that the runtime cannot run as it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, FixInfo, Location, Need, Safety, Severity
from diagnose.project.python_dates import CLASSES_ONLY, EXTERNAL_SDK, PYTHON_WORKERS, Sdk, python_runtime
from diagnose.project.python_entrypoints import (
    imports_sdk,
    lost_parameters,
    refused_globals,
    refused_methods,
)
from diagnose.project.python_imports import folder_imports

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from diagnose.plugin import Context, Finding, Json
    from diagnose.project import python_dates
    from diagnose.project.source.model import Handler


class PythonRuntime(Check):
    """The Python worker does not fit the runtime that its compatibility date and flags select.

    ## What it checks

    Whether the flag `python_workers` is there; whether handlers have the form that is called at the
    compatibility date; whether imports name the folder of the entry module; whether a class handler reads an
    `env` or `ctx` parameter that the platform does not pass; and whether the project brings the SDK along
    where the runtime no longer holds it.

    ## Why it matters

    Without the flag an upload is refused: `The python_workers compatibility flag is required to use Python.`
    From compatibility date 2025-08-14 on module-level `on_fetch` and its like are not called; before it, a
    class is asked for `on_fetch` and not for `fetch`. The folder of `main` is where modules are looked up, so
    `from src.feed import rows` fails at upload. From 2026-04-21 the module `workers` must be vendored.
    All this is in workerd: https://github.com/cloudflare/workerd/tree/main/src/pyodide

    ## Example

    Fails at compatibility date 2025-11-10:

    ```python
    async def on_fetch(request, env):
        return Response("stored")
    ```

    Repaired:

    ```python
    class Default(WorkerEntrypoint):
        async def fetch(self, request):
            return Response("stored")
    ```

    ## Remedy

    Add `python_workers` to `compatibility_flags`. Write handlers as methods of `class
    Default(WorkerEntrypoint)` and read bindings from `self.env`. Drop the folder from imports. Vendor the
    SDK: `uv add --dev workers-py workers-runtime-sdk`, then deploy with `uv run pywrangler deploy`.

    ## Fix safety

    safe for the flag. review for the rest: a class is added that passes events on to the functions there are;
    imports lose the folder; reads of `env` become `self.env`; methods get the name that is asked for, or a
    class for an early date the flag `python_no_global_handlers`. Vendoring the SDK needs a package manager
    and is left to you.

    ## Evidence

    - `problem`: `flag`, `handlers`, `method`, `imports` or `parameters`.
    - `compatibility_date`, `pyodide`, `sdk`: the runtime that the config selects.
    - `handlers`: names of the handlers concerned.
    - `import`: the import statement.
    - `parameter`: the parameter that is None.

    ## Permissions

    None.
    """

    code: ClassVar[str] = "SRC008"
    name: ClassVar[str] = "python-runtime"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each thing that does not fit."""
        if ctx.source.language != "python":
            yield self.passed("the worker is not written in Python")
            return
        runtime = python_runtime(ctx.project, ctx.config)
        problems = [
            *self._flag(ctx, runtime),
            *self._handlers(ctx, runtime),
            *self._imports(ctx, runtime),
            *self._parameters(ctx, runtime),
            *self._sdk(ctx, runtime),
        ]
        for problem in problems:
            yield problem
        if not any(problem.is_problem for problem in problems):
            yield self.passed(f"the worker fits {runtime}", evidence=runtime.facts())

    def _flag(self, ctx: Context, runtime: python_dates.PythonRuntime) -> Iterator[Finding]:
        if not runtime.enabled:
            place = ctx.config.locate("compatibility_flags") or ctx.config.locate("main")
            yield self.problem(
                f"`compatibility_flags` lacks `{PYTHON_WORKERS}`, without which an upload is refused",
                confidence=Confidence.HIGH,
                location=place,
                evidence=_evidence(runtime, problem="flag"),
                explains=("DEP001", "E2E001"),
                fix=FixInfo(available=True, safety=Safety.SAFE),
            )

    def _handlers(self, ctx: Context, runtime: python_dates.PythonRuntime) -> Iterator[Finding]:
        handlers = refused_globals(ctx.source, runtime)
        if handlers:
            yield self.problem(
                f"{_names(handlers)} {'is' if len(handlers) == 1 else 'are'} not called from "
                f"{CLASSES_ONLY.date} on: a class `Default(WorkerEntrypoint)` is needed",
                confidence=Confidence.HIGH,
                location=handlers[0].location,
                evidence=_evidence(
                    runtime, problem="handlers", handlers=[handler.name for handler in handlers]
                ),
                explains=("E2E001", "E2E002", "E2E003", "DEP005"),
            )
        for method in refused_methods(ctx.source, runtime):
            yield self.problem(
                f"`Default.{method.handler.name}` is not called: the class is asked for `{method.asked}` "
                f"at {runtime}",
                confidence=Confidence.HIGH,
                location=method.handler.location,
                evidence=_evidence(runtime, problem="method", handlers=[method.handler.name]),
                explains=("E2E001", "E2E002", "E2E003", "DEP005"),
            )

    def _imports(self, ctx: Context, runtime: python_dates.PythonRuntime) -> Iterator[Finding]:
        for each in folder_imports(ctx.project, ctx.source):
            yield self.problem(
                f"`{' '.join(each.written.split())}` in {each.span.path} names the folder of `main`, "
                "which is no package there",
                confidence=Confidence.HIGH,
                location=each.span.location,
                evidence=_evidence(runtime, problem="imports", **{"import": each.written}),
                explains=("E2E001",),
            )

    def _parameters(self, ctx: Context, runtime: python_dates.PythonRuntime) -> Iterator[Finding]:
        for lost in lost_parameters(ctx.source):
            yield self.problem(
                f"`{lost.handler.class_name}.{lost.handler.name}` reads its parameter `{lost.parameter}`, "
                f"which is None: only the event is passed; use `self.{lost.parameter}`",
                severity=Severity.WARNING,
                confidence=Confidence.HIGH,
                location=lost.reads[0].location,
                evidence=_evidence(runtime, problem="parameters", parameter=lost.parameter),
                explains=("E2E001", "E2E003"),
            )

    def _sdk(self, ctx: Context, runtime: python_dates.PythonRuntime) -> Iterator[Finding]:
        if runtime.sdk is Sdk.ABSENT and imports_sdk(ctx.source):
            yield self.skipped(
                f"the runtime holds no `workers` from {EXTERNAL_SDK.date} on: `pywrangler` vendors it at the "
                "deploy, which the project's files do not show",
                location=ctx.config.locate("compatibility_date") or Location(ctx.project.config_path),
            )


def _names(handlers: Iterable[Handler]) -> str:
    return ", ".join(f"`{handler.name}`" for handler in handlers)


def _evidence(runtime: python_dates.PythonRuntime, **more: Json) -> dict[str, Json]:
    return {**more, **runtime.facts()}
