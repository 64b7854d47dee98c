"""What an expression can stand for while a worker is read: constants, texts, collections, bindings.

Values are immutable. Lists, dictionaries and instances, which code changes in place, live in the
machine's heap; a `Reference` names one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from diagnose.project.source.counts import AtMost, Exactly, FromCaller, FromData, UnknownCount
from diagnose.project.source.sql import Hole, Ordinal, Repeated, SqlText, Text

if TYPE_CHECKING:
    from diagnose.project.source import ir
    from diagnose.project.source.counts import Count
    from diagnose.project.source.scopes import Scope
    from diagnose.project.source.sql import Origin, Part


@dataclass(frozen=True, slots=True)
class Size:
    """The length of a collection; `key` names the collection.

    Of a loop in one branch of an `if`, `whole` is the loop with both branches.
    """

    count: Count
    key: str
    whole: Size | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that the source gives. `span` is where it is built."""

    value: str | bytes | int | float | bool | None
    span: ir.Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Built:
    """A text of which parts are known; `items` are the numbers that stand in its fields."""

    text: SqlText
    span: ir.Span | None = field(default=None, compare=False)
    items: tuple[Item, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Item:
    """One element with the source that makes it."""

    value: Value
    source: str = field(default="", compare=False)
    span: ir.Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LoopHead:
    """`for variable in iterable`, as written, and the span of the whole loop."""

    variable: str
    iterable: str
    span: ir.Span


@dataclass(frozen=True, slots=True)
class Many:
    """`items` once for each element of a collection."""

    items: tuple[Segment, ...]
    size: Size
    head: LoopHead | None = field(default=None, compare=False)


Segment: TypeAlias = "Item | Many"


@dataclass(frozen=True, slots=True)
class ListValue:
    """A list, tuple, set or generator; `span` is where it is first made."""

    segments: tuple[Segment, ...] = ()
    kind: str = "list"
    span: ir.Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class DictValue:
    """A dictionary of which the entries with constant keys are known."""

    entries: tuple[tuple[str, Item], ...] = ()
    complete: bool = True

    def get(self, key: str) -> Item | None:
        """The last entry under that key."""
        return next((item for name, item in reversed(self.entries) if name == key), None)


@dataclass(frozen=True, slots=True)
class InstanceValue:
    """An object of a class of the project."""

    owner: ClassValue
    attributes: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """Something in the heap."""

    address: int


@dataclass(frozen=True, slots=True)
class Received:
    """A part of what a queue delivers to its handler.

    Attributes:
        path: keys that lead from `message.body` to a part of it; `[]` is any element, `text()` what
            `json.loads` makes of a text.
        mixed: some ways through the code parse the text, others do not.
        most: messages of a batch at most.
    """

    part: Literal["batch", "messages", "message", "body"]
    path: tuple[str, ...] = ()
    mixed: bool = False
    most: int | None = None

    def member(self, name: str) -> Received | None:
        """`batch.messages`, `message.body`, a field of a body; None for anything else."""
        if self.part == "body":
            return replace(self, path=(*self.path, name))
        steps: dict[tuple[str, str], Received] = {
            ("batch", "messages"): Received("messages", most=self.most),
            ("message", "body"): Received("body"),
        }
        return steps.get((self.part, name))

    def element(self) -> Received | None:
        """One message, or any element of a part of the body."""
        if self.part == "messages":
            return Received("message")
        return self.member("[]") if self.part == "body" else None


def unparsed(path: tuple[str, ...]) -> tuple[str, ...]:
    """The same path, whether texts on the way are parsed or not."""
    return tuple(step for step in path if step != "text()")


@dataclass(frozen=True, slots=True)
class Data:
    """Something that the source does not determine.

    Attributes:
        expression: the source that yields it, and its name as a collection.
        origin: what its members' lengths depend on.
        count: its own length.
        received: what it is of the messages that a queue delivers, or None.
        vetted: a number, or a text whose quotes are doubled: it cannot be read as SQL.
    """

    expression: str
    origin: Count
    count: Count
    received: Received | None = field(default=None, compare=False)
    vetted: bool = field(default=False, compare=False)

    @property
    def source(self) -> Origin | None:
        """Whose data it is, or None when that is not known or it is vetted."""
        match self.origin:
            case _ if self.vetted:
                return None
            case FromCaller():
                return "caller"
            case FromData(queried=queried):
                return "queried" if queried else "fetched"
            case _:
                return None

    def member(self, expression: str) -> Data:
        """A part that may well be the whole collection: `data["Data"]`."""
        return Data(expression, self.origin, renamed(self.origin, expression))

    def element(self, expression: str) -> Data:
        """One of its elements: what the request asked for says nothing about its length."""
        origin = replace(self.origin, asked=None) if isinstance(self.origin, FromData) else self.origin
        received = self.received.element() if self.received else None
        return Data(expression, origin, renamed(origin, expression), received)

    def part(self, name: str, expression: str) -> Data:
        """The same as `member`, where the name of the part is known."""
        part, received = self.member(expression), self.received.member(name) if self.received else None
        if received is not None and received.most is not None:
            part = replace(part, count=AtMost(received.most, expression))
        return replace(part, received=received)


@dataclass(frozen=True, slots=True)
class Length:
    """`len(…)` of a collection."""

    size: Size
    span: ir.Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Tally:
    """A number computed from lengths, or from what D1 counted (`meta.changes`)."""

    from_changes: bool
    span: ir.Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Index:
    """A number that counts the turns of a loop: `start + step * turn`."""

    name: str
    start: int
    step: int


@dataclass(frozen=True, slots=True)
class Offset:
    """`base + plus`, where the base is not known."""

    base: Value
    plus: int


@dataclass(frozen=True, slots=True)
class Smallest:
    """`min(…)` of several numbers."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """`range(start, stop, step)`."""

    start: Value
    stop: Value
    step: Value


@dataclass(frozen=True, slots=True)
class EnvValue:
    """The worker's environment: its attributes are bindings."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A binding, and where it was read."""

    name: str
    span: ir.Span


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement of `prepare`, with the parameters of `bind` when it was called."""

    binding: Binding
    sql: Value
    sql_span: ir.Span
    params: ListValue | None = None
    bind_span: ir.Span | None = None


@dataclass(frozen=True, slots=True)
class QueryResult:
    """What `run` and `all` answer; `rows` is its list."""

    rows: Data


@dataclass(frozen=True, slots=True)
class Pending:
    """What a call yields before it is awaited; `records` are the writes that depend on it.

    Attributes:
        task: it runs by itself, as a task or under a callback.
        by: a method of a binding, a coroutine function of the project, several of both (`gather`), a
            function that is not called, or something that is not known, which may wait for what it was given.
        span, source: of the call; `statement` is the one that it stands in.
    """

    value: Value
    records: frozenset[int]
    task: bool = False
    by: Literal["binding", "function", "group", "uncalled", "stranger"] = "binding"
    span: ir.Span | None = field(default=None, compare=False)
    statement: ir.Span | None = field(default=None, compare=False)
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class JsonText:
    """`json.dumps(value)`, where the value is written `source` and has `size` elements."""

    value: Value
    source: str
    size: Size


@dataclass(frozen=True, slots=True)
class Converted:
    """`to_js(value)`, with or without a `dict_converter`; or an object that JavaScript made."""

    value: Value
    how: Literal["converted", "bare to_js", "json-object"]


@dataclass(frozen=True, slots=True)
class FunctionValue:
    """A function of the project, or a method bound to `instance`.

    `arguments` and `keywords` are those that `functools.partial` gives it beforehand.
    """

    definition: ir.FunctionDef | ir.Lambda
    scope: Scope
    name: str
    instance: Value | None = None
    arguments: tuple[Segment, ...] = ()
    keywords: tuple[tuple[str, Item], ...] = ()


@dataclass(frozen=True, slots=True)
class Alternatives:
    """One of several functions of the project; which one is decided at run time."""

    functions: tuple[FunctionValue, ...]


@dataclass(frozen=True, slots=True)
class ClassValue:
    """A class of the project."""

    definition: ir.ClassDef
    scope: Scope
    bases: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Super:
    """`super()` in a method: the bases of the class that defines it."""

    instance: Reference
    owner: ClassValue


@dataclass(frozen=True, slots=True)
class ModuleValue:
    """A module of the project."""

    scope: Scope


@dataclass(frozen=True, slots=True)
class External:
    """Something by its dotted name that is not of the project: `json.dumps`, `len`, `js.fetch`."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """`receiver.name`, not yet called."""

    receiver: Value
    name: str


Value: TypeAlias = (
    "Constant | Built | ListValue | DictValue | InstanceValue | Reference | Data | Length | Tally | Index"
    " | Offset | Smallest | Range | EnvValue | Binding | Prepared | QueryResult | Pending | JsonText"
    " | Converted | FunctionValue | Alternatives | ClassValue | Super | ModuleValue | External | Member"
)

NOTHING = Constant(None)


def unknown(expression: str) -> Data:
    """A value about which nothing is known."""
    count = UnknownCount(expression)
    return Data(expression, count, count)


def renamed(count: Count, expression: str) -> Count:
    """The same count under another name."""
    if isinstance(count, Exactly | AtMost):
        return count
    return replace(count, expression=expression)


def parts_of(value: Value, expression: str) -> tuple[Part, ...]:
    """A value as it appears in a text."""
    match value:
        case Constant(bool() | None | bytes() as plain):
            return (Text(str(plain)),)
        case Constant(plain):
            return (Text(str(plain)),) if plain != "" else ()
        case Built(text):
            return text.parts
        case Index(_, start, step):
            return (Ordinal(start, step),)
        case (Data() as data) | JsonText(value=Data() as data):
            return (Hole(expression, data.source),)
        case _:
            return (Hole(expression),)


def text_of(
    parts: tuple[Part, ...], span: ir.Span | None = None, items: tuple[Item, ...] = ()
) -> Constant | Built:
    """The parts as a value, a constant when all of them are known."""
    merged: list[Part] = []
    for part in parts:
        if isinstance(part, Text) and merged and isinstance(merged[-1], Text):
            merged[-1] = Text(merged[-1].text + part.text)
        else:
            merged.append(part)
    if not merged:
        return Constant("", span)
    if len(merged) == 1 and isinstance(merged[0], Text) and not items:
        return Constant(merged[0].text, span)
    return Built(SqlText(tuple(merged)), span, items)


def repeated(unit: tuple[Part, ...], separator: str, size: Size) -> tuple[Part, ...]:
    """A unit for each element of a collection; written out when the length is known and small."""
    exact = size.count.exact
    has_ordinals = any(isinstance(part, Ordinal) for part in unit)
    if exact is not None and exact <= _WRITTEN_OUT and not has_ordinals:
        joined: tuple[Part, ...] = ()
        for turn in range(exact):
            joined += ((Text(separator),) if turn and separator else ()) + unit
        return joined
    return (Repeated(SqlText(unit), separator, size.count, size.key),)


_WRITTEN_OUT = 1000
