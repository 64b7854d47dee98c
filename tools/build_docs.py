"""Writes docs/checks.md from the checks themselves: `python tools/build_docs.py`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.engine.registry import load_registry

if TYPE_CHECKING:
    from diagnose.engine.registry import Registry
    from diagnose.plugin import Check

PAGE = Path(__file__).parent.parent / "docs" / "checks.md"
HEAD = """\
# Checks

Written by `python tools/build_docs.py` from the checks' docstrings; `diagnose explain CODE` shows one of
them. Needs are facts without which a check skips, and says why. A fix is *safe* (a file edit that keeps
meaning), for *review* (changes the code's behaviour or remote settings) or touches *data*.
"""


def render(registry: Registry) -> str:
    """The whole page: a table of all checks, then one section for each."""
    lines = [HEAD, "| code | name | severity | needs | fix |", "|---|---|---|---|---|"]
    lines += [_row(check, registry) for check in registry.checks.values()]
    sections = [_section(check) for check in registry.checks.values()]
    return "\n".join(lines) + "\n\n" + "\n".join(sections)


def _row(check: type[Check], registry: Registry) -> str:
    needs = ", ".join(sorted(need.value for need in check.requires)) or "–"
    fix = registry.fixes[check.code].safety.value if check.code in registry.fixes else "none"
    return f"| [{check.code}](#{_anchor(check)}) | {check.name} | {check.severity.value} | {needs} | {fix} |"


def _section(check: type[Check]) -> str:
    body = check.page().replace("\n## ", "\n### ")
    return f"## {check.code} {check.name}\n\n{body}\n"


def _anchor(check: type[Check]) -> str:
    return f"{check.code.lower()}-{check.name}"


if __name__ == "__main__":
    PAGE.write_text(render(load_registry()), encoding="utf-8")
