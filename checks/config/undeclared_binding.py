"""CFG003: the source uses a binding that the config does not declare."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.templates import standing_in
from diagnose.project.undeclared import undeclared_bindings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project.undeclared import Undeclared

_RESOURCES = {"d1": "D1 database", "queue": "queue", "other": "binding"}


class UndeclaredBinding(Check):
    """The worker reads a binding from `env` that the chosen environment of the config does not declare.

    ## What it checks

    Every name that the source reads through `env`, against the bindings, variables and required secrets of
    the chosen environment. Where each deploy command names an environment, or the environments bind
    everything and the top level nothing, the top level is skipped for what these environments declare.

    ## Why it matters

    The name is undefined when the worker runs: `AttributeError: DB` in Python, `Cannot read properties of
    undefined (reading 'prepare')` in JavaScript. Where the code catches errors, nothing is written and
    nothing is said. Named environments do not inherit bindings:
    https://developers.cloudflare.com/workers/wrangler/environments/#non-inheritable-keys

    ## Example

    Fails, because the config declares `HISTORY_DB`:

    ```python
    await self.env.DB.prepare(sql).run()
    ```

    Repaired:

    ```toml
    [[d1_databases]]
    binding = "DB"
    ```

    ## Remedy

    Use one name in both places, or declare the binding. Secrets never stand in a config; a plain read is
    therefore reported only when it resembles a binding that nothing uses.

    ## Fix safety

    review: if one unused binding of the right type is declared, it gets the name that the code uses, in the
    config. If other environments declare that binding, too, or if it is in use, the code is edited instead,
    at the reads themselves. A binding that nothing resembles is not invented: its id would be a guess.
    What no handler reads decides nothing, and is left alone unless it is a slip of the pen.

    ## Evidence

    - `binding`: the name that the source reads.
    - `method`: what is called on it, or null.
    - `declared`: bindings of that type.
    - `suggestion`: the declared binding that is most likely meant, or null.
    - `elsewhere`: other environments that declare the name (an empty text is the top level).
    - `guarded`: the code provides for its absence.

    ## Permissions

    None.
    """

    code: ClassVar[str] = "CFG003"
    name: ClassVar[str] = "undeclared-binding"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each name."""
        found = undeclared_bindings(ctx.source, ctx.config)
        environments = tuple(standing_in(ctx.project))
        for undeclared in found:
            if environments and set(environments) <= set(undeclared.elsewhere):
                yield self._elsewhere(undeclared, environments)
            else:
                yield self._problem(undeclared)
        if not found:
            yield self.passed("every D1 database and queue that the source uses is declared")

    def _elsewhere(self, undeclared: Undeclared, environments: tuple[str, ...]) -> Finding:
        return self.skipped(
            f"nothing deploys the top level, and `env.{undeclared.name}` is declared in "
            f"{', '.join(environments)}: look at one of them (--env {environments[0]})",
            location=undeclared.worst.location,
        )

    def _problem(self, undeclared: Undeclared) -> Finding:
        use = undeclared.worst
        called = f" and calls `{use.method}` on it" if use.method else ""
        meant = f"; `{undeclared.meant}` is declared" if undeclared.meant else ""
        return self.problem(
            f"`{use.function}` reads `env.{undeclared.name}`{called}, but the config declares no such "
            f"{_RESOURCES[undeclared.kind]}{meant}",
            severity=Severity.ERROR if undeclared.breaks else Severity.ADVICE,
            confidence=Confidence.HIGH if undeclared.breaks else Confidence.MEDIUM,
            location=use.location,
            evidence={
                "binding": undeclared.name,
                "method": use.method,
                "declared": list(undeclared.declared),
                "suggestion": undeclared.meant,
                "elsewhere": list(undeclared.elsewhere),
                "guarded": use.guarded,
            },
            explains=("E2E001", "E2E002", "E2E003") if undeclared.breaks else (),
        )
