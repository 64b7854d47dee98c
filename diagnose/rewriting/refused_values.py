"""Which bound values D1 refuses on the runtime that a Python worker has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.d1 import D1Error
from diagnose.d1.javascript import UNDEFINED, BigInt, JsObject, to_sqlite
from diagnose.project.source import ir
from diagnose.rewriting.bound_values import bound_calls

if TYPE_CHECKING:
    from diagnose.d1.javascript import JsValue
    from diagnose.project.python_dates import PythonRuntime
    from diagnose.project.source.model import Source
    from diagnose.rewriting.bound_kinds import Kind
    from diagnose.rewriting.bound_values import BoundCall, BoundValue

NONE_KINDS = frozenset({"None", "None or else", "get", "parameter"})
_WRAPPED_ARRIVES: dict[str, str] = {
    "dict": "an object",
    "list": "an Array, which D1 takes for the bytes of a BLOB or refuses",
    "set": "a Set",
    "datetime": "a Date",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedValue:
    """One argument that D1 refuses, or stores as something else.

    Attributes:
        arrives: what JavaScript receives, for a sentence.
        error: what is raised then, or None where it depends on the value.
        sure: whether the runtime is known to pass it on like this.
    """

    value: BoundValue
    arrives: str
    error: str | None
    sure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCall:
    """A call of `bind()` with such arguments."""

    call: BoundCall
    values: tuple[RefusedValue, ...]


def refused_calls(source: Source, runtime: PythonRuntime) -> tuple[RefusedCall, ...]:
    """The calls of `bind()` that pass a value of a type that does not arrive."""
    calls = (
        RefusedCall(
            call=call,
            values=tuple(one for value in call.values if (one := _refused(value, runtime)) is not None),
        )
        for call in bound_calls(source)
    )
    return tuple(call for call in calls if call.values)


def _refused(value: BoundValue, runtime: PythonRuntime) -> RefusedValue | None:
    """Measured on Pyodide 314, with and without workers-runtime-sdk 1.9.5."""
    kind = value.kind
    sure = not (runtime.wraps is None and kind in {*NONE_KINDS, "bytes", "list"})
    if kind in NONE_KINDS:
        return None if runtime.wraps else _of(value, "undefined", UNDEFINED, sure=sure)
    if kind == "bigint":
        return _of(value, "a BigInt", BigInt(_number(value)), sure=True)
    if not runtime.wraps:
        return _of(value, f"a proxy of the Python {kind}", JsObject("object", "…"), sure=sure)
    return _by_wrapper(value, kind)


def _by_wrapper(value: BoundValue, kind: Kind) -> RefusedValue | None:
    if kind == "bytes":
        return None
    if kind == "tuple":
        text = "TypeError: <class 'tuple'> cannot be sent over RPC."
        return RefusedValue(value=value, arrives="nothing: the SDK refuses a tuple", error=text, sure=True)
    if kind == "list":
        return RefusedValue(value=value, arrives=_WRAPPED_ARRIVES[kind], error=None, sure=True)
    arrives = _WRAPPED_ARRIVES.get(kind, f"a proxy of the Python {kind}")
    return _of(value, arrives, JsObject("object", "…"), sure=True)


def _of(value: BoundValue, arrives: str, received: JsValue, *, sure: bool) -> RefusedValue:
    """With the error that D1's binding raises for what it receives."""
    try:
        to_sqlite(received)
    except D1Error as error:
        return RefusedValue(value=value, arrives=arrives, error=error.text, sure=sure)
    raise AssertionError(received)


def _number(value: BoundValue) -> int:
    made = value.made.operand if isinstance(value.made, ir.Unary) else value.made
    sign = -1 if isinstance(value.made, ir.Unary) else 1
    return sign * made.value if isinstance(made, ir.Literal) and isinstance(made.value, int) else 0
