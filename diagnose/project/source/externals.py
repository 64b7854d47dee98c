"""What functions of Python's library and of the platform yield, by their dotted names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from diagnose.project.source import classes, ir, lengths, texts
from diagnose.project.source.iterables import Iterables, item_at
from diagnose.project.source.records import Guarding
from diagnose.project.source.values import (
    NOTHING,
    ClassValue,
    Constant,
    Converted,
    Data,
    DictValue,
    EnvValue,
    External,
    FunctionValue,
    InstanceValue,
    Item,
    JsonText,
    Length,
    ListValue,
    Many,
    Pending,
    Reference,
    Super,
    Tally,
    parts_of,
    text_of,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diagnose.project.source.values import Segment, Value

_FETCHES = {
    "fetch",
    "js.fetch",
    "workers.fetch",
    "pyodide.http.pyfetch",
    "pyodide.http.open_url",
    "urllib.request.urlopen",
}
_CLIENTS = ("httpx", "requests", "aiohttp", "niquests")
_REQUESTS = {"get", "post", "put", "patch", "delete", "request", "stream", "fetch"}
_RESPONSES = {"Response", "JSONResponse", "PlainTextResponse", "HTMLResponse", "ORJSONResponse"}
_PARTS = {
    "json.loads",
    "urllib.parse.urlparse",
    "urllib.parse.urlsplit",
    "urllib.parse.parse_qs",
    "urlparse",
    "parse_qs",
    "urllib.parse.parse_qsl",
    "urllib.parse.unquote",
    "urllib.parse.unquote_plus",
    "js.decodeURIComponent",
    "js.URL.new",
    "csv.reader",
    "csv.DictReader",
    "io.StringIO",
}


class Externals(Iterables):
    """Evaluates calls of functions that are not of the project."""

    def called_external(  # noqa: PLR0911 - one return for each case
        self, name: str, arguments: Sequence[Segment], keywords: dict[str, Item], node: ir.Call
    ) -> Value:
        """`name(…)`."""
        last = name.rpartition(".")[2]
        known = self._FUNCTIONS.get(name) or self._FUNCTIONS.get(last)
        if known is not None:
            return known(self, arguments, keywords, node)
        if name in _FETCHES or (name.startswith(_CLIENTS) and last in _REQUESTS and "." in name):
            url = item_at(arguments, 1 if last in {"request", "stream"} else 0) or keywords.get("url")
            return self.fetched(url, name.replace("()", ""), node, keywords.get("params"))
        if name.startswith(_CLIENTS):
            return External(f"{name}()" if last[:1].isupper() else name)
        if _response_name(name):
            return self._response(name, arguments, keywords, node)
        if name in _PARTS and (first := item_at(arguments, 0)) is not None:
            value = self.load(self.settle(first.value))
            if isinstance(value, JsonText):
                return value.value
            if isinstance(value, Data) and name == "json.loads":
                return self.parsed(value, node)
            return value.member(node.source) if isinstance(value, Data) else unknown(node.source)
        return self._unfamiliar(name, arguments, keywords, node)

    def _unfamiliar(
        self, name: str, arguments: Sequence[Segment], keywords: dict[str, Item], node: ir.Call
    ) -> Value:
        items = [one for one in arguments if isinstance(one, Item)] + list(keywords.values())
        self.handed_over(name, items, node.span)
        for item in items:
            if isinstance(item.value, FunctionValue) and not name.startswith(("fastapi", "starlette")):
                self.settle(self.call_function(item.value, (), {}))
        records = _pending(tuple(arguments))
        return Pending(unknown(node.source), records, by="stranger") if records else unknown(node.source)

    def _response(
        self, name: str, arguments: Sequence[Segment], keywords: dict[str, Item], node: ir.Call
    ) -> Value:
        body = item_at(arguments, 0) or keywords.get("content") or keywords.get("body")
        status = keywords.get("status") or keywords.get("status_code")
        second = item_at(arguments, 1)
        options = self.load(second.value) if second else None
        options = self.load(options.value) if isinstance(options, Converted) else options
        if isinstance(options, DictValue):
            status = options.get("status") or status
        elif second is not None and status is None:
            status = second
        number = status.value if status else Constant(200)
        self.responded(
            number.value if isinstance(number, Constant) and isinstance(number.value, int) else None,
            body,
            self._responding(node),
        )
        return External(f"{name}()")

    def _responding(self, node: ir.Call) -> ir.Span:
        """The statement that decides on the response: the caller's, where a helper only wraps it."""
        frame = self.frame
        definition = frame.definition
        names = {one.name for one in ir.walk(*node.arguments) if isinstance(one, ir.Name)}
        given = {one.name for one in definition.parameters} if definition else set()
        if len(self.frames) > 1 and not frame.entry and names & given:
            return self.frames[-2].statement
        return frame.statement

    def _dumps(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        item = item_at(arguments, 0)
        if item is None:
            return unknown(node.source)
        value = self.frozen(item.value)
        return JsonText(value, item.source, self.settled(lengths.length_of(value, item.source)))

    def _dedent(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        item = item_at(arguments, 0)
        return texts.dedented(self.load(item.value)) if item else unknown(node.source)

    def _urlencode(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        item = item_at(arguments, 0)
        query = self.load(item.value) if item else None
        if not isinstance(query, DictValue) or not query.complete:
            return unknown(node.source)
        parts = parts_of(Constant(""), "")
        for position, (name, entry) in enumerate(query.entries):
            parts += parts_of(Constant(f"{'&' if position else ''}{name}="), "")
            parts += parts_of(self.load(entry.value), entry.source)
        return text_of(parts, node.span)

    def _to_js(self, arguments: Sequence[Segment], keywords: dict[str, Item], node: ir.Call) -> Value:
        item = item_at(arguments, 0)
        value = self.frozen(item.value) if item else unknown(node.source)
        if isinstance(value, (Constant, JsonText, Length, Tally)) or texts.is_text(value):
            return value
        return Converted(value, "converted" if "dict_converter" in keywords else "bare to_js")

    def _js_object(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        item = item_at(arguments, 0)
        value = self.load(item.value) if item else unknown(node.source)
        if isinstance(value, Data):
            return value.member(node.source)
        inner = value.value if isinstance(value, (JsonText, Converted)) else value
        return Converted(inner, "json-object")

    def _getattr(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        owner, name = item_at(arguments, 0), item_at(arguments, 1)
        key = name.value.value if name and isinstance(name.value, Constant) else None
        if owner is None or not isinstance(key, str):
            return unknown(node.source)
        if isinstance(self.load(owner.value), EnvValue):
            return self.binding(key, node.span, guarded=len(arguments) > 2)  # noqa: PLR2004 - owner, name, default
        return self.attribute(owner.value, key, node)

    def _hasattr(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        owner, name = item_at(arguments, 0), item_at(arguments, 1)
        key = name.value.value if name and isinstance(name.value, Constant) else None
        self.handed_over("hasattr", arguments, node.span)
        if owner is not None and isinstance(key, str) and isinstance(self.load(owner.value), EnvValue):
            self.binding(key, node.span, guarded=True)
        return unknown(node.source)

    def logged(self, arguments: Sequence[Segment]) -> Value:
        """What is shown in the log and nowhere else."""
        for one in arguments:
            if isinstance(one, Item):
                self.reported(one, "log")
        return NOTHING

    def _print(self, arguments: Sequence[Segment], _: dict[str, Item], __: ir.Call) -> Value:
        return self.logged(arguments)

    def _gather(self, arguments: Sequence[Segment], keywords: dict[str, Item], node: ir.Call) -> Value:
        records = _pending(tuple(arguments))
        silenced = keywords.get("return_exceptions")
        if silenced is not None and silenced.value == Constant(value=True) and self.frame.drops and records:
            guarding = self.records.guarding(Guarding("suppress", node.span, self.function_name))
            guarding.writes.extend(sorted(records))
        values = tuple(self._awaited(one) for one in arguments)
        return Pending(ListValue(values, "list"), records, by="group")

    def _awaited(self, segment: Segment) -> Segment:
        if isinstance(segment, Many):
            return replace(segment, items=tuple(self._awaited(one) for one in segment.items))
        return replace(segment, value=self.settle(segment.value))

    def _task(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        item = item_at(arguments, 0)
        if item is None or not isinstance(item.value, Pending):
            return unknown(node.source)
        return replace(item.value, task=True)

    def _wait(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        item = item_at(arguments, 0)
        return item.value if item else unknown(node.source)

    def _run_sync(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        item = item_at(arguments, 0)
        return self.settle(item.value) if item else unknown(node.source)

    def _fields(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        item = item_at(arguments, 0)
        owner = classes.described_by(self.load(item.value)) if item else None
        return unknown(node.source) if owner is None else classes.described(owner)

    def _asdict(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        item = item_at(arguments, 0)
        content = self.load(item.value) if item else None
        return classes.as_dict(content) if isinstance(content, InstanceValue) else unknown(node.source)

    def _astuple(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        item = item_at(arguments, 0)
        content = self.load(item.value) if item else None
        return classes.as_tuple(content) if isinstance(content, InstanceValue) else unknown(node.source)

    def _super(self, _: Sequence[Segment], __: dict[str, Item], node: ir.Call) -> Value:
        definition = self.frame.definition
        first = (
            self.scope.names.get(definition.parameters[0].name)
            if definition and definition.parameters
            else None
        )
        content = self.load(first) if first else None
        if not isinstance(first, Reference) or not isinstance(content, InstanceValue):
            return unknown(node.source)
        owners = [content.owner]
        for owner in owners:
            found = owner.scope.names.get(getattr(definition, "name", ""))
            if isinstance(found, FunctionValue) and found.definition is definition:
                return Super(first, owner)
            owners.extend(base for base in owner.bases if isinstance(base, ClassValue))
        return unknown(node.source)

    _FUNCTIONS: ClassVar[dict[str, Callable[[Any, Sequence[Segment], dict[str, Item], ir.Call], Value]]] = {
        **Iterables.FUNCTIONS,
        "print": _print,
        "js.console.log": _print,
        "console.log": _print,
        "getattr": _getattr,
        "hasattr": _hasattr,
        "super": _super,
        "dataclasses.fields": _fields,
        "dataclasses.asdict": _asdict,
        "dataclasses.astuple": _astuple,
        "json.dumps": _dumps,
        "orjson.dumps": _dumps,
        "js.JSON.stringify": _dumps,
        "JSON.stringify": _dumps,
        "textwrap.dedent": _dedent,
        "inspect.cleandoc": _dedent,
        "urlencode": _urlencode,
        "to_js": _to_js,
        "js.Object.fromEntries": _js_object,
        "js.JSON.parse": _js_object,
        "JSON.parse": _js_object,
        "Object.fromEntries": _js_object,
        "asyncio.gather": _gather,
        "js.Promise.all": _gather,
        "asyncio.create_task": _task,
        "asyncio.ensure_future": _task,
        "ensure_future": _task,
        "create_task": _task,
        "asyncio.wait_for": _wait,
        "asyncio.shield": _wait,
        "run_sync": _run_sync,
    }


def _pending(segments: tuple[Segment, ...]) -> frozenset[int]:
    found: frozenset[int] = frozenset()
    for segment in segments:
        if isinstance(segment, Many):
            found |= _pending(segment.items)
        elif isinstance(segment.value, Pending):
            found |= segment.value.records
        elif isinstance(segment.value, ListValue):
            found |= _pending(segment.value.segments)
    return found


def _response_name(name: str) -> bool:
    parts = name.split(".")
    return parts[-1] in _RESPONSES or (
        len(parts) > 1 and parts[-2] in _RESPONSES and parts[-1] in {"new", "json"}
    )
