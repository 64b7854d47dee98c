"""CFG010: a secret stands in `vars`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from diagnose.plugin import Check, Confidence, Location, Need, Severity
from diagnose.project import is_template_path
from diagnose.project.exposed_secrets import exposed_secrets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project.exposed_secrets import ExposedSecret

_SURE: Final = {"form": Confidence.HIGH, "name": Confidence.MEDIUM, "randomness": Confidence.LOW}
_LOCAL: Final = frozenset({"ci", "dev", "development", "e2e", "local", "test", "testing"})


class SecretInVars(Check):
    """The `vars` of the config hold no API keys, tokens, passwords or private keys.

    ## What it checks

    Every text in the `vars` of the top level and of all environments, tables and lists included. Some
    secrets have a form of their own (a private key, the tokens of well-known services, an address with a
    password); others are random values under names such as `API_KEY`, `AUTH_TOKEN` or `DB_PASSWORD`. Not
    meant are placeholders, publishable keys, ids, addresses without credentials, and passwords of databases
    on the same machine.

    ## Why it matters

    `vars` are plain text: in the file, in the history of git, and in the dashboard. Secrets are encrypted
    and cannot be read again: https://developers.cloudflare.com/workers/configuration/secrets/

    ## Example

    Fails:

    ```toml
    [vars]
    API_URL = "https://api.example.com"
    API_KEY = "q7Zr2Lw9Xk4T…"
    ```

    Right, after `wrangler secret put API_KEY`; the worker reads `env.API_KEY` as before:

    ```toml
    [vars]
    API_URL = "https://api.example.com"
    ```

    ## Remedy

    Take the value out of the file, let its issuer replace it (whoever has the repository has the old one),
    and store the new one with `wrangler secret put NAME`. For `wrangler dev` it belongs in `.dev.vars`,
    which git must ignore.

    ## Fix safety

    review: the variable is removed from the config, and the plan names the command that stores the secret;
    until that has run, `env.NAME` is undefined in the next deploy. A secret inside of a table or list is not
    moved, nor a value that merely looks random. The value is shown nowhere, in no diff either. For undo the
    journal below `.diagnose/` keeps the old bytes of the file: git ignores it and only its owner can read it;
    delete it when undo is not needed.

    ## Evidence

    - `name`: of the variable, with the path inside of it.
    - `environment`: whose `vars` it stands in, or null for the top level.
    - `kind`: what the value is, never the value.
    - `by`: what tells it: `form`, `name` (and a random value), or `randomness` alone, which is advice.

    ## Permissions

    None.
    """

    code: ClassVar[str] = "CFG010"
    name: ClassVar[str] = "secret-in-vars"
    severity: ClassVar[Severity] = Severity.WARNING
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each variable that holds a secret."""
        document = ctx.config.document
        found = exposed_secrets(document)
        for secret in found:
            yield self._problem(secret, document.path)
        if not found:
            yield self.passed("no secret stands in `vars`", location=Location(document.path))

    def _problem(self, secret: ExposedSecret, path: str) -> Finding:
        section = f"env.{secret.environment}.vars" if secret.environment else "vars"
        local = is_template_path(path) or (secret.environment or "").lower() in _LOCAL
        return self.problem(
            f"`{section}.{secret.name}` holds {secret.guess.kind}, in plain text",
            severity=Severity.ADVICE if local else Severity.WARNING,
            confidence=_SURE[secret.guess.by],
            location=secret.location,
            resource=f"vars/{secret.environment}/{secret.name}"
            if secret.environment
            else f"vars/{secret.name}",
            evidence={
                "name": secret.name,
                "environment": secret.environment,
                "kind": secret.guess.kind,
                "by": secret.guess.by,
            },
        )
