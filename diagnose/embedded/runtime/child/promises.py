"""JavaScript promises over asyncio, and calls from JavaScript into Python."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from .isolate import current
from .proxies import JsException, JsProxy, proxy, to_javascript, to_python
from .values import Error, Function, JsError, PyProxy, Value, text

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


class Promise(Value):
    """A JavaScript promise over an asyncio future that holds a JavaScript value."""

    constructor = "Promise"
    members = frozenset({"then"})

    def __init__(self, future: asyncio.Future[Any]) -> None:
        self.future = future

    def get(self, name: str) -> Any:
        """`then`, `catch` and `finally` (`finally_` from Python)."""
        methods: dict[str, Callable[..., Any]] = {
            "then": self.then,
            "catch": lambda rejected: self.then(None, rejected),
            "finally_": lambda settled: self.then(settled, settled),
        }
        return Function(methods[name], name) if name in methods else super().get(name)

    def then(self, fulfilled: Any = None, rejected: Any = None) -> Promise:
        """A promise of the callback's result."""
        return Promise(asyncio.ensure_future(self._chain(fulfilled, rejected)))

    async def _chain(self, fulfilled: Any, rejected: Any) -> Any:
        try:
            outcome, handler = await self.future, fulfilled
        except JsException as error:
            if rejected is None:
                raise
            outcome, handler = Error(error.message, error.name), rejected
        return outcome if handler is None else await settle(call(handler, outcome))


class JsPromise(JsProxy):
    """A proxy of a promise: it can be awaited."""

    def __await__(self) -> Generator[Any, Any, Any]:
        value = yield from self._js_.future.__await__()
        return to_python(value)


proxy.register(Promise, JsPromise)


async def settle(value: Any) -> Any:
    """The JavaScript value that a promise, or a Python awaitable behind a proxy, ends in."""
    if isinstance(value, Promise):
        return await value.future
    if isinstance(value, PyProxy) and hasattr(value.target, "__await__"):
        return to_javascript(await value.target)
    return value


def promise(value: Any) -> Promise:
    """A promise that is fulfilled already."""
    future = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return Promise(future)


def rejection(error: JsError) -> Promise:
    """A promise that is rejected already; while modules are imported the error comes at once."""
    if not current().in_handler:
        raise error
    future = asyncio.get_running_loop().create_future()
    future.set_exception(JsException(error.message, error.name))
    return Promise(future)


def call(function: Any, *values: Any) -> Any:
    """Call a JavaScript function, or a Python callable that crossed, with JavaScript values."""
    if isinstance(function, Function):
        return function.call(*values)
    if isinstance(function, PyProxy) and callable(function.target):
        return to_javascript(function.target(*map(to_python, values)))
    raise JsError(f"{text(function)} is not a function", "TypeError")
