"""Finds the handler for an event, calls it as the runtime would, and says what came of it."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any

from . import web
from .batch import MessageBatch
from .context import ExecutionContext, ScheduledController, environment, incoming_request
from .proxies import JsProxy, proxy
from .rpc import BindingWrapper
from .sdk import FetchResponse, Request, WorkerEntrypoint, wrap_env

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from .channel import Frame
    from .isolate import Isolate
    from .values import Value

_WRONG_ANSWER = "Incorrect type for Promise: the Promise did not resolve to 'Response'."


class HandlerError(Exception):
    """The runtime's own error about handlers: not exported, or a wrong answer."""


async def deliver(isolate: Isolate, module: ModuleType, trigger: Frame) -> web.Response | None:
    """Call the handler. For a fetch its response is returned.

    Raises whatever the handler raises, and HandlerError.
    """
    kind = trigger["kind"]
    handler, args = _handler(isolate, module, kind, _event(trigger))
    result = _call(handler, args)
    if inspect.isawaitable(result):
        result = await result
    return _response(result) if kind == "fetch" else None


def _event(trigger: Frame) -> Value:
    match trigger["kind"]:
        case "fetch":
            return incoming_request(trigger)
        case "queue":
            return MessageBatch(trigger["queue"] or "", trigger["messages"])
        case _:
            return ScheduledController(trigger["cron"] or "")


def load(module_name: str) -> ModuleType:
    """Import the main module, as happens when a Worker is uploaded."""
    return importlib.import_module(module_name)


def _handler(
    isolate: Isolate, module: ModuleType, kind: str, event: Value
) -> tuple[Callable[..., Any], list[Any]]:
    env, context = proxy(environment()), proxy(ExecutionContext())
    function = getattr(module, f"on_{kind}", None)
    if isolate.global_handlers and callable(function):
        return function, [proxy(event), env, context]
    entrypoint = getattr(module, "Default", None)
    if not (isinstance(entrypoint, type) and issubclass(entrypoint, WorkerEntrypoint)):
        raise HandlerError(_no_handler(isolate, kind, global_handler=callable(function)))
    own_init = any(
        "__init__" in cls.__dict__
        for cls in entrypoint.__mro__
        if cls is not WorkerEntrypoint and cls is not object
    )
    instance = entrypoint(context, env if own_init else wrap_env(env))
    asked = _asked(isolate, kind)
    method = getattr(instance, asked, None)
    if method is None:
        raise HandlerError(_no_method(kind, asked))
    return method, [_converted(isolate, kind, event)]


def _asked(isolate: Isolate, kind: str) -> str:
    """The method that a class is asked for: `on_fetch` where module-level handlers are called.

    https://github.com/cloudflare/workerd/blob/main/src/pyodide/python-entrypoint-helper.ts
    """
    return "on_fetch" if kind == "fetch" and isolate.global_handlers else kind


def _no_method(kind: str, asked: str) -> str:
    missing = f"Handler does not export a {kind}() function."
    if asked == kind:
        return missing
    return f"{missing} Before compatibility date 2025-08-14 the class is asked for {asked}."


def _converted(isolate: Isolate, kind: str, event: Value) -> Any:
    """The event as the SDK in force hands it to a method."""
    if kind == "fetch":
        return Request(proxy(event))
    return BindingWrapper(proxy(event)) if kind == "queue" and isolate.wrapped else proxy(event)


def _no_handler(isolate: Isolate, kind: str, *, global_handler: bool) -> str:
    missing = f"Handler does not export a {kind}() function."
    if global_handler and not isolate.global_handlers:
        return (
            f"{missing} The module-level on_{kind} is not called from compatibility date 2025-08-14 on; "
            f"define class Default(WorkerEntrypoint) with async def {kind}(self, …)."
        )
    return missing


def _call(function: Callable[..., Any], args: list[Any]) -> Any:
    """Call with as many arguments as the handler takes; those that it takes beyond them are None."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in parameters):
        return function(*args)
    accepted = [parameter for parameter in parameters if parameter.kind in positional]
    required = [parameter for parameter in accepted if parameter.default is inspect.Parameter.empty]
    given = args[: len(accepted)]
    return function(*given, *[None] * (len(required) - len(given)))


def _response(result: Any) -> web.Response:
    if isinstance(result, FetchResponse):
        result = result.js_response
    if isinstance(result, JsProxy) and isinstance(result._js_, web.Response):
        return result._js_
    raise HandlerError(_WRONG_ANSWER)
