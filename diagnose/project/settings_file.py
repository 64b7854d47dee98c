"""Reading the settings: found at the project folder or above it, checked key by key."""

from __future__ import annotations

import json
import os
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast, get_args

from diagnose.errors import ConfigError, ProjectError
from diagnose.project.reading import parse_document, read_text
from diagnose.project.settings import (
    Ignore,
    Plan,
    RecordedResponse,
    RowsSettings,
    Settings,
    TriggerKind,
    TriggerSettings,
    WatchSettings,
)

if TYPE_CHECKING:
    from pathlib import Path

    from diagnose.model import Location
    from diagnose.project.document import ConfigDocument, Keys

SETTINGS_FILE = "diagnose.toml"
PYPROJECT_FILE = "pyproject.toml"


def find_settings(root: Path) -> Settings:
    """The settings that hold for a project folder: of the nearest folder upwards that has any.

    Raises:
        ConfigError: they do not parse, have an unknown key, or a value of the wrong type.
        ProjectError: the file cannot be opened.
    """
    for directory in (root, *root.parents):
        own = directory / SETTINGS_FILE
        if _is_file(own):
            return _read(own, root, ())
        shared = directory / PYPROJECT_FILE
        if _is_file(shared) and _mentions_us(shared):
            return _read(shared, root, ("tool", "diagnose"))
    return Settings(directory=root)


def _is_file(file: Path) -> bool:
    """Like `Path.is_file`, but False in a parent folder that may not be searched."""
    try:
        return file.is_file()
    except PermissionError:
        return False


def _mentions_us(file: Path) -> bool:
    """Whether a project file of Python has our table; one without may even be broken TOML."""
    try:
        return b"tool.diagnose" in file.read_bytes()
    except OSError as error:
        raise ProjectError(f"cannot be read: {error.strerror}", where=str(file)) from error


def _read(file: Path, root: Path, keys: Keys) -> Settings:
    path = os.path.relpath(file, root).replace(os.sep, "/")
    document = parse_document(read_text(file, path), path, "toml")
    section = _Section(document, keys, document.get(*keys) or {})
    settings = Settings(
        config=_config_below(root, file.parent, section.text("config")),
        plan=cast("Plan", section.choice("plan", get_args(Plan)) or "paid"),
        limits_on=section.date("limits_on"),
        trigger=_trigger(section.section("trigger")),
        watch=_watch(section.section("watch")),
        responses=tuple(_response(each) for each in section.sections("responses")),
        rows=_rows(section.section("rows")),
        ignores=tuple(_ignore(each) for each in section.sections("ignore")),
        path=path,
        directory=file.parent,
    )
    section.refuse_others()
    return settings


def _config_below(root: Path, directory: Path, config: str | None) -> str | None:
    """The wrangler config relative to the project; None where the settings speak of another project."""
    if config is None:
        return None
    path = os.path.relpath(directory.joinpath(config), root).replace(os.sep, "/")
    return None if path == ".." or path.startswith("../") else path


def _trigger(section: _Section | None) -> TriggerSettings | None:
    if section is None:
        return None
    trigger = TriggerSettings(
        kind=cast("TriggerKind | None", section.choice("kind", get_args(TriggerKind))),
        method=(section.text("method") or "GET").upper(),
        path=section.text("path") or "/",
        url=section.text("url"),
        headers=section.texts_by_name("headers"),
        headers_env=section.texts_by_name("headers_env"),
        body=section.body("body"),
        queue=section.text("queue"),
        cron=section.text("cron"),
        reported=section.text("reported"),
    )
    section.refuse_others()
    return trigger


def _watch(section: _Section | None) -> WatchSettings | None:
    if section is None:
        return None
    watch = WatchSettings(
        table=section.required("table"), database=section.text("database"), key=section.texts("key")
    )
    section.refuse_others()
    return watch


def _rows(section: _Section | None) -> RowsSettings | None:
    if section is None:
        return None
    rows = RowsSettings(path=section.required("path"), columns=section.texts_by_name("columns"))
    section.refuse_others()
    return rows


def _response(section: _Section) -> RecordedResponse:
    method = section.text("method")
    response = RecordedResponse(
        url=section.required("url"),
        body_file=section.required("body_file"),
        method=method.upper() if method else None,
        status=section.status("status"),
        headers=section.texts_by_name("headers"),
        location=section.location(),
    )
    section.refuse_others()
    return response


def _ignore(section: _Section) -> Ignore:
    ignore = Ignore(
        code=section.required("code"),
        reason=section.required("reason"),
        path=section.text("path"),
        until=section.date("until"),
        location=section.location(),
    )
    section.refuse_others()
    return ignore


class _Section:
    """One table of the settings; remembers which keys were asked for, so that the others are mistakes."""

    def __init__(self, document: ConfigDocument, keys: Keys, data: Any) -> None:
        self._document = document
        self._keys = keys
        self._known: list[str] = []
        if not isinstance(data, dict):
            raise self._error(f"`{keys[-1] if keys else ''}` must be a table")
        self._data = data

    def location(self) -> Location | None:
        return self._document.locate(*self._keys)

    def text(self, key: str) -> str | None:
        value = self._take(key)
        if value is None or (isinstance(value, str) and value):
            return value
        raise self._error(f"`{key}` must be a text", key)

    def required(self, key: str) -> str:
        value = self.text(key)
        if value is None or not value.strip():
            raise self._error(f"`{key}` is missing")
        return value

    def choice(self, key: str, choices: tuple[str, ...]) -> str | None:
        value = self._take(key)
        if value is None or value in choices:
            return cast("str | None", value)
        raise self._error(f"`{key}` must be one of " + ", ".join(f'"{choice}"' for choice in choices), key)

    def texts(self, key: str) -> tuple[str, ...]:
        """An array of texts; a single text stands for an array of one."""
        value = self._take(key)
        items = [] if value is None else value if isinstance(value, list) else [value]
        if all(isinstance(item, str) and item for item in items):
            return tuple(items)
        raise self._error(f"`{key}` must be an array of texts", key)

    def texts_by_name(self, key: str) -> dict[str, str]:
        value = self._take(key)
        table = {} if value is None else value
        if isinstance(table, dict) and all(isinstance(item, str) for item in table.values()):
            return table
        raise self._error(f"`{key}` must be a table of texts", key)

    def body(self, key: str) -> str | None:
        """A text as it is; a table or an array as JSON."""
        value = self._take(key)
        if value is None or isinstance(value, str):
            return value
        try:
            return json.dumps(value)
        except TypeError as error:
            raise self._error(f"`{key}` must be a text, or a value that JSON has, too", key) from error

    def status(self, key: str) -> int:
        value = self._take(key)
        if value is None:
            return 200
        if isinstance(value, int) and not isinstance(value, bool) and 200 <= value <= 599:  # noqa: PLR2004 - HTTP
            return value
        raise self._error(f"`{key}` must be an HTTP status from 200 to 599", key)

    def date(self, key: str) -> date | None:
        """A TOML date, or a text in the form YYYY-MM-DD."""
        value = self._take(key)
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError) as error:
            raise self._error(f"`{key}` must be a date such as 2027-01-31", key) from error

    def section(self, key: str) -> _Section | None:
        value = self._take(key)
        return None if value is None else _Section(self._document, (*self._keys, key), value)

    def sections(self, key: str) -> list[_Section]:
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._error(f"`{key}` must be an array of tables: write [[{key}]]", key)
        return [_Section(self._document, (*self._keys, key, i), item) for i, item in enumerate(value)]

    def refuse_others(self) -> None:
        """Raise for the first key that nobody asked for."""
        for key in self._data:
            if key not in self._known:
                raise self._error(f"`{key}` is not a setting", key, "known here: " + ", ".join(self._known))

    def _take(self, key: str) -> Any:
        self._known.append(key)
        return self._data.get(key)

    def _error(self, message: str, *below: str) -> ConfigError:
        """An error at a key of this table; a second text is the hint."""
        key, hint = below[:1], below[1] if len(below) > 1 else None
        location = self._document.locate(*self._keys, *key)
        return ConfigError(
            message,
            where=str(location or self._document.path),
            line=location.line if location else None,
            column=location.column if location else None,
            hint=hint,
        )
