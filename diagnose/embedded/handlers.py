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
_MENTIONED: Final = re.compile(r"\b(on_)?queue\b|\.\.\.[ \t]*\w")


def handlers(version: VersionState) -> list[str]:
    """Of `fetch`, `scheduled` and `queue`, those that the entry module defines, in that order."""
    text = version.modules[version.main_module].content.decode(errors="replace")
    pattern = _PYTHON if version.main_module.endswith(".py") else _JAVASCRIPT
    found = set(pattern.findall(text))
    return [name for name in ("fetch", "scheduled", "queue") if name in found]


def lacks_queue_handler(version: VersionState) -> bool:
    """Whether a version certainly has no queue handler, as far as reading names can tell.

    Handlers may be inherited, imported or spread, so that any mention of one leaves the question open.
    """
    if not handlers(version):
        return False
    texts = [module.content.decode(errors="replace") for module in version.modules.values()]
    return not any(_MENTIONED.search(text) for text in texts)
