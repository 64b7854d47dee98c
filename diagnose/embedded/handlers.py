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
    r"^[ \t]*(?:export[ \t]+)?(?:async[ \t]+)?(?:function[ \t]+)?(fetch|scheduled|queue)[ \t]*[(:,]",
    re.MULTILINE,
)
_WORD: Final = re.compile(r"\bqueue\b")


def handlers(version: VersionState) -> list[str]:
    """Of `fetch`, `scheduled` and `queue`, those that the entry module defines, in that order."""
    text = version.modules[version.main_module].content.decode(errors="replace")
    pattern = _PYTHON if version.main_module.endswith(".py") else _JAVASCRIPT
    found = set(pattern.findall(text))
    return [name for name in ("fetch", "scheduled", "queue") if name in found]


def lacks_queue_handler(version: VersionState) -> bool:
    """Whether no queue handler can be anywhere in a version, as far as reading names can tell.

    A Python entry may inherit its handlers from any module, and a bundle may write them in any form.
    """
    found = handlers(version)
    if "queue" in found or not found:
        return False
    texts = (module.content.decode(errors="replace") for module in version.modules.values())
    if version.main_module.endswith(".py"):
        return not any("queue" in _PYTHON.findall(text) for text in texts)
    return not any(_WORD.search(text) for text in texts)
