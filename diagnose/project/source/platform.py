"""What a worker does with its platform: bindings, D1, queues, requests, responses."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.project.source import lengths, sites
from diagnose.project.source.counts import Exactly, FromData
from diagnose.project.source.model import (
    BindingUse,
    Loop,
    OutboundFetch,
    SendSite,
    StatementSite,
)
from diagnose.project.source.origins import origins_of
from diagnose.project.source.records import Write
from diagnose.project.source.reporting import Reporting
from diagnose.project.source.shapes import bodies_of, shape_of
from diagnose.project.source.sql import Repeated, SqlText, Text
from diagnose.project.source.values import (
    Binding,
    Built,
    Constant,
    Converted,
    Data,
    DictValue,
    Item,
    JsonText,
    Length,
    ListValue,
    Many,
    Pending,
    Prepared,
    QueryResult,
    Size,
    Tally,
    parts_of,
    unknown,
)
from diagnose.project.source.weights import heaviest, weigh, weigh_all, weigh_stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Literal

    from diagnose.project.source import ir
    from diagnose.project.source.counts import Count
    from diagnose.project.source.model import (
        Method,
        Payload,
    )
    from diagnose.project.source.values import (
        Segment,
        Value,
    )
    from diagnose.project.source.weights import JsonWeight

_EXECUTING: dict[str, Method] = {"run": "run", "all": "all", "first": "first", "raw": "raw"}
_READING = {"get", "getWithMetadata", "head", "list", "idFromName", "newUniqueId", "writeDataPoint", "dump"}
"""Methods of bindings that keep nothing of a message."""
_BODY = re.compile(r"(?:await\s+)?(?:\w+\.)*request\.(?:text|bytes|body|arrayBuffer|buffer)\(\)")
"""A request's body as a whole."""
_ASKED = re.compile(
    r"[?&](?:limit|count|per_page|page_size|pageSize|max_results|maxResults|rows|size|top|take|n)=(\d+)(?=&|$)"
)


class Platform(Reporting):
    """Evaluates what touches the platform, and writes it down."""

    def binding(self, name: str, span: ir.Span, *, guarded: bool = False) -> Value:
        """A read of `env.NAME`."""
        self._use(Binding(name, span), None, guarded=guarded)
        return Binding(name, span)

    def _use(self, binding: Binding, method: str | None, *, guarded: bool = False) -> None:
        key = (binding.span, binding.name, method)
        known = self.records.uses.get(key)
        bare = self.records.uses.pop((binding.span, binding.name, None), None) if method else None
        earlier = known or bare
        guarded = guarded or binding.name in self.guarded_names or "*" in self.guarded_names
        guarded = guarded or bool(bare and bare.guarded)
        use = BindingUse(
            binding=binding.name,
            method=method,
            guarded=guarded and (known is None or known.guarded),
            location=binding.span.location,
            function=bare.function if bare else self.function_name,
            reachable=bool(self.records.handler) or (earlier is not None and earlier.reachable),
        )
        if method is None and any(one[:2] == key[:2] for one in self.records.uses):
            return
        self.records.uses[key] = use

    def called_binding(  # noqa: PLR0911 - one return for each case
        self,
        binding: Binding,
        name: str,
        arguments: Sequence[Segment],
        keywords: dict[str, Item],
        node: ir.Call,
    ) -> Value:
        """`env.NAME.method(…)`."""
        self._use(binding, name)
        first = arguments[0] if arguments and isinstance(arguments[0], Item) else None
        match name:
            case "prepare":
                sql = first.value if first else unknown(node.source)
                return Prepared(binding, sql, self._built_at(first, node))
            case "withSession":
                return binding
            case "batch":
                return self._batch(binding, first, node)
            case "exec":
                sql = first.value if first else unknown(node.source)
                statement = Prepared(binding, sql, self._built_at(first, node))
                return self._executed(statement, "exec", node)
            case "send" | "sendBatch":
                return self._send(binding, name, arguments, keywords, node)
            case "fetch":
                return self.fetched(None, f"env.{binding.name}.fetch", node)
            case _:
                if name not in _READING:
                    self.decided("kept", node.span)
                return unknown(node.source)

    def _built_at(self, first: Item | None, node: ir.Call) -> ir.Span:
        built = getattr(first.value, "span", None) if first else None
        return built or (first.span if first else None) or node.span

    def called_statement(
        self, statement: Prepared, name: str, arguments: Sequence[Segment], node: ir.Call
    ) -> Value:
        """`prepare(…).method(…)`."""
        if name == "bind":
            values = self.frozen_list(ListValue(tuple(arguments), "tuple"))
            return replace(statement, params=values, bind_span=node.inside)
        method = _EXECUTING.get(name)
        return self._executed(statement, method, node) if method else unknown(node.source)

    def _executed(self, statement: Prepared, method: Method, node: ir.Call) -> Pending:
        record = self._write_down(self._site(statement, method))
        return Pending(self._answer(statement, method, node), frozenset({record}))

    def _answer(self, statement: Prepared, method: Method, node: ir.Call) -> Value:
        asked_at = FromData(node.source, self.frame.statement.location, queried=True)
        count = sites.queried_rows(self._sql(statement), node.source, asked_at)
        rows = Data(node.source, asked_at, count)
        if method in {"run", "all"}:
            return QueryResult(rows)
        return rows if method == "raw" else rows.element(node.source)

    def _batch(self, binding: Binding, first: Item | None, node: ir.Call) -> Value:
        value = self.frozen(first.value) if first else unknown(node.source)
        if isinstance(value, Converted):
            value = self.frozen(value.value)
        segments = value.segments if isinstance(value, ListValue) else ()
        total = lengths.length_of(value, first.source if first else node.source)
        found = [self._batched(one, total.count) for segment in segments for one in _statements(segment)]
        if not isinstance(value, ListValue) or (segments and not found):
            lost = Prepared(binding, unknown(node.source), node.span)
            found = [self._batched(lost, self.settled(total).count)]
        answers = ListValue(self._answers(segments, node)) if segments else unknown(node.source)
        return Pending(answers, frozenset(found))

    def _answers(self, statements: Sequence[Segment], node: ir.Call) -> tuple[Segment, ...]:
        """What `batch()` answers: a result for each statement."""
        answers: list[Segment] = []
        for one in statements:
            if isinstance(one, Many):
                answers.append(replace(one, items=self._answers(one.items, node)))
            elif isinstance(one.value, Prepared):
                answers.append(Item(self._answer(one.value, "all", node)))
            else:
                answers.append(Item(unknown(node.source)))
        return tuple(answers)

    def _batched(self, statement: Prepared, count: Count) -> int:
        site = replace(self._site(statement, "batch"), batched=True, batch_count=count)
        return self._write_down(site)

    def _sql(self, statement: Prepared) -> SqlText:
        return self._settled_sql(SqlText(parts_of(self.load(statement.sql), "sql")))

    def _settled_sql(self, sql: SqlText) -> SqlText:
        if not self.bounds:
            return sql
        parts = (
            replace(part, count=self.settled(Size(part.count, part.key)).count)
            if isinstance(part, Repeated)
            else part
            for part in sql.parts
        )
        return SqlText(tuple(parts))

    def _site(self, statement: Prepared, method: Method) -> StatementSite:
        sql = self._sql(statement)
        values = self._settled_values(statement.params)
        bound = sites.parameters_bound(values) if values is not None else None
        parameters = sites.combined(sites.parameters_in(sql), bound)
        rows = sites.rows_of(sql, values, parameters)
        return StatementSite(
            binding=statement.binding.name,
            method=method,
            sql=sql,
            parameters=parameters,
            bound=bound,
            rows=rows,
            chunk=rows.upper if rows.exact is None else None,
            loops=self._loops(),
            location=self.frame.statement.location,
            span=self.frame.statement,
            sql_location=statement.sql_span.location,
            sql_span=statement.sql_span,
            bind_location=statement.bind_span.location if statement.bind_span else None,
            bind_span=statement.bind_span,
            params_span=values.span if values is not None else None,
            function=self.function_name,
            reachable=bool(self.records.handler),
            handlers=frozenset({self.records.kind}) if self.records.kind else frozenset(),
            columns=sites.columns_of(sql),
            table=sites.table_of(sql),
            verb=sites.verb_of(sql),
            row=sites.row_template(values),
            json_parameter=sites.json_source(values),
            heaviest_value=self._heaviest_value(values),
            body_bound=self._body_bound(values),
            calls=self.calls(),
            callers=frozenset(self.calls()[:1]),
        )

    def _heaviest_value(self, values: ListValue | None) -> JsonWeight | None:
        """The weight of the heaviest value among the parameters."""
        bound = [one.value for one in values.segments if isinstance(one, Item)] if values else []
        return self._settled_weight(heaviest(weigh_stored(value, self.load) for value in bound))

    def _body_bound(self, values: ListValue | None) -> str | None:
        """The source of a request body that is a parameter as it came, and of any length."""
        for one in values.segments if values else ():
            value = one.value if isinstance(one, Item) else None
            if isinstance(value, Data) and _BODY.fullmatch(value.expression):
                size = self.settled(Size(value.count, value.expression))
                if size.count.upper is None:
                    return value.expression
        return None

    def _settled_weight(self, weight: JsonWeight | None) -> JsonWeight | None:
        """The weight under the guards that hold here."""
        if weight is None or not self.bounds:
            return weight
        elements = tuple(
            replace(each, count=self.settled(Size(each.count, each.key)).count) for each in weight.elements
        )
        return replace(weight, elements=elements)

    def _settled_values(self, values: ListValue | None) -> ListValue | None:
        if values is None or not self.bounds:
            return values
        segments = (
            replace(one, size=self.settled(one.size)) if isinstance(one, Many) else one
            for one in values.segments
        )
        return replace(values, segments=tuple(segments))

    def _loops(self) -> tuple[Loop, ...]:
        return tuple(
            Loop(count=self.settled(loop.size).count, location=loop.head.span.location) for loop in self.loops
        )

    def _write_down(self, site: StatementSite | SendSite) -> int:
        write = Write(site, self.records.tick(), self.records.handler, trail=self.trail())
        self.records.writes.append(write)
        number = len(self.records.writes) - 1
        if isinstance(site, SendSite) or site.writes:
            self.guard_write(number)
        return number

    def guard_write(self, number: int) -> None:
        """Tell the clauses around a write about it, innermost first, until one keeps its error."""
        for guarding in reversed(self.guards):
            guarding.writes.append(number)
            if guarding.keeps:
                break

    def _send(
        self,
        binding: Binding,
        method: Literal["send", "sendBatch"],
        arguments: Sequence[Segment],
        keywords: dict[str, Item],
        node: ir.Call,
    ) -> Value:
        first = arguments[0] if arguments and isinstance(arguments[0], Item) else None
        value = self.load(first.value) if first else unknown(node.source)
        count: Count = Exactly(1)
        body = messages = value
        if method == "sendBatch":
            messages = self.frozen(value.value) if isinstance(value, Converted) else value
            count = self.settled(lengths.length_of(messages, first.source if first else node.source)).count
            body = value if isinstance(value, Converted) else self._message_body(messages)
        site = SendSite(
            binding=binding.name,
            method=method,
            payload=self._payload(body),
            content_type=self._content_type(arguments[1:], keywords),
            count=count,
            loops=self._loops(),
            location=self.frame.statement.location,
            span=self.frame.statement,
            payload_span=first.span if first else None,
            body=self._settled_weight(
                self._heaviest(messages) if method == "sendBatch" else weigh(value, self.load)
            ),
            bodies=self._settled_weight(self._bodies(messages)) if method == "sendBatch" else None,
            shapes=bodies_of(value, self.load) if method == "sendBatch" else (shape_of(value, self.load),),
            origins=origins_of(value, self.load),
            function=self.function_name,
            reachable=bool(self.records.handler),
            handlers=frozenset({self.records.kind}) if self.records.kind else frozenset(),
        )
        return Pending(unknown(node.source), frozenset({self._write_down(site)}))

    def _heaviest(self, messages: Value) -> JsonWeight | None:
        """The weight of the heaviest body in a list of messages."""
        if not isinstance(messages, ListValue):
            return None
        bodies = (self._message_body(ListValue((segment,))) for segment in messages.segments)
        return heaviest(weigh(body, self.load) for body in bodies)

    def _bodies(self, messages: Value) -> JsonWeight | None:
        """The weight of all bodies in a list of messages."""
        if not isinstance(messages, ListValue):
            return None
        return weigh_all(tuple(self._with_body(segment) for segment in messages.segments), self.load)

    def _with_body(self, segment: Segment) -> Segment:
        """The body in place of each message."""
        if isinstance(segment, Many):
            return replace(segment, items=tuple(self._with_body(one) for one in segment.items))
        return replace(segment, value=self._message_body(ListValue((segment,))))

    def _message_body(self, messages: Value) -> Value:
        message = self.load(_first(messages.segments) if isinstance(messages, ListValue) else messages)
        item = message.get("body") if isinstance(message, DictValue) else None
        return self.load(item.value) if item else message

    def _payload(self, value: Value) -> Payload:  # noqa: PLR0911 - one return for each case
        match value:
            case Constant(str()) | Built() | JsonText():
                return "text"
            case Constant(bool() | None | bytes()):
                return "unknown"
            case Constant() | Length() | Tally():
                return "number"
            case ListValue():
                return "list"
            case DictValue():
                return "dict"
            case Converted(_, how):
                return how
            case _:
                return "unknown"

    def _content_type(self, rest: Sequence[Segment], keywords: dict[str, Item]) -> str | None:
        item = keywords.get("contentType")
        for segment in rest:
            options = self.load(segment.value) if isinstance(segment, Item) else None
            options = self.load(options.value) if isinstance(options, Converted) else options
            if isinstance(options, DictValue):
                item = options.get("contentType") or item
        value = item.value if item else None
        return value.value if isinstance(value, Constant) and isinstance(value.value, str) else None

    def fetched(self, url: Item | None, via: str, node: ir.Call, params: Item | None = None) -> Value:
        """A request that the worker makes: what it answers is data that the code asked for."""
        text = self._url(url, params)
        shown = sites.holes_as_text(text) if text is not None else None
        asked = _ASKED.search(shown) if shown else None
        number = int(asked[1]) if asked else None
        fetch = OutboundFetch(
            url=shown,
            via=via,
            location=self.frame.statement.location,
            function=self.function_name,
            handlers=frozenset({self.records.kind}) if self.records.kind else frozenset(),
            loops=self._loops(),
            asked=number,
        )
        self.records.fetches.append(fetch)
        self.decided("kept", node.span)
        count = FromData(node.source, self.frame.statement.location, number)
        return Pending(Data(node.source, count, count), frozenset())

    def _url(self, url: Item | None, params: Item | None) -> SqlText | None:
        value = self.load(url.value) if url else None
        if not isinstance(value, (Constant, Built)):
            return None
        parts = parts_of(value, url.source if url else "")
        query = self.load(params.value) if params else None
        if isinstance(query, DictValue):
            for position, (name, item) in enumerate(query.entries):
                sign = "&" if position or "?" in "".join(map(str, parts)) else "?"
                parts += (Text(f"{sign}{name}="), *parts_of(self.load(item.value), item.source))
        return SqlText(parts)


def _first(segments: Sequence[Segment]) -> Value:
    if not segments:
        return unknown("message")
    segment = segments[0]
    return segment.value if isinstance(segment, Item) else _first(segment.items)


def _statements(segment: Segment) -> Iterator[Prepared]:
    if isinstance(segment, Item):
        if isinstance(segment.value, Prepared):
            yield segment.value
    else:
        for item in segment.items:
            yield from _statements(item)
