"""CFG001: a config that wrangler cannot read, or that names an entry module which cannot be read."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, FixInfo, Location, Severity
from diagnose.project import SplitDocumentsError
from diagnose.project.source import UnsupportedLanguageError
from diagnose.project.unknown_keys import swallowed_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from diagnose.errors import ConfigError
    from diagnose.plugin import Context, Finding
    from diagnose.project import ConfigDocument, Keys, Project

BUILT = frozenset({"dist", "build", "out", ".output", ".open-next", ".svelte-kit", ".vercel", ".next"})


class ConfigUnreadable(Check):
    """The wrangler config parses, its top-level keys stand at the top level, and its `main` can be read.

    ## What it checks

    That the config is one TOML or JSON document, that keys such as `name` and `main` do not stand below a
    table header, and that the entry module exists inside the project, as UTF-8 text of a reasonable size.
    An entry module in a folder that a build makes (`dist`, `.output`, …) may be missing.

    ## Why it matters

    wrangler stops at a config that does not parse. Keys below a header belong to that table: wrangler then
    finds no `name` and no `main`, and says nothing about why. `---` divides YAML documents; TOML and JSON
    know no such line. https://toml.io/en/v1.0.0#table

    ## Example

    Fails, because `name` and `main` belong to `observability`:

    ```toml
    [observability]
    enabled = true
    name = "price-import"
    main = "src/worker.py"
    ```

    Repaired:

    ```toml
    name = "price-import"
    main = "src/worker.py"

    [observability]
    enabled = true
    ```

    ## Remedy

    Move top-level keys above the first header; give each worker a config file of its own; correct the place
    that the parser names.

    ## Fix safety

    review: swallowed keys move with their comments, and a file with several documents is split, the first of
    which keeps the name. Broken syntax has no repair: what was meant cannot be known, the place is shown.

    ## Evidence

    - `problem`: `syntax`, `documents`, `swallowed` or `main`.
    - `error`: what the parser says.
    - `documents`: how many documents the file holds.
    - `table`: the header that swallows keys, with `keys`: which ones.

    ## Permissions

    None.
    """

    code: ClassVar[str] = "CFG001"
    name: ClassVar[str] = "config-unreadable"
    severity: ClassVar[Severity] = Severity.ERROR

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """The parser's error, or one finding for each header that swallows keys."""
        project = ctx.project
        if project.config_error is not None:
            yield self._error(project.config_error, project.config_path)
            return
        if project.document is None:
            yield self.skipped("there is no config to read")
            return
        problems = list(self._swallowed(project.document))
        problems += self._main(project)
        for problem in problems:
            yield problem
        if not problems:
            yield self.passed(f"{project.config_path} can be read", location=Location(project.config_path))

    def _error(self, error: ConfigError, path: str) -> Finding:
        location = Location(path, error.line, error.column)
        if isinstance(error, SplitDocumentsError):
            return self.problem(
                error.message,
                confidence=Confidence.HIGH,
                location=location,
                evidence={"problem": "documents", "documents": len(error.documents)},
            )
        return self.problem(
            f"the config does not parse: {error.message}",
            confidence=Confidence.HIGH,
            location=location,
            evidence={"problem": "syntax", "error": error.message},
            fix=FixInfo(
                available=False, reason="what was meant cannot be known; the parser's place is shown"
            ),
        )

    def _main(self, project: Project) -> Iterator[Finding]:
        error, config = project.source_error, project.config
        if error is None or config is None or isinstance(error, UnsupportedLanguageError):
            return
        built = not BUILT.isdisjoint(PurePosixPath(config.main or "").parts)
        yield self.problem(
            f"the entry module cannot be read: {error}",
            confidence=Confidence.LOW if built else Confidence.HIGH,
            location=config.locate("main"),
            evidence={"problem": "main", "error": error.message},
            explains=("DEP001", "E2E001"),
            fix=FixInfo(available=False, reason="the source is the user's own"),
        )

    def _swallowed(self, document: ConfigDocument) -> Iterator[Finding]:
        tables: dict[Keys, list[str]] = {}
        for key in swallowed_keys(document):
            tables.setdefault(key.table, []).append(key.key)
        for table, keys in tables.items():
            name = ".".join(map(str, table))
            yield self.problem(
                f"{', '.join(f'`{key}`' for key in keys)} below the header of `{name}` "
                f"{'belongs' if len(keys) == 1 else 'belong'} to that table, and wrangler does not see "
                f"{'it' if len(keys) == 1 else 'them'}",
                confidence=Confidence.HIGH,
                location=document.locate(*table, keys[0]),
                evidence={"problem": "swallowed", "table": name, "keys": list(keys)},
                explains=("CFG002", "CFG003", "DEP001", "E2E001"),
            )
