"""The packages `pyodide` and `pyodide.*`."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import conversion, http, promises, proxies, sdk, values
from . import globals as global_scope
from .isolate import current

if TYPE_CHECKING:
    from collections.abc import Mapping

_FFI = {
    "JsArray": proxies.JsArray,
    "JsBuffer": proxies.JsBuffer,
    "JsCallable": proxies.JsCallable,
    "JsDoubleProxy": proxies.JsDoubleProxy,
    "JsException": proxies.JsException,
    "JsIterable": proxies.JsIterable,
    "JsMap": proxies.JsMap,
    "JsPromise": promises.JsPromise,
    "JsProxy": proxies.JsProxy,
    "ConversionError": conversion.ConversionError,
    "create_once_callable": proxies.create_proxy,
    "create_proxy": proxies.create_proxy,
    "destroy_proxies": proxies.destroy_proxies,
    "to_js": conversion.to_js,
}
_HTTP = {
    "FetchResponse": http.FetchResponse,
    "HttpStatusError": http.HttpStatusError,
    "pyfetch": http.pyfetch,
}
_NOT_IMITATED = {
    "pyodide": frozenset({"code", "console", "version", "webloop", "eval_code"}),
    "pyodide.ffi": frozenset(
        {"run_sync", "can_run_sync", "wrappers", "register_js_module", "unregister_js_module"}
        | {"JsAsyncGenerator", "JsAsyncIterable", "JsAsyncIterator", "JsFetchResponse", "JsDomElement"}
        | {"JsGenerator", "JsIterator", "JsMutableMap", "JsTypedArray", "JsWeakRef", "JsOnceCallable"}
    ),
    "pyodide.http": frozenset({"open_url", "pyxhr", "AbortError", "BodyUsedError"}),
}


def _module(name: str, members: Mapping[str, Any], *, package: bool = False) -> ModuleType:
    result = ModuleType(name)
    result.__dict__.update(members)
    if package:
        result.__path__ = []

    def find(attribute: str) -> Any:
        if attribute in _NOT_IMITATED[name]:
            current().refuse(f"{name}.{attribute}")
        raise AttributeError(f"module {name!r} has no attribute {attribute!r}")

    result.__getattr__ = find  # type: ignore[method-assign]
    return result


def install() -> None:
    """Put `js`, `pyodide` and `workers` among the imported modules."""
    isolate = current()
    ffi = dict(_FFI)
    if not isolate.null_is_none:
        ffi["jsnull"] = values.NULL
        ffi["JsNull"] = values.JsNull
    modules = {
        "js": global_scope.module(),
        "workers": sdk.module(),
        "pyodide": _module("pyodide", {"__version__": isolate.pyodide_version}, package=True),
        "pyodide.ffi": _module("pyodide.ffi", ffi),
        "pyodide.http": _module("pyodide.http", _HTTP),
    }
    modules["pyodide"].ffi = modules["pyodide.ffi"]  # type: ignore[attr-defined]
    modules["pyodide"].http = modules["pyodide.http"]  # type: ignore[attr-defined]
    sys.modules.update(modules)
