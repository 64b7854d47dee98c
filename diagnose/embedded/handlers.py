"""Which events a version handles, read off the text of its entry module.

Cloudflare finds out by starting the worker. Reading names is enough for what lists show: the checks
look at the project's source with more care.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from diagnose.embedded.state import VersionState

_PYTHON: Final = re.compile(
    r"^[ \t]*(?:async[ \t]+)?def[ \t]+(?:on_)?(fetch|scheduled|queue)\b", re.MULTILINE
)
_JAVASCRIPT: Final = re.compile(
    r"(?:\bfunction\s+|(?:^|[{},;])\s*(?:async\s+)?)"  # a function, or a member of an object or a class
    r"(fetch|scheduled|queue)\s*"
    r"(?:\([^()]*(?:\([^()]*\)[^()]*)*\)\s*\{|:)",  # with a body, or a value
    re.MULTILINE,
)
_OBJECT: Final = re.compile(r"(?:=|\bdefault)\s*\{([^{}]*)\}")
_MENTIONED: Final = re.compile(r"\b(on_)?queue\b|\.\.\.[ \t]*\w")


def handlers(version: VersionState) -> list[str]:
    """Of `fetch`, `scheduled` and `queue`, those that the entry module defines, in that order."""
    text = version.modules[version.main_module].content.decode(errors="replace")
    found = _in_python(text) if version.main_module.endswith(".py") else _in_javascript(text)
    return [name for name in ("fetch", "scheduled", "queue") if name in found]


def lacks_queue_handler(version: VersionState) -> bool:
    """Whether a version certainly has no queue handler, as far as reading names can tell.

    Handlers may be inherited, imported or spread, so that any mention of one leaves the question open.
    """
    if not handlers(version):
        return False
    texts = [module.content.decode(errors="replace") for module in version.modules.values()]
    return not any(_MENTIONED.search(text) for text in texts)


def _in_python(text: str) -> set[str]:
    return set(_PYTHON.findall(text))


def _in_javascript(text: str) -> set[str]:
    members = {member.strip() for block in _OBJECT.findall(text) for member in block.split(",")}
    return {*_JAVASCRIPT.findall(text), *members}
