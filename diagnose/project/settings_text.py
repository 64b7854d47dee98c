"""Writing the commented settings file of `diagnose init`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diagnose.project.statements import toml_key, toml_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.project.settings import (
        Ignore,
        RecordedResponse,
        RowsSettings,
        Settings,
        TriggerSettings,
        WatchSettings,
    )

_CONFIG = ("# The wrangler config to read, relative to this file. Without it: wrangler's own choice.",)
_PLAN = ("# Whose limits per invocation apply: free or paid. Findings state the other plan's verdict, too.",)
_LIMITS_ON = ("# The day whose limits statements are judged by.",)
_TRIGGER = (
    "# How the end-to-end checks start the worker: kind is fetch, scheduled or queue.",
    "# `headers_env` takes values from environment variables, so that no secret stands here; `reported` is",
    "# the JSON path of the row count in the worker's answer.",
)
_WATCH = ("# The table whose rows are counted; `key` holds the columns that make a row unique.",)
_RESPONSES = (
    "# Recorded answers for what the worker fetches; `*` in a url stands for any characters, and `body_file`",
    "# is relative to this file. A fetch without an answer here makes the end-to-end checks skip.",
)
_ROWS = (
    "# Where the rows stand in the fetched answer, and which field lands in which column: with this, fetched",
    "# and landed values are compared.",
)
_IGNORE = ("# Findings that were looked at and accepted, with the reason; `until` ends it.",)


def render_settings(settings: Settings) -> str:
    """The text of a `diagnose.toml` with these settings; what they leave open stands there as a comment."""
    top = [
        *_statement(_CONFIG, "config", settings.config, "wrangler.toml"),
        "",
        *_statement(_PLAN, "plan", settings.plan, "paid"),
    ]
    if settings.limits_on is not None:
        top += ["", *_statement(_LIMITS_ON, "limits_on", settings.limits_on, None)]
    sections = [
        top,
        _section(_TRIGGER, "[trigger]", _trigger(settings.trigger), _EXAMPLES["trigger"]),
        _section(_WATCH, "[watch]", _watch(settings.watch), _EXAMPLES["watch"]),
        _sections(
            _RESPONSES, "[[responses]]", map(response_entry, settings.responses), _EXAMPLES["responses"]
        ),
        _section(_ROWS, "[rows]", _rows(settings.rows), _EXAMPLES["rows"]),
        _sections(_IGNORE, "[[ignore]]", map(_ignore, settings.ignores), _EXAMPLES["ignore"]),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


_EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "trigger": {"kind": "fetch", "method": "POST", "path": "/trigger", "reported": "inserted"},
    "watch": {"database": "prices", "table": "price_data", "key": ["symbol", "timestamp"]},
    "responses": {
        "method": "GET",
        "url": "https://api.example.com/history*",
        "status": 200,
        "body_file": "recorded/history.json",
    },
    "rows": {"path": "Data.Data", "columns": {"time": "timestamp", "close": "close"}},
    "ignore": {"code": "QUE001", "reason": "the import is small", "path": "wrangler.toml"},
}


def _statement(comment: tuple[str, ...], key: str, value: Any, example: Any) -> list[str]:
    line = f"# {key} = {toml_value(example)}" if value is None else f"{key} = {toml_value(value)}"
    return [*comment, line]


def _section(
    comment: tuple[str, ...], header: str, values: Mapping[str, Any] | None, example: Mapping[str, Any]
) -> list[str]:
    if values is None:
        return [*comment, *(f"# {line}" for line in _table(header, example))]
    return [*comment, *_table(header, values)]


def _sections(
    comment: tuple[str, ...], header: str, entries: Iterator[Mapping[str, Any]], example: Mapping[str, Any]
) -> list[str]:
    """An array of tables, divided by blank lines."""
    lines: list[str] = []
    for values in entries:
        lines += ([""] if lines else []) + _table(header, values)
    return [*comment, *lines] if lines else _section(comment, header, None, example)


def _table(header: str, values: Mapping[str, Any]) -> list[str]:
    """Header and statements; what is empty or absent is left out."""
    said = {key: value for key, value in values.items() if value not in (None, (), {}, [])}
    return [header, *(f"{toml_key(key)} = {toml_value(value)}" for key, value in said.items())]


def _trigger(trigger: TriggerSettings | None) -> Mapping[str, Any] | None:
    if trigger is None:
        return None
    request = {"method": trigger.method, "path": trigger.path} if trigger.kind in {None, "fetch"} else {}
    return {
        "kind": trigger.kind,
        **request,
        "url": trigger.url,
        "headers": trigger.headers,
        "headers_env": trigger.headers_env,
        "queue": trigger.queue,
        "body": trigger.body,
        "cron": trigger.cron,
        "reported": trigger.reported,
    }


def _watch(watch: WatchSettings | None) -> Mapping[str, Any] | None:
    if watch is None:
        return None
    return {"database": watch.database, "table": watch.table, "key": watch.key}


def response_entry(response: RecordedResponse) -> Mapping[str, Any]:
    """The table of a recorded answer."""
    entry = {
        "method": response.method,
        "url": response.url,
        "status": response.status,
        "headers": response.headers,
        "body_file": response.body_file,
    }
    return {key: value for key, value in entry.items() if value}


def _rows(rows: RowsSettings | None) -> Mapping[str, Any] | None:
    if rows is None:
        return None
    return {"path": rows.path, "columns": rows.columns}


def _ignore(ignore: Ignore) -> Mapping[str, Any]:
    return {"code": ignore.code, "reason": ignore.reason, "path": ignore.path, "until": ignore.until}
