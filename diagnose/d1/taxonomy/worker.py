"""What the worker's own code raises around bindings, and Python Workers in particular."""

from __future__ import annotations

from typing import Final

from diagnose.d1.errors import ErrorClass
from diagnose.d1.taxonomy.known import KnownError

_BINDINGS: Final = "https://developers.cloudflare.com/workers/runtime-apis/bindings/"
_PYTHON: Final = "https://developers.cloudflare.com/workers/languages/python/"

WORKER: Final = (
    KnownError(
        name="binding missing",
        kind=ErrorClass.PERMANENT,
        pattern=r"Cannot read properties of undefined \(reading '(?:prepare|batch|exec|send|sendBatch)'\)"
        r"|AttributeError: (?P<binding>[A-Z][A-Z0-9_]*)$",
        meaning="`env` has no binding of the name that the code uses: the config calls it otherwise, or "
        "declares it for another environment (bindings are not inherited).",
        remedy="give config and code one name; copy the binding into each [env.NAME]",
        checks=("CFG003", "CFG007"),
        example="TypeError: Cannot read properties of undefined (reading 'prepare')",
        source=_BINDINGS,
    ),
    KnownError(
        name="Python SDK not vendored",
        kind=ErrorClass.PERMANENT,
        pattern=r"No module named '(?:workers|python_workers)'|Dynamic require of \"fs\" is not supported",
        meaning="From compatibility date 2026-04-21 the `workers` module is no part of the runtime and must "
        "be vendored.",
        remedy="deploy with pywrangler (workers-py 1.9 or newer), or use an earlier compatibility date",
        checks=("SRC008",),
        example="ModuleNotFoundError: No module named 'workers'",
        source=_PYTHON,
    ),
    KnownError(
        name="result read as the wrong kind of object",
        kind=ErrorClass.PERMANENT,
        pattern=r"'JsProxy' object is not (?:subscriptable|iterable)|JsNull is not JSON serializable",
        meaning="Without the wrapping SDK, results are JavaScript objects: attributes instead of subscripts, "
        "jsnull instead of None.",
        remedy="convert with .to_py(), read r.results and r.meta.changes, compare with jsnull",
        checks=("SRC005", "SRC008"),
        example="TypeError: 'JsProxy' object is not subscriptable",
        source=_PYTHON,
    ),
)
