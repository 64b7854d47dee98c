"""What `simulate` found, for machines; `schema/simulation-v1.json` describes it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.simulation import (
        Attempt,
        Forecast,
        Invocations,
        JudgedSite,
        JudgedStatement,
        QueueForecast,
        Simulation,
        WayForecast,
    )
    from diagnose.simulation.demands import Demand

SCHEMA_VERSION: Final = 1


def schema() -> dict[str, Any]:
    """The JSON Schema of the documents that this module writes."""
    text = files("diagnose.report").joinpath("schema/simulation-v1.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def forecast_json(found: Forecast) -> str:
    """The answer to `--columns` and `--rows`."""
    return _text({"forecast": _forecast(found)})


def statements_json(name: str, statements: Sequence[JudgedStatement]) -> str:
    """The answer to `--sql`."""
    return _text({"file": name, "statements": [_statement(one) for one in statements]})


def sites_json(sites: Sequence[JudgedSite]) -> str:
    """The answer about the write sites of a project."""
    return _text({"sites": [_site(one) for one in sites]})


def _text(document: dict[str, object]) -> str:
    return json.dumps({"schema_version": SCHEMA_VERSION, **document}, indent=2) + "\n"


def _forecast(found: Forecast) -> dict[str, object]:
    return {
        "columns": found.workload.columns,
        "rows": found.workload.rows,
        "row_bytes": found.row_bytes,
        "breaks_at": found.breaks_at,
        "break_error": found.break_error,
        "limits": [_demand(one) for one in found.demands],
        "ways": [_way(one) for one in found.ways],
        "queue": None if found.queue is None else _queue(found.queue),
    }


def _demand(one: Demand) -> dict[str, object]:
    return {
        "limit": int(one.limit),
        "enforced": one.limit.enforced,
        "unit": one.limit.unit,
        "needed": one.needed,
        "by": one.subject,
        "met": one.is_met,
        "source": one.limit.source,
        "date": one.limit.date,
    }


def _way(one: WayForecast) -> dict[str, object]:
    return {
        "name": one.way.name.value,
        "title": one.way.title,
        "error": one.error,
        "statements": one.statements,
        "parameters": one.parameters,
        "queries": {"batch_once": one.calls, "batch_each": one.statements},
        "bytes": {"statement": one.statement_bytes, "value": one.value_bytes, "total": one.total_bytes},
        "invocations": {"free": _invocations(one.free), "paid": _invocations(one.paid)},
        "rest_minutes": round(one.minutes, 3),
    }


def _invocations(needed: Invocations) -> dict[str, object]:
    return {"batch_once": needed.once, "batch_each": needed.each}


def _queue(queue: QueueForecast) -> dict[str, object]:
    return {
        "messages": queue.messages,
        "rows_per_message": queue.rows_per_message,
        "message_bytes": queue.message_bytes,
        "send_batches": queue.send_batches,
        "deliveries": queue.deliveries,
    }


def _statement(one: JudgedStatement) -> dict[str, object]:
    return {
        "line": one.line,
        "head": one.head,
        "bytes": one.size,
        "parameters": one.parameters,
        "error": one.error,
        "warning": one.warning,
        "unknown_table": one.unknown,
    }


def _site(judged: JudgedSite) -> dict[str, object]:
    site = judged.site
    return {
        "location": {
            "path": site.location.path,
            "line": site.location.line,
            "column": site.location.column,
        },
        "function": site.function,
        "binding": site.binding,
        "table": site.table,
        "verb": site.verb,
        "statement": None if judged.simulation is None else _simulation(judged.simulation),
        "forecast": None if judged.forecast is None else _forecast(judged.forecast),
        "warning": judged.warning,
    }


def _simulation(found: Simulation) -> dict[str, object]:
    return {
        "samples": [_attempt(one) for one in found.samples],
        "asked": None if found.asked is None else _attempt(found.asked),
        "breaks": None if found.breaks is None else _attempt(found.breaks),
    }


def _attempt(one: Attempt) -> dict[str, object]:
    return {
        "rows": one.rows,
        "parameters": one.parameters,
        "error": one.error.text if one.error else None,
    }
