"""What methods of lists, dictionaries, texts and data yield."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.project.source import forgetting, ir, lengths, texts
from diagnose.project.source.joining import any_function
from diagnose.project.source.platform import Platform
from diagnose.project.source.values import (
    NOTHING,
    Constant,
    DictValue,
    Item,
    ListValue,
    Many,
    Pending,
    Range,
    Reference,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.project.source.values import (
        Data,
        Segment,
        Value,
    )

_NO_TEXT = {"startswith", "endswith", "count", "find", "rfind", "index", "rindex"}
"""Methods of a text that answer a number or a truth value, as those do whose names begin with `is`."""
_SAME_TEXT = {"upper", "lower", "title", "capitalize", "casefold"}


class Methods(Platform):
    """Evaluates method calls on values whose kind is known."""

    def called_list(  # noqa: PLR0911 - one return for each case
        self, reference: Reference, content: ListValue, name: str, arguments: Sequence[Segment], node: ir.Call
    ) -> Value:
        """`items.append(…)` and its like."""
        first = arguments[0] if arguments else None
        receiver = node.function.value if isinstance(node.function, ir.Attribute) else None
        shared = receiver.source if isinstance(receiver, ir.Attribute) else None
        if name in {"append", "add", "appendleft"} and isinstance(first, Item):
            self._kept_in(receiver, first.value)
            self.add(reference.address, (first,), shared=shared)
            return NOTHING
        if name in {"extend", "update", "extendleft"} and isinstance(first, Item):
            self.add(reference.address, self.elements(first.value, first.source), shared=shared)
            return NOTHING
        if name == "insert" and len(arguments) > 1:
            self.add(reference.address, tuple(arguments[1:2]))
            return NOTHING
        if name == "clear":
            self.write(reference.address, replace(content, segments=()))
            return NOTHING
        if name in {"copy", "values", "to_py"}:
            kind = "list" if content.kind == "dict" else content.kind
            return self.allocate(replace(content, kind=kind))
        if content.kind == "dict" and name in {"keys", "items"}:
            return self.allocate(ListValue(tuple(_other(one, name) for one in content.segments), "list"))
        if name in {"sort", "reverse"}:
            return NOTHING
        if name in {"pop", "popleft", "get"}:
            return lengths.iterated(content, node.source, node.source).element
        return unknown(node.source)

    def _kept_in(self, receiver: ir.Expression | None, value: Value) -> None:
        """A list that nothing looks at does not make anything wait for what is put into it."""
        if (
            isinstance(receiver, ir.Name)
            and isinstance(value, Pending)
            and not value.task
            and forgetting.is_only_filled(receiver.name, self.frame.definition)
        ):
            forgetting.note(value, self.frame, self.function_name, self.records)

    def called_dict(  # noqa: PLR0911 - one return for each case
        self, reference: Value, content: DictValue, name: str, arguments: Sequence[Segment], node: ir.Call
    ) -> Value:
        """`mapping.get(…)` and its like."""
        first = arguments[0].value if arguments and isinstance(arguments[0], Item) else None
        if name in {"get", "pop", "setdefault"} and isinstance(first, Constant):
            item = content.get(str(first.value))
            return item.value if item else unknown(node.source)
        if name in {"get", "pop"} and (function := any_function(content)) is not None:
            return function
        if name == "values":
            return (
                self.allocate(ListValue(tuple(item for _, item in content.entries)))
                if content.complete
                else unknown(node.source)
            )
        if name == "keys" and content.complete:
            return self.allocate(
                ListValue(tuple(Item(Constant(key), repr(key)) for key, _ in content.entries))
            )
        if name == "items" and content.complete:
            pairs = tuple(
                Item(ListValue((Item(Constant(key), repr(key)), item), "tuple"))
                for key, item in content.entries
            )
            return self.allocate(ListValue(pairs))
        if name == "copy":
            return self.allocate(content)
        if name == "update" and isinstance(reference, Reference):
            extra = self.load(first) if first else None
            entries = extra.entries if isinstance(extra, DictValue) else ()
            self.write(reference.address, DictValue((*content.entries, *entries), complete=False))
            return NOTHING
        return unknown(node.source)

    def called_text(  # noqa: PLR0911 - one return for each case
        self, value: Value, name: str, arguments: Sequence[Segment], keywords: dict[str, Item], node: ir.Call
    ) -> Value:
        """`text.join(…)` and its like."""
        items = [segment for segment in arguments if isinstance(segment, Item)]
        first = self.frozen(items[0].value) if items else None
        if name == "join" and first is not None:
            elements = ListValue(self.elements(first, items[0].source))
            return texts.join(value, elements, node.span)
        if name == "format" and isinstance(value, Constant) and len(items) == len(arguments):
            return texts.formatted(str(value.value), items, keywords, node.span, percent=False)
        if name in {"strip", "lstrip", "rstrip", "removesuffix"}:
            shed = first.value if isinstance(first, Constant) and isinstance(first.value, str) else None
            if name == "removesuffix":
                return texts.without_suffix(value, len(shed)) or value if shed else value
            return texts.stripped(value, shed, left=name != "rstrip", right=name != "lstrip")
        if name == "replace" and len(items) > 1 and isinstance(first, Constant):
            return texts.replaced(value, str(first.value), self.load(items[1].value), items[1].source)
        if name in _SAME_TEXT:
            return texts.changed_case(value, name)
        if name in {"split", "splitlines"} and isinstance(value, Constant) and isinstance(value.value, str):
            separator = first.value if isinstance(first, Constant) and isinstance(first.value, str) else None
            pieces = value.value.splitlines() if name == "splitlines" else value.value.split(separator)
            return self.allocate(ListValue(tuple(Item(Constant(piece), repr(piece)) for piece in pieces)))
        return value if name in {"encode", "format_map"} else unknown(node.source)

    def called_data(self, value: Data, name: str, arguments: Sequence[Segment], node: ir.Call) -> Value:
        """`data.get("rows", [])` and its like: a part of the data."""
        first = arguments[0].value if arguments and isinstance(arguments[0], Item) else None
        if name in {"get", "pop"} and isinstance(first, Constant) and isinstance(first.value, int):
            return value.element(node.source)
        if name in {"append", "extend", "add", "clear", "sort", "reverse", "insert"}:
            return NOTHING
        if name in {"get", "pop"} and isinstance(first, Constant) and isinstance(first.value, str):
            return self.part(value, first.value, node, optional=True)
        if name == "setdefault" and first is not None:
            self.set_part(value, first)
        if value.received is None:
            self.handed_over(node.source, arguments, node.span)
        doubled = name == "replace" and first == Constant("'")
        vetted = value.vetted or doubled or name in _NO_TEXT or name.startswith("is")
        return replace(value.member(node.source), vetted=vetted)

    def zipped(self, arguments: Sequence[Segment], target: str) -> Value:
        """`zip(first, second)`: as long as the first, each element a pair."""
        values = [self.frozen(one.value) for one in arguments if isinstance(one, Item)]
        if not values:
            return unknown(target)
        first = lengths.iterated(values[0], f"{target}[…]", _source(arguments[0]))
        elements = [
            Item(lengths.iterated(value, f"{target}[…][{index}]", target).element)
            for index, value in enumerate(values)
        ]
        return ListValue((Many((Item(ListValue(tuple(elements), "tuple")),), first.size),), "generator")

    def enumerated(self, arguments: Sequence[Segment], start: Value, target: str) -> Value:
        """`enumerate(values, start)`."""
        value = (
            self.frozen(arguments[0].value)
            if arguments and isinstance(arguments[0], Item)
            else unknown(target)
        )
        source = _source(arguments[0]) if arguments else target
        inner = lengths.iterated(value, f"{source}[…]", source)
        number = lengths.iterated(Range(start, unknown(target), Constant(1)), f"{source}#", source).element
        pair = ListValue((Item(number), Item(inner.element)), "tuple")
        return ListValue((Many((Item(pair),), inner.size),), "generator")

    def settle(self, value: Value) -> Value:
        """What awaiting a value yields."""
        return value.value if isinstance(value, Pending) else value


def _other(segment: Segment, name: str) -> Segment:
    if isinstance(segment, Many):
        return replace(segment, items=tuple(_other(item, name) for item in segment.items))
    key = Item(unknown("key"))
    return key if name == "keys" else Item(ListValue((key, segment), "tuple"))


def _source(segment: Segment) -> str:
    return segment.source if isinstance(segment, Item) else ""
