"""What a worker does, whatever language it is written in: the public facts of source analysis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from diagnose.d1.limits import LIMITS

if TYPE_CHECKING:
    from diagnose.model import Location
    from diagnose.project.source.counts import Count
    from diagnose.project.source.ir import Span
    from diagnose.project.source.shapes import Shape
    from diagnose.project.source.sql import Origin, SqlText
    from diagnose.project.source.weights import JsonWeight

DELIVERED: Final = int(LIMITS.queues.default_batch_size)
"""Messages that a queue hands over at once at most, unless its consumer is configured otherwise."""

Language: TypeAlias = Literal["python", "typescript", "javascript"]
HandlerKind: TypeAlias = Literal["fetch", "scheduled", "queue", "email", "tail", "alarm", "workflow", "rpc"]
Method: TypeAlias = Literal["run", "all", "first", "raw", "batch", "exec"]
Payload: TypeAlias = Literal[
    "text", "json-object", "list", "dict", "converted", "bare to_js", "number", "unknown"
]
"""What reaches `send`: "json-object" is made by JavaScript (`JSON.parse`, `Object.fromEntries`);
"converted" went through `to_js` with a `dict_converter`, "bare to_js" through `to_js` without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One source file of the project.

    Attributes:
        path: relative to the project folder, with forward slashes.
        name: as imports spell it, such as `storage.prices`; the entry module's own file name without suffix.
        problems: what could not be read, in sentences; a module with a problem may have an empty text.
    """

    path: str
    name: str
    text: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """A place where the platform enters the worker.

    Attributes:
        style: `class` is a method of an entrypoint class, `module` a global such as `on_fetch`,
            `decorator` a global under `@handler`.
        parameters: names as written, without `self`.
        location: of the `def`.
    """

    kind: HandlerKind
    style: Literal["class", "module", "decorator"]
    class_name: str | None
    name: str
    parameters: tuple[str, ...]
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingUse:
    """A read of a name from `env`.

    Attributes:
        method: called on it (`prepare`, `send`, `get`, …), or None when it is only read or passed on.
        guarded: the code provides for its absence (hasattr, a default, `if env.X`, AttributeError).
        location: of the read.
    """

    binding: str
    method: str | None
    guarded: bool
    location: Location
    function: str
    reachable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterGroup:
    """Parameters that repeat with a collection: `per_row` for each element of `key`."""

    per_row: int
    count: Count
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """How many parameters a statement binds.

    Attributes:
        per_row: for each element of the data, all groups together; 0 when none repeat; None when unknown.
        fixed: whatever the data; None when unknown.
        count: elements of the (first) collection; Exactly(1) when none repeat.
        known: both figures follow from the source.
        groups: one for each collection; `total` adds them up.
    """

    per_row: int | None
    fixed: int | None
    count: Count
    known: bool
    groups: tuple[ParameterGroup, ...] = ()

    def total(self, rows: int) -> int | None:
        """Parameters when the data has `rows` elements, though never more rows than the source allows."""
        if not self.known or self.fixed is None:
            return None
        return self.fixed + sum(group.per_row * group.count.within(rows) for group in self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """A loop around a site: it multiplies the executions."""

    count: Count
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTemplate:
    """How the code makes the parameters of one row, for those who rewrite it.

    Attributes:
        variable: the loop variable, as written: `candle`, `i, row`.
        iterable: what is iterated, as written: `candles`.
        values: source of each parameter of one row.
        loop: the `for` statement or comprehension that makes them.
    """

    variable: str
    iterable: str
    values: tuple[str, ...]
    loop: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementSite:
    """A place that sends SQL to D1.

    Attributes:
        parameters: from the binds where they are known, else from the marks in the text.
        bound: from the binds alone, or None when `bind` is not called.
        rows: rows (or list elements) that one statement carries.
        chunk: the bound of `rows` when a slice or a guard sets it.
        loops: enclosing loops, outermost first, through calls; they multiply the executions.
        batched: it is one of the statements of a `batch()`.
        batch_count: statements in that `batch()`, or None.
        location: first line of the statement that executes it.
        sql_location: of the expression that builds the text.
        bind_location: of the `bind` call's arguments, or None.
        function: such as `insert_candles` or `Default.fetch`.
        reachable: a handler leads here.
        handlers: kinds of handlers that lead here.
        columns: of an INSERT with a column list, or of an UPDATE's SET.
        verb: `INSERT`, `SELECT`, `CREATE`, … in capitals, or None when the text does not tell.
        span: of the statement that executes it.
        sql_span: of the expression that builds the text.
        bind_span: of the arguments of `bind`, or None.
        params_span: of the expression that first makes the parameter list, or None.
        row: how one row's parameters are made, or None.
        json_parameter: source of what `json.dumps` receives when a JSON text is bound, or None.
        heaviest_value: bytes of the longest text among the parameters at least, or None without any.
        body_bound: source of a request body that is a parameter as it came, or None.
        calls: the calls of project functions that lead here, innermost first, as far as all ways share them.
        callers: the calls of the function that executes it, of all ways.
    """

    binding: str
    method: Method
    sql: SqlText
    parameters: Parameters
    rows: Count
    bound: Parameters | None = None
    chunk: int | None = None
    loops: tuple[Loop, ...] = ()
    batched: bool = False
    batch_count: Count | None = None
    awaited: bool = True
    location: Location
    sql_location: Location
    bind_location: Location | None = None
    function: str
    reachable: bool = True
    handlers: frozenset[HandlerKind] = frozenset()
    columns: tuple[str, ...] = ()
    table: str | None = None
    verb: str | None = None
    span: Span
    sql_span: Span
    bind_span: Span | None = None
    params_span: Span | None = None
    row: RowTemplate | None = None
    json_parameter: str | None = None
    heaviest_value: JsonWeight | None = None
    body_bound: str | None = None
    calls: tuple[Span, ...] = ()
    callers: frozenset[Span] = frozenset()

    @property
    def writes(self) -> bool:
        """It changes rows: INSERT, REPLACE, UPDATE or DELETE."""
        return self.verb in {"INSERT", "REPLACE", "UPDATE", "DELETE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSite:
    """A place that sends messages to a queue.

    Attributes:
        payload: of `send`, or of each message's body in `sendBatch`.
        content_type: as given (`json`, `text`, `bytes`, `v8`), or None when it is left out.
        count: messages that one call carries.
        payload_span: of the argument.
        body: bytes of one message's body at least; of the heaviest one that `sendBatch` gets.
        bodies: of all bodies of a `sendBatch` together, or None.
        shapes: of the bodies, each once.
        origins: whose data the bodies hold, as far as that is known.
    """

    binding: str
    method: Literal["send", "sendBatch"]
    payload: Payload
    content_type: str | None
    count: Count
    loops: tuple[Loop, ...] = ()
    awaited: bool = True
    location: Location
    function: str
    reachable: bool = True
    handlers: frozenset[HandlerKind] = frozenset()
    span: Span
    payload_span: Span | None = None
    body: JsonWeight | None = None
    bodies: JsonWeight | None = None
    shapes: tuple[Shape, ...] = ()
    origins: frozenset[Origin] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundFetch:
    """A request that the worker makes.

    Attributes:
        url: as a template with `{expression}` for what is not known, or None.
        via: what makes it: `workers.fetch`, `js.fetch`, `pyodide.http.pyfetch`, `httpx.get`, …
        asked: the number of elements that the URL names (`limit=2000`), or None.
    """

    url: str | None
    via: str
    location: Location
    function: str
    handlers: frozenset[HandlerKind] = frozenset()
    loops: tuple[Loop, ...] = ()
    asked: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorHandling:
    """Code that decides what becomes of a failed write.

    Attributes:
        location: of the `except`, the `suppress`, what leaves a `finally`, or the task that nothing
            waits for.
        writes: locations of the D1 and queue writes it covers, directly or through calls.
        swallows: the failure goes unnoticed: not raised again, not answered with an error, not
            retried, not kept in a variable or a returned value.
        reported_success: the response that then says all is well, or None.
        after_response: it is told to a log, and all its writes happen in `waitUntil` of a request.
        span: of the whole clause.
    """

    kind: Literal["except", "finally", "fire-and-forget", "suppress"]
    location: Location
    writes: tuple[Location, ...]
    swallows: bool
    reported_success: Location | None
    function: str
    span: Span
    after_response: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UnawaitedCall:
    """A call that writes, and that nothing awaits, gathers, returns or makes a task of.

    Attributes:
        call: as written.
        by: `binding` is a method of D1 or a queue; `function` a coroutine function of the project;
            `group` several of both, as in `asyncio.gather(…)`; `uncalled` a function that `waitUntil` gets
            itself, not what it returns.
        writes: locations of the D1 and queue writes that depend on it.
        location: of the statement.
        span: of the call.
    """

    call: str
    by: Literal["binding", "function", "group", "uncalled"]
    writes: tuple[Location, ...]
    location: Location
    function: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyRead:
    """A read of a part of a message's body in a `queue` handler.

    Attributes:
        path: keys that lead to the part; `[]` is any element, `text()` what `json.loads` makes of a text.
        optional: the code provides for its absence.
        dispatched: it happens for some kinds of messages only.
        mixed: the code takes what holds the part as a text or as an object.
    """

    path: tuple[str, ...]
    optional: bool
    dispatched: bool
    mixed: bool
    location: Location
    function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AckedFailure:
    """A place in a `queue` handler at which a failed write ends in an acknowledged message.

    Attributes:
        kind: `except`, `suppress` and `finally` keep the error from the platform, which then acknowledges
            the batch; `never-sent` is an `except` that retries only for texts that D1 never sends;
            `early-ack` comes before the write, `ack-in-finally` whatever becomes of it.
        location: of the clause, or of the ack.
        span: of the whole clause, or of the statement that acknowledges.
        writes: locations of the D1 and queue writes that it concerns.
        ack: the call that acknowledges, or None where returning does.
        texts: that the code waits for, of `never-sent`.
        write_span: of `early-ack`, the statement of the same function that leads to the last of the writes;
            None when the ack stands in another one.
    """

    kind: Literal["except", "suppress", "finally", "never-sent", "early-ack", "ack-in-finally"]
    location: Location
    span: Span
    function: str
    writes: tuple[Location, ...]
    ack: Location | None = None
    texts: tuple[str, ...] = ()
    write_span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedCount:
    """A number of rows that a response or a log gives out after a write.

    Attributes:
        expression: the part of the response or log that gives it.
        origin: where the number comes from: the `len(…)`, or the read of `changes`.
        from_changes: it is what D1 counted (`meta.changes`).
        medium: who reads it.
        name: the key it is given under, such as `inserted`, or None.
        beside_changes: the same response or log gives what D1 counted.
    """

    location: Location
    expression: str
    origin: Location
    from_changes: bool
    medium: Literal["response", "log"]
    name: str | None = None
    beside_changes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerHint:
    """A request that the fetch handler tells apart: what a person would send to start it."""

    method: str | None
    path: str
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Everything that reading the worker's source establishes.

    Attributes:
        main: the entry module, relative to the project folder.
        modules: the entry module first, then the project modules that it imports.
        sends: places that send to a queue.
        queue_names: literal queue names that a `queue` handler compares with.
        delivered: messages that one call of a `queue` handler receives at most.
        complete: False when the analysis stopped at one of its bounds (depth, number of steps).
    """

    language: Language
    main: str
    modules: tuple[Module, ...]
    handlers: tuple[Handler, ...] = ()
    binding_uses: tuple[BindingUse, ...] = ()
    sites: tuple[StatementSite, ...] = ()
    sends: tuple[SendSite, ...] = ()
    fetches: tuple[OutboundFetch, ...] = ()
    error_handlers: tuple[ErrorHandling, ...] = ()
    unawaited: tuple[UnawaitedCall, ...] = ()
    acked_failures: tuple[AckedFailure, ...] = ()
    body_reads: tuple[BodyRead, ...] = ()
    reported_counts: tuple[ReportedCount, ...] = ()
    triggers: tuple[TriggerHint, ...] = ()
    queue_names: tuple[str, ...] = ()
    delivered: int = DELIVERED
    complete: bool = True

    def text(self, path: str) -> str:
        """The text of one of its modules. Raises KeyError for any other path."""
        return {module.path: module.text for module in self.modules}[path]

    def handler(self, kind: HandlerKind) -> Handler | None:
        """The first handler of a kind, or None."""
        return next((handler for handler in self.handlers if handler.kind == kind), None)
