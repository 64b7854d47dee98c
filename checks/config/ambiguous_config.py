"""CFG009: several configs could be meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from diagnose.plugin import Check, Confidence, Location, Severity
from diagnose.project.deploy_commands import all_deploy_commands
from diagnose.project.rivals import ignored_configs, same_worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project import ConfigDocument
    from diagnose.project.rivals import Ignored

_REDIRECT: Final = ".wrangler/deploy/config.json"


class AmbiguousConfig(Check):
    """One config stands where wrangler looks for it, and no other deploys under the same name.

    ## What it checks

    Whether `wrangler.json`, `wrangler.jsonc` and `wrangler.toml` stand side by side, unless `--config`, the
    settings, or each command in the project's scripts that deploys names one of them. And whether another
    config of the project deploys a different entry module under the same worker name. Templates, tests and
    build outputs do not count.

    ## Why it matters

    Wrangler takes `wrangler.json`, else `wrangler.jsonc`, else `wrangler.toml`, and does not mention the
    others (https://developers.cloudflare.com/workers/wrangler/configuration/). What is changed in the
    wrong one has no effect. Of two configs with one name, each deploy replaces the other's worker.

    ## Example

    Ambiguous, since nothing that is changed in the second takes effect:

    ```text
    wrangler.jsonc      {"name": "rates", "main": "worker.py"}
    wrangler.toml       [[d1_databases]] binding = "DB" …
    ```

    Right:

    ```text
    wrangler.jsonc      {"name": "rates", "main": "worker.py", "d1_databases": [{"binding": "DB"}]}
    ```

    ## Remedy

    Move what is missing into the file that wrangler takes and delete the others, or name one with
    `--config` wherever wrangler is called. Give each worker its own name.

    ## Fix safety

    No fix: which of the files is meant is not known, and a deleted one may be what was deployed last.

    ## Evidence

    - `taken`: the config that wrangler takes by itself; for a name, the config that was read.
    - `ignored`: the one that it ignores; for a name, the other config.
    - `differs`: top-level keys in which they differ, or null when one of them does not parse.
    - `worker`: the name that both deploy under, or null.

    ## Permissions

    None.
    """

    code: ClassVar[str] = "CFG009"
    name: ClassVar[str] = "ambiguous-config"
    severity: ClassVar[Severity] = Severity.WARNING

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each config that is ignored, and for each with the same name."""
        problems = [self._replaced(ctx, document) for document in _same_worker(ctx)]
        candidates = ctx.project.config_candidates
        if len(candidates) > 1 and (ctx.project.root / _REDIRECT).is_file():
            yield self.skipped(f"{_REDIRECT} sends wrangler to a config that was built")
        elif len(candidates) > 1 and not _is_named(ctx):
            problems += [self._ignored(candidates[0], ignored) for ignored in ignored_configs(ctx.project)]
        elif not problems:
            yield self.passed(
                f"the config is {ctx.project.config_path}", location=Location(ctx.project.config_path)
            )
        for problem in problems:
            yield problem

    def _ignored(self, taken: str, ignored: Ignored) -> Finding:
        same = ignored.differs == ()
        keys = ", ".join(ignored.differs or ())
        what = "says the same" if same else f"differs ({keys})" if keys else "is not the same"
        return self.problem(
            f"wrangler takes {taken} and ignores {ignored.path} beside it, which {what}",
            severity=Severity.ADVICE if same else Severity.WARNING,
            confidence=Confidence.HIGH,
            location=Location(ignored.path),
            evidence={
                "taken": taken,
                "ignored": ignored.path,
                "differs": None if ignored.differs is None else list(ignored.differs),
                "worker": None,
            },
            explains=() if same else ("CFG003", "DEP002"),
        )

    def _replaced(self, ctx: Context, document: ConfigDocument) -> Finding:
        config = ctx.config
        return self.problem(
            f"{document.path} deploys another entry module under the name `{config.name}`, too: each deploy "
            "replaces the other's worker",
            confidence=Confidence.MEDIUM,
            location=document.locate("name") or Location(document.path),
            resource=f"worker/{config.name}",
            evidence={
                "taken": config.document.path,
                "ignored": document.path,
                "differs": ["main"],
                "worker": config.name,
            },
        )


def _same_worker(ctx: Context) -> tuple[ConfigDocument, ...]:
    config = ctx.project.config
    return same_worker(ctx.project, config) if config and config.name and config.main else ()


def _is_named(ctx: Context) -> bool:
    """Whether somebody says which config is meant."""
    here = [command for command in all_deploy_commands(ctx.project.root) if "" in command.folders]
    return ctx.project.config_chosen or (bool(here) and all(command.config for command in here))
