"""What escaped from a handler, told in terms of the user's own source."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from .importer import NotVendoredError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from traceback import FrameSummary
    from types import TracebackType

    from .isolate import Isolate

_OURS = os.path.dirname(__file__)  # noqa: PTH120 - pathlib would cost start-up
_STANDARD = os.path.dirname(os.__file__)  # noqa: PTH120 - pathlib would cost start-up
_CLOUDFLARE_PYTHON = {"0.26.0a2": (3, 12), "0.28.2": (3, 13)}


def report(isolate: Isolate, error: BaseException) -> dict[str, Any]:
    """The frame for an exception; a lack of this runtime is a refusal instead."""
    refusal = _refusal(isolate, error)
    if refusal is not None:
        return {"op": "refused", "reason": refusal, "at": _place(isolate, error)}
    return {
        "op": "exception",
        "name": type(error).__name__,
        "message": _text(error),
        "traceback": _traceback(isolate, error),
        "memory": isinstance(error, MemoryError),
        "at": _place(isolate, error),
    }


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - the worker's own __str__ may raise anything
        return "(its text could not be made)"


def _refusal(isolate: Isolate, error: BaseException) -> str | None:
    """What this runtime lacks, when that is the error or its cause."""
    reason = _lack(isolate, error)
    cause = error.__cause__
    return _lack(isolate, cause) if reason is None and cause is not None else reason


def _lack(isolate: Isolate, error: BaseException) -> str | None:
    if isinstance(error, NotVendoredError):
        return f"the module {error.name!r} is not vendored in python_modules"
    if isinstance(error, PermissionError):
        return f"files, network, processes and threads are denied to workers here ({_text(error)})"
    if isinstance(error, ImportError) and "shared object file" in _text(error):
        return f"a module of this machine's Python cannot be loaded ({_text(error)})"
    wanted = _CLOUDFLARE_PYTHON.get(isolate.pyodide_version, (3, 14))
    if sys.version_info < wanted and _is_of_newer_python(isolate, error):
        return (
            f"{_text(error)}: Cloudflare runs CPython {wanted[0]}.{wanted[1]} here, and the newest found "
            f"on this machine is {sys.version_info.major}.{sys.version_info.minor}"
        )
    return None


def _is_of_newer_python(isolate: Isolate, error: BaseException) -> bool:
    """Syntax, or a name of the standard library, that an older CPython does not know."""
    if isinstance(error, SyntaxError):
        return error.filename in isolate.files
    if isinstance(error, ImportError):
        return _is_standard(error.name)
    return isinstance(error, AttributeError) and _is_standard(getattr(error.obj, "__name__", None))


def _is_standard(module: object) -> bool:
    return isinstance(module, str) and module.partition(".")[0] in sys.stdlib_module_names


def _place(isolate: Isolate, error: BaseException) -> list[Any] | None:
    """[file, line] of the innermost frame that is the user's, else of a vendored package's."""
    if isinstance(error, SyntaxError) and error.filename in isolate.files:
        return [error.filename, error.lineno or 1]
    own: list[Any] | None = None
    vendored: list[Any] | None = None
    walk: TracebackType | None = error.__traceback__
    while walk is not None:
        name = walk.tb_frame.f_code.co_filename
        if name in isolate.files:
            place = [name, walk.tb_lineno]
            vendored, own = (place, own) if name.startswith("python_modules/") else (vendored, place)
        walk = walk.tb_next
    return own or vendored


def _traceback(isolate: Isolate, error: BaseException) -> str:
    """As Python prints it, without frames of this runtime and without paths of this machine."""
    import traceback

    told = traceback.TracebackException.from_exception(error, limit=-50, compact=True)
    seen: set[int] = set()
    queue: list[traceback.TracebackException | None] = [told]
    while queue:
        part = queue.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        part.stack = traceback.StackSummary.from_list(_told(isolate, part.stack))
        queue += [part.__cause__, part.__context__]
    return "".join(told.format()).replace(_STANDARD, "python")


def _told(isolate: Isolate, frames: Sequence[FrameSummary]) -> list[FrameSummary]:
    """Frames from the first one of the user's on, without ours."""
    foreign = next((index for index, frame in enumerate(frames) if frame.filename in isolate.files), 0)
    return [
        frame for frame in frames[foreign:] if not frame.filename.startswith((_OURS, "<frozen importlib"))
    ]
