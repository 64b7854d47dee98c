"""Types of Python values that D1 does not take, as far as an expression shows them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from diagnose.project.source import ir
from diagnose.project.source.python import lower

if TYPE_CHECKING:
    from diagnose.project.source.model import Source
    from diagnose.rewriting.outline import Place

Kind: TypeAlias = Literal[
    "None", "None or else", "get", "parameter", "dict", "list", "tuple", "set",
    "bytes", "datetime", "Decimal", "UUID", "bigint", "dataclass",
]  # fmt: skip
"""`None` always, or one of two values that the code names; `get` of a key that may be missing; a parameter
whose default is None, which a call leaves out; or an object of that type."""

_FIRST_BIGINT = 2**53
_DEPTH = 3
_MAKERS: dict[str, Kind] = {
    "dict": "dict", "list": "list", "sorted": "list", "tuple": "tuple", "set": "set",
    "frozenset": "set", "bytes": "bytes", "bytearray": "bytes", "base64.b64encode": "bytes",
    "base64.b64decode": "bytes", "b64encode": "bytes", "b64decode": "bytes", "os.urandom": "bytes",
}  # fmt: skip
_METHODS: dict[str, Kind] = {"encode": "bytes", "digest": "bytes", "split": "list", "splitlines": "list"}
_DATETIME = re.compile(
    r"(?:datetime\.|dt\.)?(?:datetime|date)"
    r"(?:\.(?:now|utcnow|today|fromtimestamp|utcfromtimestamp|strptime|fromisoformat|combine))?"
)
_DECIMAL = re.compile(r"(?:decimal\.)?Decimal")
_UUID = re.compile(r"(?:uuid\.)?(?:uuid[1-8]|UUID)")
_DATACLASS = re.compile(r"(?:dataclasses\.)?dataclass(?:\(.*\))?", re.DOTALL)
_KEEPS_TYPE = {"replace", "astimezone", "date", "quantize", "normalize"}
_TYPES: dict[re.Pattern[str], Kind] = {_DATETIME: "datetime", _DECIMAL: "Decimal", _UUID: "UUID"}
_SEQUENCES: dict[str, Kind] = {"list": "list", "tuple": "tuple", "set": "set"}


def made_of(node: ir.Expression, place: Place, depth: int = _DEPTH) -> ir.Expression:
    """What a local variable that is set once is set to; any other expression as it is."""
    if isinstance(node, ir.Name) and depth:
        assigned = place.assignment(node.name)
        if assigned is not None and assigned.value is not None:
            return made_of(assigned.value, place, depth - 1)
    return node


def kind_of(node: ir.Expression, place: Place) -> Kind | None:  # noqa: PLR0911 - one return for each case
    """The type of an expression, if D1 does not take it, or None."""
    match node:
        case ir.Literal(value=value):
            return _kind_of_literal(value)
        case ir.Unary(operator="-", operand=ir.Literal(value=value)):
            return _kind_of_literal(value)
        case ir.Logical(operator="or", right=ir.Literal(value=None)):
            return "None or else" if is_none(node.right) else None
        case ir.Conditional(then=then, otherwise=otherwise):
            return "None or else" if is_none(then) or is_none(otherwise) else None
        case ir.Mapping() | ir.Comprehension(key=ir.Expression()):
            return "dict"
        case ir.Comprehension():
            return "list" if node.source.startswith("[") else None
        case ir.Sequence(kind=kind):
            return _SEQUENCES.get(kind)
        case ir.Binary(operator="+" | "-", left=left):
            return "datetime" if kind_of(left, place) == "datetime" else None
        case ir.Call():
            return _kind_of_call(node, place)
        case _:
            return None


def _kind_of_literal(value: object) -> Kind | None:
    if value is None:
        return "None"
    if isinstance(value, bytes):
        return "bytes"
    return "bigint" if type(value) is int and value >= _FIRST_BIGINT else None


def is_none(node: ir.Expression) -> bool:
    """It is written `None`."""
    return isinstance(node, ir.Literal) and node.value is None


def _kind_of_call(call: ir.Call, place: Place) -> Kind | None:
    called = call.function.source
    if key_got(call) is not None:
        return "get"
    for pattern, kind in _TYPES.items():
        if pattern.fullmatch(called) and _is_imported(called.partition(".")[0], place):
            return kind
    if called in _MAKERS:
        return _MAKERS[called]
    if isinstance(call.function, ir.Attribute):
        if call.function.name in _KEEPS_TYPE:
            inner = kind_of(made_of(call.function.value, place), place)
            return inner if inner in {"datetime", "Decimal"} else None
        simple = all(isinstance(argument, ir.Literal) for argument in call.arguments)
        return _METHODS.get(call.function.name) if simple else None
    return None


def _is_imported(name: str, place: Place) -> bool:
    return re.search(rf"^\s*(?:from|import)\b.*\b{name}\b", place.text, re.MULTILINE) is not None


def key_got(node: ir.Expression) -> str | None:
    """The key of `mapping.get("key")`, without a default or with None for one."""
    match node:
        case ir.Call(
            function=ir.Attribute(name="get"), arguments=(ir.Literal(value=str(key)), *rest), keywords=()
        ) if not rest or is_none(rest[0]):
            return key
        case _:
            return None


def is_dataclass(made: ir.Expression, place: Place, source: Source) -> bool:
    """It makes an instance of a dataclass of the project that extends nothing."""
    if not isinstance(made, ir.Call) or not isinstance(made.function, ir.Name):
        return False
    name, module = made.function.name, place.levels[0].block
    if place.function is not None and place.binders(name):
        return False
    if any(isinstance(one, ir.ClassDef) and one.name == name for one in module):
        return _defines_dataclass(module, name)
    imports = [one for one in module if isinstance(one, ir.ImportFrom)]
    wanted = [(one.module, original) for one in imports for original, own in one.names if own == name]
    return any(
        _defines_dataclass(lower(other.text.removeprefix("\ufeff"), other.path), original)
        for path, original in wanted
        for other in source.modules
        if f"/{other.path}".endswith(f"/{path.replace('.', '/')}.py")
    )


def _defines_dataclass(module: ir.Block, name: str) -> bool:
    classes = [one for one in module if isinstance(one, ir.ClassDef) and one.name == name]
    return len(classes) == 1 and (
        not classes[0].bases
        and any(_DATACLASS.fullmatch(decorator.source) for decorator in classes[0].decorators)
    )
