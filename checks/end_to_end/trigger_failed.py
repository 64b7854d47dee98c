"""E2E001: the trigger itself fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Mode, Need, Severity
from diagnose.rehearsal.quoting import live_evidence

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.embedded.invocation import Invocation
    from diagnose.model import Json
    from diagnose.plugin import Context, Finding
    from diagnose.rehearsal import Rehearsal

CLIENT_ERROR = 400


class TriggerFailed(Check):
    """The worker can be triggered, runs to its end, and answers without an error.

    ## What it checks

    The worker is deployed into a throw-away copy of the embedded account and triggered once: as
    `[trigger]` in `diagnose.toml` says, else through the one handler that leads to a write. The check
    fails when the deployment is refused, when an exception escapes from the handler, when the worker
    exceeds a limit or ends its process, and when a configured trigger is answered with status 400 or more.
    A trigger of kind `queue` is the first delivery of its message. What becomes of messages that the worker
    sends is E2E003's to say.

    With `--target cloudflare --live` the deployed worker is triggered instead, once and for real: over its
    workers.dev address, its custom domain or `[trigger] url`, or by a message. Its tail is watched meanwhile.

    ## Why it matters

    Nothing arrives when nothing runs. Cloudflare shows such a failure in the logs of the worker only;
    whoever sent the request sees error 1101 or a status, and a cron trigger fails in silence
    (https://developers.cloudflare.com/workers/observability/errors/).

    ## Example

    ```python
    async def fetch(self, request):
        rows = await load()          # raises, and nobody catches it
    ```

    The timeline in the evidence ends with the exception, with file and line of the worker's source. An
    error that is answered can be read by whoever sent the request:

    ```python
    async def fetch(self, request):
        try:
            rows = await load()
        except FeedError as error:
            return Response(str(error), status=502)
    ```

    ## Remedy

    Follow the exception's place. A `D1_ERROR` is explained by the LIM, TBL or CFG finding that predicts it.

    ## Fix safety

    There is no fix of its own: the findings that explain it have theirs.

    ## Evidence

    `timeline`: events with `at_ms`, `kind`, `text`, `path`, `line`, later deliveries included. `outcome`:
    how the invocation ended.
    `status`: of the answer. `error`: the exception's message. `traceback`: of the exception.
    `live`, `logs`: with `--live`, what was triggered and watched, and the lines that the worker wrote.

    ## Permissions

    None: the rehearsal happens on this machine. `--live` needs Workers Scripts Read, and Workers Tail Read
    for what the worker wrote; for a message Queues Edit.
    """

    code: ClassVar[str] = "E2E001"
    name: ClassVar[str] = "trigger-failed"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE, Need.RUNTIME})
    live_scopes: ClassVar[tuple[str, ...]] = ("Workers Scripts Read", "Workers Tail Read", "Queues Edit")
    mode: ClassVar[Mode] = Mode.OFFLINE
    timeout: ClassVar[float] = 300.0

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        rehearsal = await ctx.rehearsal()
        if rehearsal.deploy_error is not None:
            yield self.problem(
                f"the account would refuse the deployment: {rehearsal.deploy_error}",
                confidence=Confidence.HIGH,
                evidence={"error": rehearsal.deploy_error},
                explains=("E2E002", "E2E004"),
            )
        elif rehearsal.invocation is not None:
            yield self._judge(rehearsal, rehearsal.invocation)
        elif rehearsal.live is not None:
            yield self.skipped("the message was sent, and no tail told what became of it (E2E003)")

    def _judge(self, rehearsal: Rehearsal, invocation: Invocation) -> Finding:
        evidence = _evidence(rehearsal, invocation)
        status = invocation.answer.status if invocation.answer else None
        if rehearsal.is_beside_the_point:
            return self.skipped(
                f"the guessed trigger ({rehearsal.trigger_text}) did not start the import:"
                " say how it is started in [trigger] of diagnose.toml (`diagnose init`)"
            )
        if invocation.outcome != "ok":
            return self.problem(
                _what_happened(invocation),
                confidence=Confidence.HIGH,
                location=invocation.exception.location if invocation.exception else None,
                evidence=evidence,
                explains=("E2E002", "E2E004"),
            )
        if status is not None and status >= CLIENT_ERROR:
            return self.problem(
                f"{rehearsal.trigger_text} was answered with status {status}",
                confidence=Confidence.HIGH,
                evidence=evidence,
                explains=("E2E002", "E2E004"),
            )
        answer = f"answered with status {status}" if status is not None else "ran to its end"
        return self.passed(f"the trigger {answer} in {invocation.runtime}", evidence=evidence)


def _what_happened(invocation: Invocation) -> str:
    if invocation.exception is not None:
        return f"the worker raised {invocation.exception.name}: {invocation.exception.message}"
    return invocation.reason or f"the invocation ended as {invocation.outcome}"


def _evidence(rehearsal: Rehearsal, invocation: Invocation) -> dict[str, Json]:
    evidence: dict[str, Json] = {
        "outcome": invocation.outcome,
        "status": invocation.answer.status if invocation.answer else None,
        "timeline": rehearsal.timeline,
    }
    if invocation.exception is not None:
        evidence["error"] = invocation.exception.message
        evidence["traceback"] = invocation.exception.traceback
    return evidence | live_evidence(rehearsal)
