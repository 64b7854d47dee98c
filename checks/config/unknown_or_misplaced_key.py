"""CFG002: a key that wrangler ignores."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, FixInfo, Location, Need, Severity
from diagnose.project.unknown_keys import swallowed_keys, unknown_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project import Keys
    from diagnose.project.unknown_keys import UnknownKey


class UnknownOrMisplacedKey(Check):
    """The config holds a key that wrangler does not know where it stands.

    ## What it checks

    Every key of the config against the tree of keys that wrangler knows, in every environment.

    ## Why it matters

    wrangler prints a warning about an unknown key and goes on without it. `name = "history"` in
    `[[d1_databases]]` leaves the database without a name; `binding` misspelt leaves the worker without its
    database. https://developers.cloudflare.com/workers/wrangler/configuration/

    ## Example

    Fails:

    ```toml
    [[d1_databases]]
    binding = "DB"
    name = "history"
    ```

    Repaired:

    ```toml
    [[d1_databases]]
    binding = "DB"
    database_name = "history"
    ```

    ## Remedy

    Use the key that is suggested, or move the key to where it belongs; remove it if nothing needs it.

    ## Fix safety

    safe: the key is renamed, or moved with its comments; its value stays. A key that resembles no other is
    left to you.

    ## Evidence

    - `keys`: the path of the key in the file.
    - `suggestion`: the name that is meant, or null.
    - `move_to`: the path where it belongs, or null.
    - `would_miss`: what a deploy lacks because of it: `main`, `name` or a binding, or null.

    ## Permissions

    None.
    """

    code: ClassVar[str] = "CFG002"
    name: ClassVar[str] = "unknown-or-misplaced-key"
    severity: ClassVar[Severity] = Severity.WARNING
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each key; keys that a header swallows are those of CFG001."""
        document = ctx.config.document
        swallowed = {key.keys for key in swallowed_keys(document)}
        unknown = [key for key in unknown_keys(document) if key.keys not in swallowed]
        for key in unknown:
            yield self._problem(key, _used_bindings(ctx))
        if not unknown:
            yield self.passed("wrangler knows every key", location=Location(document.path))

    def _problem(self, key: UnknownKey, used: frozenset[str]) -> Finding:
        missed = key.would_miss in {"main", "name"} or key.would_miss in used
        repaired = key.suggestion is not None or key.move_to is not None
        return self.problem(
            f"{_shown(key.keys)} is no key that wrangler knows, so it is ignored{_meant(key)}",
            severity=Severity.ERROR if missed else Severity.WARNING,
            confidence=Confidence.HIGH if repaired else Confidence.LOW,  # a newer wrangler may know it
            location=key.location,
            evidence={
                "keys": list(key.keys),
                "suggestion": key.suggestion,
                "move_to": None if key.move_to is None else list(key.move_to),
                "would_miss": key.would_miss,
            },
            explains=("CFG003", "E2E001") if missed else (),
            fix=None if repaired else FixInfo(available=False, reason="no key that is known resembles it"),
        )


def _used_bindings(ctx: Context) -> frozenset[str]:
    source = ctx.project.source
    return frozenset() if source is None else frozenset(use.binding for use in source.binding_uses)


def _shown(keys: Keys) -> str:
    """Such as `name` in `d1_databases[0]`."""
    path = ""
    for key in keys[:-1]:
        path += f"[{key}]" if isinstance(key, int) else f".{key}"
    return f"`{keys[-1]}`" + (f" in `{path[1:]}`" if path else "")


def _meant(key: UnknownKey) -> str:
    if key.suggestion is not None:
        return f"; `{key.suggestion}` is meant"
    if key.move_to is not None:
        return f"; it belongs at `{'.'.join(map(str, key.move_to))}`"
    return ""
