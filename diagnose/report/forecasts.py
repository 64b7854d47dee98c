"""What writing a workload takes, for people: limits, breaking point, ways of writing, and a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from diagnose.d1.limits import LIMITS
from diagnose.report.plot import Plot, draw
from diagnose.report.style import Role
from diagnose.report.text import shown, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.report.style import Style
    from diagnose.simulation import Forecast, Invocations, WayForecast
    from diagnose.simulation.demands import Demand

_LEAST_MINUTES: Final = 0.1
_NOTES: Final = (
    "queries: of D1, if a batch() counts once / if each of its statements does; free, paid: invocations",
    "text, value: bytes of the longest statement and value; bytes: of all of them together",
    "REST min: minutes that as many requests take at the pace of the REST API",
)


def render_forecast(found: Forecast, style: Style) -> str:
    """The whole answer to `--columns` and `--rows`."""
    workload = found.workload
    made_up = "made up; --row-bytes sets it" if workload.row_bytes is None else "as given"
    head = (
        f"{_count(workload.rows, 'row')} of {_count(workload.columns, 'column')},"
        f" {found.row_bytes:,} bytes each as JSON ({made_up})"
    )
    return "\n\n".join("\n".join(part) for part in (wrapped(head, style), *sections(found, style))) + "\n"


def sections(found: Forecast, style: Style) -> list[list[str]]:
    """Everything but the headline."""
    parts = [_break(found, style), _limits(found.demands, style), _ways(found, style), _queue(found, style)]
    return [part for part in (*parts, _plot(found, style)) if part]


def _break(found: Forecast, style: Style) -> list[str]:
    lines = wrapped(f"One statement breaks at row {found.breaks_at:,}: {found.break_error}", style, hang=2)
    return [style.paint(Role.STRONG, line) for line in lines]


def _limits(demands: Sequence[Demand], style: Style) -> list[str]:
    sources = list(dict.fromkeys((one.limit.source, one.limit.date) for one in demands))
    rows = [
        (
            _verdict(one, style),
            f"{one.limit:,}",
            one.limit.unit,
            f"{one.needed:,}",
            one.subject,
            f"[{sources.index((one.limit.source, one.limit.date)) + 1}]",
        )
        for one in demands
    ]
    table = _table(["", "limit", "of", "asked", "by", "source"], rows, right=(1, 3))
    notes = [f"[{number}] {source} ({date})" for number, (source, date) in enumerate(sources, 1)]
    if any(one.is_taken and not one.is_met for one in demands):
        notes.append("! beyond what is documented; the runtime was measured to take it")
    return [*table, *(style.paint(Role.FAINT, shown(note, style)) for note in notes)]


def _ways(found: Forecast, style: Style) -> list[str]:
    rows = [
        (
            _mark(is_good=one.error is None, style=style),
            one.way.title,
            f"{one.statements:,}",
            _pair(one.calls, one.statements),
            f"{one.statement_bytes:,}",
            f"{one.value_bytes:,}",
            f"{one.total_bytes:,}",
            _invocations(one, one.free),
            _invocations(one, one.paid),
            _minutes(one),
        )
        for one in found.ways
    ]
    heads = [
        "",
        "way of writing",
        "statements",
        "queries",
        "text",
        "value",
        "bytes",
        "free",
        "paid",
        "REST min",
    ]
    refused = [
        line
        for one in found.ways
        if one.error is not None
        for line in wrapped(f"{one.way.title}: {one.error}", style, hang=2)
    ]
    return [
        *_table(heads, rows, right=range(2, 10)),
        *refused,
        *(style.paint(Role.FAINT, line) for note in _NOTES for line in wrapped(note, style)),
    ]


def _invocations(way: WayForecast, needed: Invocations) -> str:
    return _pair(needed.once, needed.each) if way.error is None else ""


def _minutes(way: WayForecast) -> str:
    if way.error is not None:
        return ""
    return "< 0.1" if way.minutes < _LEAST_MINUTES else f"{way.minutes:,.1f}"


def _pair(once: int, each: int) -> str:
    return f"{once:,}" if once == each else f"{once:,} / {each:,}"


def _queue(found: Forecast, style: Style) -> list[str]:
    queue = found.queue
    if queue is None:
        return wrapped("Through a queue: a row does not fit into one message.", style, hang=2)
    text = (
        f"Through a queue: {_count(queue.messages, 'message')} of at most"
        f" {_count(queue.rows_per_message, 'row')} ({queue.message_bytes:,} bytes),"
        f" {_count(queue.send_batches, 'call')} of sendBatch(),"
        f" {_count(queue.deliveries, 'invocation')} of the consumer with its default batch size."
    )
    return wrapped(text, style, hang=2)


def _plot(found: Forecast, style: Style) -> list[str]:
    workload, limit = found.workload, LIMITS.d1.bound_parameters
    most = max(workload.rows, found.breaks_at)
    if most == 1:
        return []
    plot = Plot(
        title="Parameters of one statement",
        across="rows",
        most=most,
        value=lambda rows: rows * workload.columns,
        limit=limit,
        limit_text=f"D1 allows {limit}",
    )
    return draw(plot, style)


def _verdict(one: Demand, style: Style) -> str:
    if one.is_taken and not one.is_met:
        return style.paint(Role.CAUTION, style.glyphs.warned)
    return _mark(is_good=one.is_met, style=style)


def _mark(*, is_good: bool, style: Style) -> str:
    glyphs = style.glyphs
    return style.paint(Role.GOOD, glyphs.passed) if is_good else style.paint(Role.BAD, glyphs.failed)


def _table(heads: list[str], rows: Sequence[Sequence[str]], *, right: Sequence[int]) -> list[str]:
    from tabulate import tabulate

    aligned = ["right" if column in right else "left" for column in range(len(heads))]
    text = tabulate(rows, headers=heads, tablefmt="simple", colalign=aligned, disable_numparse=True)
    return text.splitlines()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
