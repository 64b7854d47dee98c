"""What Cloudflare finds wrong with uploaded code before it starts it, as far as reading can tell.

Cloudflare starts the worker; reading never refuses what might start. Where a grammar and the interpreter, or
two grammars, disagree, the code is accepted.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING, Final

from diagnose.d1 import LIMITS
from diagnose.embedded.refusal import RefusalError

if TYPE_CHECKING:
    from ast_grep_py import SgNode

    from diagnose.embedded.deploying import Upload

_SCRIPT_TYPES: Final = frozenset({"application/javascript", "text/javascript"})
_MODULE_TYPES: Final = frozenset({"application/javascript+module", "text/javascript+module"})
_FILLED_IN: Final = frozenset(")]}:")
_OTHERS: Final = ("tsx", "typescript")
_EXPORTS: Final = re.compile(r"\bexport\b")
_LISTENS: Final = re.compile(r"\baddEventListener\b")
_DEFINES: Final = re.compile(r"^[ \t]*(async|class|def|from|import)\b|\bDefault\b|\bon_\w+", re.MULTILINE)


def refuse_unusable(upload: Upload) -> None:
    """Let only code pass that may start.

    Raises:
        RefusalError: 10027 it is too large; 10021 the entry module is missing or does not parse; 10068 it
            certainly handles no event.
    """
    size = sum(len(module.content) for module in upload.modules.values())
    if size > LIMITS.workers.script_bytes:
        message = f"Your Worker exceeded the size limit of {LIMITS.workers.script_bytes // 1024**2} MiB."
        raise RefusalError(413, 10027, message)
    module = upload.modules.get(upload.main_module)
    if module is None:
        raise RefusalError(400, 10021, f'No such module "{upload.main_module}".')
    text = module.content.decode(errors="replace")
    match module.content_type:
        case "text/x-python":
            _refuse_python(upload.main_module, text)
            handles = _DEFINES.search(text)
        case kind if kind in _MODULE_TYPES:
            _refuse_javascript(upload.main_module, text)
            handles = _EXPORTS.search(text)
        case kind if kind in _SCRIPT_TYPES:
            _refuse_javascript(upload.main_module, text)
            handles = _LISTENS.search(text)
        case _:
            return
    if handles is None and not upload.configured.get("assets"):
        raise RefusalError(400, 10068, "The uploaded script has no registered event handlers.")


def _refuse_python(name: str, text: str) -> None:
    """Both the grammar, which knows newer Python, and the interpreter must find it wrong.

    Indentation is the same in every Python, and the grammar overlooks empty blocks.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        if not isinstance(error, IndentationError) and not _is_broken_python(text):
            return
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        message = f"Uncaught PythonError: SyntaxError: {reason} ({name}{line})"
        raise RefusalError(400, 10021, message) from None


def _is_broken_python(text: str) -> bool:
    """Whether the grammar stumbles, or has to fill in a bracket or colon that is missing."""
    from ast_grep_py import SgRoot

    root = SgRoot(text, "python").root()
    filled_in = (node.kind() for node in root.find_all(regex="^$"))
    return root.find(kind="ERROR") is not None or any(kind in _FILLED_IN for kind in filled_in)


def _refuse_javascript(name: str, text: str) -> None:
    """Three grammars must stumble at one place: where each knows something newer, they stumble apart."""
    place = _unparsed(text, "javascript")
    if place is not None and all(_unparsed(text, other) == place for other in _OTHERS):
        line, column = place
        raise RefusalError(400, 10021, f"Uncaught SyntaxError: Unexpected token\n  at {name}:{line}:{column}")


def _unparsed(text: str, language: str) -> tuple[int, int] | None:
    """Line and column, from 1, of the first place that the grammar does not know."""
    from ast_grep_py import SgRoot

    node = SgRoot(text, language).root().find(kind="ERROR")
    return None if node is None else _place(node)


def _place(node: SgNode) -> tuple[int, int]:
    start = node.range().start
    return start.line + 1, start.column + 1
