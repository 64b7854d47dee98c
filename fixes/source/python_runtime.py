"""SRC008: makes a Python worker fit its runtime."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from diagnose.errors import ProjectError
from diagnose.plugin import Fix, Safety
from diagnose.project.flags import add_flag
from diagnose.project.python_dates import CLASSES_ONLY, PYTHON_WORKERS, python_runtime
from diagnose.project.python_entrypoints import (
    lost_parameters,
    refused_globals,
    refused_methods,
    with_class,
    with_own_bindings,
    with_renamed_methods,
)
from diagnose.project.python_imports import folder_imports, without_folder
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.python_entrypoints import RefusedMethod
    from diagnose.project.source.model import Source


class PythonRuntime(Fix):
    """Adds a flag, a class around handlers, `self.` before bindings, or drops a folder from imports."""

    code: ClassVar[str] = "SRC008"
    safety: ClassVar[Safety] = Safety.REVIEW

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Repair the kind of problem that the finding names, wherever it is in the worker."""
        if ctx.project.source is None or ctx.project.config is None:
            return self.refuse("the worker cannot be read", "make the config and `main` readable first")
        repair = {
            "flag": self._flag,
            "handlers": self._class,
            "method": self._method,
            "imports": self._imports,
            "parameters": self._parameters,
        }.get(str(finding.evidence.get("problem")), self._sdk)
        return repair(ctx)

    def _flag(self, ctx: Context) -> Plan:
        return replace(self._flagged(ctx, PYTHON_WORKERS), safety=Safety.SAFE)

    def _sdk(self, _ctx: Context) -> Plan:
        return self.refuse(
            "vendoring the SDK needs a package manager",
            "run `uv add --dev workers-py workers-runtime-sdk` and deploy with `uv run pywrangler deploy`",
        )

    def _flagged(self, ctx: Context, flag: str) -> Plan:
        config = ctx.config
        if flag in config.compatibility_flags:
            return self.nothing(f"`{flag}` is there")
        try:
            text = add_flag(config, flag)
        except ProjectError as error:
            return self.refuse(str(error), f'add "{flag}" to `compatibility_flags`')
        edit = EditFile.text(config.document.path, config.document.text, text)
        return self.steps(f"add the compatibility flag `{flag}`", edit)

    def _class(self, ctx: Context) -> Plan:
        source, runtime = ctx.source, python_runtime(ctx.project, ctx.config)
        if not refused_globals(source, runtime):
            return self.nothing("every handler is called")
        text = with_class(source, runtime)
        if text is None:
            return self.refuse(
                "a class around these handlers would change what they receive",
                "write them as methods of `class Default(WorkerEntrypoint)` that read `self.env`, "
                f"or keep the old form with the compatibility flag `{CLASSES_ONLY.opposite}`",
            )
        return self.steps(
            "pass events from a class `Default` on to the functions there are",
            EditFile.text(source.main, source.text(source.main), text),
        )

    def _method(self, ctx: Context) -> Plan:
        source, runtime = ctx.source, python_runtime(ctx.project, ctx.config)
        methods = refused_methods(source, runtime)
        if not methods:
            return self.nothing("every method is called")
        if all(method.asked != "on_fetch" for method in methods):
            return self._renamed(source, methods)
        if any(handler.style != "class" for handler in source.handlers):
            return self.refuse(
                "the worker mixes both forms of handlers", "write all of them as methods of the class"
            )
        return self._flagged(ctx, CLASSES_ONLY.flag)

    def _renamed(self, source: Source, methods: Sequence[RefusedMethod]) -> Plan:
        text = with_renamed_methods(source, methods)
        if text is None:
            return self.refuse("a method is called by its name, too", "rename it wherever it is named")
        names = ", ".join(f"`{method.asked}`" for method in methods)
        return self.steps(
            f"the class is asked for {names}", EditFile.text(source.main, source.text(source.main), text)
        )

    def _imports(self, ctx: Context) -> Plan:
        found = folder_imports(ctx.project, ctx.source)
        if not found:
            return self.nothing("no import names the folder of `main`")
        steps = []
        for path in dict.fromkeys(each.span.path for each in found):
            before = (ctx.project.root / path).read_bytes().decode()
            after = without_folder(before, tuple(each for each in found if each.span.path == path))
            if after is None:
                return self.refuse(
                    f"an import in {path} cannot be edited by itself", "drop the folder by hand"
                )
            steps.append(EditFile.text(path, before, after))
        return self.steps("import modules as the runtime looks them up: from the folder of `main`", *steps)

    def _parameters(self, ctx: Context) -> Plan:
        source = ctx.source
        paths = dict.fromkeys(read.path for lost in lost_parameters(source) for read in lost.reads)
        if not paths:
            return self.nothing("no handler reads a parameter that is not passed")
        steps = []
        for path in paths:
            after = with_own_bindings(source, path)
            if after is None:
                return self.refuse(
                    f"{path} cannot be edited", "read `self.env` and `self.ctx` in class handlers"
                )
            steps.append(EditFile.text(path, source.text(path), after))
        return self.steps("read bindings from `self.env`, where they are", *steps)
