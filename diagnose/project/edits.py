"""Edits of a config that keep its comments, order and formatting, in TOML, JSON and JSONC.

Each edit changes the characters it must and reads its result again: if that does not say exactly what was
asked for, nothing is returned and `EditError` is raised.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from diagnose.errors import ConfigError, ProjectError
from diagnose.project.children import indent_unit, insert_child, newline_of, remove_child
from diagnose.project.reading import with_text
from diagnose.project.statements import (
    append_header,
    find_statement,
    find_table,
    insert_statement,
    statement_lines,
    toml_key,
    toml_value,
    without_table,
)

if TYPE_CHECKING:
    from diagnose.project.document import ConfigDocument, Keys


class EditError(ProjectError):
    """An edit that cannot be made without changing more than was asked for."""


def rename_key(document: ConfigDocument, keys: Keys, new: str) -> str:
    """The text with one key renamed where it stands; a TOML table in each header that opens it.

    Raises:
        EditError: there is no such key, or the new name is taken.
    """
    key = _place(document, keys).key
    expected = copy.deepcopy(document.data)
    parent = _container(expected, keys[:-1])
    if not isinstance(parent, dict) or new in parent:
        raise _refused(document, keys, f"cannot be renamed to `{new}`")
    parent[new] = parent.pop(keys[-1])
    name = toml_key(new) if document.format == "toml" else json.dumps(new, ensure_ascii=False)
    text = document.text
    for span in reversed([key, *document.layout.repeated.get(keys, ())]):
        text = text[: span.start] + name + text[span.end :]
    return _checked(document, keys, text, expected)


def set_value(document: ConfigDocument, keys: Keys, value: Any) -> str:
    """The text with a value replaced, or added with the tables that lead to it.

    Raises:
        EditError: something else stands in the way.
    """
    expected = copy.deepcopy(document.data)
    _put(document, expected, keys, value)
    place = document.layout.places.get(keys)
    if place is None:
        return _checked(document, keys, _add(document, keys, value), expected)
    if place.value is None:
        raise _refused(document, keys, "is a table and not a value")
    rendered = _render(document, value, None)
    text = document.text[: place.value.start] + rendered + document.text[place.value.end :]
    return _checked(document, keys, text, expected)


def append_table(document: ConfigDocument, keys: Keys, value: Mapping[str, Any]) -> str:
    """The text with one more table in an array of tables, which is made where there is none.

    Raises:
        EditError: something else stands in the way.
    """
    expected = copy.deepcopy(document.data)
    existing = document.get(*keys)
    _put(document, expected, keys, [*(existing if isinstance(existing, list) else ()), dict(value)])
    container = document.layout.containers.get(keys)
    if container is not None:
        text = insert_child(
            document.text,
            container,
            lambda indent: _render(document, value, indent),
            spread=_spreads(document),
        )
    elif document.format == "toml" and keys[:-1] not in document.layout.containers:
        text = append_header(document.text, document.layout, keys, value, array=True)
    else:
        text = _add(document, keys, [dict(value)])
    return _checked(document, keys, text, expected)


def remove_key(document: ConfigDocument, keys: Keys) -> str:
    """The text without one key, or without one item of an array; its comment on the same line goes, too.

    Raises:
        EditError: there is no such key, or it is a TOML table of its own.
    """
    _place(document, keys)
    expected = copy.deepcopy(document.data)
    del _container(expected, keys[:-1])[keys[-1]]
    return _checked(document, keys, _without(document, keys), expected)


def remove_table(document: ConfigDocument, keys: Keys) -> str:
    """The text without one TOML table that a header opens, and without the comments directly above it.

    Raises:
        EditError: no header opens it, or tables below it would be left without it.
    """
    table = find_table(document.layout, keys)
    if table is None or not keys:
        raise _refused(document, keys, "has no header of its own")
    expected = copy.deepcopy(document.data)
    del _container(expected, keys[:-1])[keys[-1]]
    text = without_table(document.text, table)
    try:
        data = with_text(document, text).data
    except ConfigError as error:
        raise _refused(document, keys, "cannot be removed without breaking the file") from error
    if _pruned(data) != _pruned(expected):
        raise _refused(document, keys, "cannot be removed without changing other keys")
    return text


def _pruned(data: Any) -> Any:
    """The data without tables and arrays in which nothing is: with its last header, a table is gone."""
    if isinstance(data, Mapping):
        kept = {key: _pruned(value) for key, value in data.items()}
        return {key: value for key, value in kept.items() if value not in ({}, [])}
    return [_pruned(value) for value in data] if isinstance(data, list) else data


def move_key(document: ConfigDocument, keys: Keys, target: Keys) -> str:
    """The text with one key elsewhere; in TOML with its comments, the ones directly above it included.

    Raises:
        EditError: there is no such key, or something stands at the target.
    """
    _place(document, keys)
    expected = copy.deepcopy(document.data)
    value = _container(expected, keys[:-1]).pop(keys[-1])
    if document.get(*target) is not None:
        raise _refused(document, keys, "cannot be moved: its place is taken")
    _put(document, expected, target, value)
    text = _moved_statement(document, keys, target)
    if text is None:
        text = set_value(with_text(document, _without(document, keys)), target, value)
    return _checked(document, keys, text, expected)


def _moved_statement(document: ConfigDocument, keys: Keys, target: Keys) -> str | None:
    """The text with the lines of a TOML statement moved as they are, or None where that cannot be done."""
    statement = find_statement(document.layout, keys)
    place = document.layout.places[keys]
    alone = statement is not None and place.key.start == statement.start
    if statement is None or not alone or find_table(document.layout, target[:-1]) is None:
        return None
    text = document.text
    span = statement_lines(text, statement, comments=True)
    name = toml_key(str(target[-1]))
    lines = text[span.start : statement.start] + name + text[place.key.end : span.end]
    rest = with_text(document, text[: span.start] + text[span.end :])
    table = find_table(rest.layout, target[:-1])
    return None if table is None else insert_statement(rest.text, rest.layout, table, lines)


def _add(document: ConfigDocument, keys: Keys, value: Any) -> str:
    """The text with a key that is not there yet."""
    parent, name = keys[:-1], str(keys[-1])
    container = document.layout.containers.get(parent)
    if container is not None:
        return insert_child(
            document.text,
            container,
            lambda indent: _member(document, name, value, indent),
            spread=_spreads(document),
        )
    if document.format != "toml":
        return _add(document, parent, {name: value})
    table = find_table(document.layout, parent)
    if isinstance(value, Mapping) and not any(isinstance(key, int) for key in keys):
        return append_header(document.text, document.layout, keys, value, array=False)
    if table is None:
        return append_header(document.text, document.layout, parent, {name: value}, array=False)
    return insert_statement(document.text, document.layout, table, _member(document, name, value, None))


def _without(document: ConfigDocument, keys: Keys) -> str:
    """The text without one key or item."""
    place = _place(document, keys)
    container = document.layout.containers.get(keys[:-1])
    if container is not None:
        for index, child in enumerate(container.children):
            if child.start == place.key.start:
                return remove_child(document.text, container, index)
    statement = find_statement(document.layout, keys)
    if statement is None:
        raise _refused(document, keys, "is a table and cannot be removed as one piece")
    span = statement_lines(document.text, statement, comments=False)
    return document.text[: span.start] + document.text[span.end :]


def _member(document: ConfigDocument, name: str, value: Any, indent: str | None) -> str:
    if document.format == "toml":
        return f"{toml_key(name)} = {toml_value(value)}"
    return f"{json.dumps(name, ensure_ascii=False)}: {_render(document, value, indent)}"


def _render(document: ConfigDocument, value: Any, indent: str | None) -> str:
    """A value in the document's notation; over several lines where JSON has room for them."""
    if document.format == "toml":
        return toml_value(value)
    if indent is None or not isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False)
    lines = json.dumps(value, ensure_ascii=False, indent=indent_unit(document.text)).splitlines()
    return (newline_of(document.text) + indent).join(lines)


def _spreads(document: ConfigDocument) -> bool:
    return document.format != "toml"


def _place(document: ConfigDocument, keys: Keys) -> Any:
    place = document.layout.places.get(keys)
    if place is None:
        raise _refused(document, keys, "is not in the file")
    return place


def _container(data: Any, keys: Keys) -> Any:
    for key in keys:
        data = data[key]
    return data


def _put(document: ConfigDocument, data: Any, keys: Keys, value: Any) -> None:
    """Set a value in plain data, making the tables that lead to it."""
    for key in keys[:-1]:
        if isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        elif isinstance(data, dict) and isinstance(key, str):
            data = data.setdefault(key, {})
        else:
            raise _refused(document, keys, "has no table to stand in")
    try:
        data[keys[-1]] = value
    except (TypeError, IndexError) as error:
        raise _refused(document, keys, "has no table to stand in") from error


def _checked(document: ConfigDocument, keys: Keys, text: str, expected: Any) -> str:
    """The text, if it says exactly what is expected."""
    try:
        data = with_text(document, text).data
    except ConfigError as error:
        raise _refused(document, keys, "cannot be edited without breaking the file") from error
    if data != expected:
        raise _refused(document, keys, "cannot be edited without changing other keys")
    return text


def _refused(document: ConfigDocument, keys: Keys, reason: str) -> EditError:
    where = document.locate(*keys) or document.path
    return EditError(f"`{'.'.join(map(str, keys))}` {reason}", where=str(where), hint="edit the file by hand")
