"""DEP003: a secret that the worker reads was never set."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Mode, Need, Severity
from diagnose.project.secret_uses import secret_uses

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding, NamedWorker
    from diagnose.project.secret_uses import SecretUse

_END_TO_END = ("E2E001", "E2E002")


class SecretMissing(Check):
    """The deployed worker has every secret that its code reads.

    ## What it checks

    Names that the source reads from `env` and the config does not declare, where the name says that it is a
    secret (`API_KEY`, `AUTH_TOKEN`), `.dev.vars`, `.env` or an example of these files lists it, or the config
    requires it (`secrets.required`). Each is looked for among the secrets, variables and other bindings of
    the worker as it is deployed. Values are never read. A read that provides for the absence
    (`getattr(env, "API_KEY", None)`, `if env.API_KEY`) is advice.

    ## Why it matters

    Secrets are set for each worker and each environment by `wrangler secret put`, and `.dev.vars` counts on
    one's own machine alone (https://developers.cloudflare.com/workers/configuration/secrets/). In production
    the name is then missing: Python raises an AttributeError, and an API that gets no key answers without
    data.

    ## Example

    Fails, because `wrangler secret list` shows no `API_KEY`:

    ```python
    response = await fetch(URL, headers={"authorization": self.env.API_KEY})
    ```

    Right:

    ```
    $ npx wrangler secret put API_KEY
    ```

    ## Remedy

    Set the secret, for each environment that is deployed.

    ## Fix safety

    review: asks for the value. At a terminal it is typed without being shown; otherwise
    `--option secret_API_KEY_env=VARIABLE` names the environment variable that holds it. The value is in no
    output and not in the journal. Setting a secret deploys a version with the same code. Undo deletes the
    secret that was added.

    ## Evidence

    - `secret`: its name.
    - `worker`: that lacks it.
    - `told_by`: what says that it is a secret: `name`, a file, or `secrets.required`.
    - `guarded`: the code provides for its absence, or no handler leads to the read.
    - `secrets`: of a pass, the names that were found.

    ## Permissions

    Workers Scripts Read. The fix needs Workers Scripts Edit.
    """

    code: ClassVar[str] = "DEP003"
    name: ClassVar[str] = "secret-missing"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE, Need.ACCOUNT})
    scopes: ClassVar[tuple[str, ...]] = ("Workers Scripts Read",)
    mode: ClassVar[Mode] = Mode.READ

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each secret that is missing."""
        worker, uses = ctx.worker(), secret_uses(ctx.project)
        if not uses:
            yield self.passed("the worker reads no secret")
            return
        if isinstance(worker, str):
            yield self.skipped(worker)
            return
        settings = await worker.account.active_settings(worker.name)
        if settings is None:
            yield self.skipped(worker.undeployed)
            return
        there = {str(binding.get("name")) for binding in settings.bindings}
        there |= set(await worker.account.secrets(worker.name) or ())
        missing = [use for use in uses if use.name not in there]
        for use in missing:
            yield self._missing(ctx, worker, use)
        if not missing:
            yield self.passed(
                f"worker {worker.name} has the secrets that it reads",
                resource=worker.resource,
                evidence={"worker": worker.name, "secrets": [use.name for use in uses]},
            )

    def _missing(self, ctx: Context, worker: NamedWorker, use: SecretUse) -> Finding:
        lacks = f"worker {worker.name} has no secret {use.name}"
        why = (
            "which it reads"
            if use.needed
            else "which it reads where it can do without"
            if use.read
            else "which the config requires"
        )
        return self.problem(
            f"{lacks}, {why}",
            severity=Severity.ERROR if use.needed else Severity.ADVICE,
            confidence=Confidence.HIGH if use.needed or not use.read else Confidence.MEDIUM,
            location=use.location,
            resource=f"{worker.resource}/{use.name}",
            evidence={
                "secret": use.name,
                "worker": worker.name,
                "told_by": use.told_by,
                "guarded": use.read and not use.needed,
            },
            explains=_explained(ctx) if use.needed else (),
        )


def _explained(ctx: Context) -> tuple[str, ...]:
    """A rehearsal makes up the values of secrets; what is triggered for real has to do without."""
    return (*_END_TO_END, "E2E003") if ctx.live is not None else ("E2E003",)
