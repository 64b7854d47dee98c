"""CFG007: a named environment lacks what it does not inherit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from diagnose.plugin import Check, Confidence, Location, Need, Severity
from diagnose.project.deploy_commands import deploy_commands
from diagnose.project.environments import environment_names
from diagnose.project.inheritance import CONSUMERS, not_inherited
from diagnose.project.templates import standing_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project.deploy_commands import DeployCommand
    from diagnose.project.inheritance import NotInherited

_LOCAL: Final = frozenset({"ci", "dev", "development", "e2e", "local", "test", "testing"})


class EnvironmentInheritance(Check):
    """Each environment that is deployed declares the bindings and variables that the code uses.

    ## What it checks

    What handlers read from `env` without providing for its absence, and whether the top level declares it
    while a named environment does not; and the other way round, names that only environments declare while
    the top level is deployed. Queue consumers count where there is a `queue` handler. With `--env` only that
    environment is looked at. An environment with its own `main` runs other code and is left out.

    ## Why it matters

    `d1_databases`, `queues`, `vars` and all other bindings are not inherited by `[env.NAME]`; only keys such
    as `main`, `triggers` and `routes` are
    (https://developers.cloudflare.com/workers/wrangler/environments/#non-inheritable-keys). Wrangler warns
    and deploys: the worker runs at the top level and fails with an undefined `env.DB` in that environment.

    ## Example

    Fails with `wrangler deploy --env staging`:

    ```toml
    [[d1_databases]]
    binding = "DB"
    database_name = "prices"
    database_id = "0c2bd1d6-54a5-4b3f-9c0e-0a0d2a4f7e13"

    [env.staging]
    vars = { SOURCE = "test" }
    ```

    Right, in addition:

    ```toml
    [[env.staging.d1_databases]]
    binding = "DB"
    database_name = "prices-staging"
    database_id = "7d3e0a52-1c8b-4c1e-8a0f-5b6c7d8e9f01"
    ```

    ## Remedy

    Repeat the block in the environment, with that environment's own resources. It is an error when a script
    of the project deploys the environment (or `--env` names it), else a warning; for variables always a
    warning, since a secret of the same name may stand in for them, and for consumers.

    ## Fix safety

    review: the block is copied into the environment. Ids become placeholders to fill in (CFG005 reports
    them until then), names of databases, queues and buckets get the environment's name as a suffix: what
    production uses is never entered for another environment. Variables are copied as they are, unless one
    is a secret. Not filled are the top level, and environments for local work that nothing deploys.

    ## Evidence

    - `environment`: the section that lacks the key, or null for the top level.
    - `key`: such as `d1_databases`.
    - `bindings`: the names that the code reads; of consumers, their queues.
    - `declared_in`: the environment that declares them, or null for the top level.
    - `used_at`: the first place that reads them, as `path:line`.
    - `deployed_by`: the command that deploys the section, as `path:line`, or null.

    ## Permissions

    None.
    """

    code: ClassVar[str] = "CFG007"
    name: ClassVar[str] = "environment-inheritance"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each environment and key."""
        document, chosen = ctx.config.document, ctx.project.environment
        commands = deploy_commands(ctx.project)
        templated = bool(standing_in(ctx.project))
        found = [
            missing
            for missing in not_inherited(document, ctx.source)
            if chosen in {None, missing.environment}
            and not (templated and missing.environment is None)
            and _matters(missing, document.get("keep_vars"), commands)
        ]
        for missing in found:
            yield self._problem(ctx, missing, commands)
        if not found:
            has = "every environment declares" if environment_names(document) else "the top level declares"
            yield self.passed(f"{has} what the code uses", location=Location(document.path))

    def _problem(self, ctx: Context, missing: NotInherited, commands: tuple[DeployCommand, ...]) -> Finding:
        document, chosen = ctx.config.document, ctx.project.environment
        deploying = next((each for each in commands if each.environment == missing.environment), None)
        deployed = deploying is not None or (chosen is not None and chosen == missing.environment)
        severe = deployed and not missing.is_value and missing.key != CONSUMERS
        section = () if missing.environment is None else ("env", missing.environment)
        return self.problem(
            _message(missing, deploying),
            severity=Severity.ERROR if severe else Severity.WARNING,
            confidence=_confidence(missing, severe=severe, deployed=deployed),
            location=document.locate(*section) or Location(document.path),
            resource=f"env/{missing.environment}/{missing.key}" if missing.environment else None,
            evidence={
                "environment": missing.environment,
                "key": missing.key,
                "bindings": list(missing.names),
                "declared_in": missing.declared_in,
                "used_at": f"{missing.used_at.path}:{missing.used_at.line}",
                "deployed_by": f"{deploying.location.path}:{deploying.location.line}" if deploying else None,
            },
            explains=("CFG003", "E2E001", "E2E002") if chosen == missing.environment else (),
        )


def _matters(missing: NotInherited, keep_vars: object, commands: tuple[DeployCommand, ...]) -> bool:
    """Whether a deploy would lack it: where every command names an environment, none is of the top level."""
    if missing.is_value and keep_vars is True:
        return False  # variables of the dashboard stay
    if missing.environment is not None or any(command.environment is None for command in commands):
        return True
    return not commands and not missing.is_value


def _confidence(missing: NotInherited, *, severe: bool, deployed: bool) -> Confidence:
    if severe:
        return Confidence.HIGH
    local = (missing.environment or "").lower() in _LOCAL
    return Confidence.LOW if local and not deployed else Confidence.MEDIUM


def _message(missing: NotInherited, deploying: DeployCommand | None) -> str:
    names = ", ".join(f"`{name}`" for name in missing.names)
    after = f" after `{deploying.text}`" if deploying else ""
    if missing.environment is None:
        only = f"only env.{missing.declared_in} declares `{missing.key}` for {names}"
        return f"{only}: `{missing.function}` finds it undefined{after or ' after a plain `wrangler deploy`'}"
    section = f"`env.{missing.environment}` has no `{missing.key}` for {names}"
    if missing.key == CONSUMERS:
        return f"{section}, which is not inherited: `{missing.function}` gets no messages there{after}"
    return f"{section}, which is not inherited: `{missing.function}` finds it undefined there{after}"
