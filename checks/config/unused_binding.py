"""CFG004: a binding that nothing reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Location, Need, Severity
from diagnose.project import D1Binding, QueueProducer
from diagnose.project.unused import unused_bindings, why_unsettled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project import Binding


class UnusedBinding(Check):
    """Every database, queue, bucket and service that the config binds is read by the worker.

    ## What it checks

    The bindings of the chosen environment that the worker never reads from `env`, and that no other source
    file of the project mentions. Variables, secrets, assets and classes are left out: libraries and the
    platform use them by themselves. Where the worker hands all of `env` on to code that is not part of the
    project, as with web frameworks, or reads names that only running tells, the check skips and says where.

    ## Why it matters

    A binding that nothing reads is often what is left of a name that was changed on one side, or a queue to
    which nobody sends yet. Whoever gets into the worker gets all of its bindings, too
    (https://developers.cloudflare.com/workers/runtime-apis/bindings/).

    ## Example

    Unused, because the worker only reads `env.DB`:

    ```toml
    [[queues.producers]]
    binding = "IMPORT_QUEUE"
    queue = "import"
    ```

    In order:

    ```python
    await self.env.IMPORT_QUEUE.send(json.dumps(rows))
    ```

    ## Remedy

    Use the binding, or remove it from the config. A name that the code probably means by another one is
    reported by CFG003 instead.

    ## Fix safety

    No fix: a library may use the binding in a way that reading does not show.

    ## Evidence

    - `binding`: its name.
    - `kind`: `d1`, `queue`, or the type that Cloudflare's API gives it.

    ## Permissions

    None.
    """

    code: ClassVar[str] = "CFG004"
    name: ClassVar[str] = "unused-binding"
    severity: ClassVar[Severity] = Severity.ADVICE
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each binding that nothing reads."""
        unused = unused_bindings(ctx.project.root, ctx.source, ctx.config)
        reason = why_unsettled(ctx.source) if unused else None
        if reason is not None:
            names = ", ".join(f"`{binding.binding}`" for binding in unused)
            yield self.skipped(f"nothing reads {names} by name, but {reason}", location=unused[0].location)
            return
        for binding in unused:
            yield self._problem(binding)
        if not unused:
            yield self.passed("every binding is read", location=Location(ctx.config.document.path))

    def _problem(self, binding: Binding) -> Finding:
        kind = _kind(binding)
        return self.problem(
            f"nothing in the source reads the binding `{binding.binding}` ({kind})",
            confidence=Confidence.MEDIUM,
            location=binding.location,
            resource=f"binding/{binding.binding}",
            evidence={"binding": binding.binding, "kind": kind},
        )


def _kind(binding: Binding) -> str:
    match binding:
        case D1Binding():
            return "d1"
        case QueueProducer():
            return "queue"
        case _:
            return binding.kind
