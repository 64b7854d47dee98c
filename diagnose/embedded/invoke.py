"""An invocation of a deployed worker: what its bindings reach, under the limits of the account's plan."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from diagnose.d1 import LIMITS, Bounds, D1Error
from diagnose.d1.messages import exposes_codes, full_queue, missing_queue, send_refusal
from diagnose.embedded.deploying import find
from diagnose.embedded.invocation import DEFAULT_RUNTIME_LIMITS, BindingError, WorkerCode
from diagnose.embedded.metering import QueryCount, statements_in_exec
from diagnose.embedded.refusal import RefusalError, no_worker
from diagnose.embedded.responses import answer_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diagnose.d1 import Database, Result, Statement
    from diagnose.embedded.account import EmbeddedAccount
    from diagnose.embedded.invocation import (
        Backlog,
        HttpAnswer,
        Invocation,
        OutboundRequest,
        OutgoingMessage,
        Runtime,
        RuntimeLimits,
        Trigger,
    )
    from diagnose.embedded.responses import Responses
    from diagnose.embedded.state import Binding, VersionState
    from diagnose.model import Json

Answer = TypeVar("Answer")

_KINDS = {"d1": "d1", "queue": "queue", "plain_text": "var", "json": "var", "secret_text": "secret"}


async def deliver(
    account: EmbeddedAccount,
    script: str,
    trigger: Trigger,
    *,
    responses: Responses,
    runtime: Runtime,
    base: str,
    secret_values: Mapping[str, str],
    limits: RuntimeLimits | None,
) -> Invocation:
    """Deliver one event to the active version of a worker; see `EmbeddedAccount.invoke`."""
    limits = limits or DEFAULT_RUNTIME_LIMITS
    version = find(account.state, script).active
    if version is None:
        raise no_worker()
    return await runtime.invoke(
        worker_code(version, base=base, secret_values=secret_values),
        trigger,
        AccountBindings(account, version, responses, limits=limits),
        limits=limits,
    )


def worker_code(
    version: VersionState, *, base: str = "", secret_values: Mapping[str, str] | None = None
) -> WorkerCode:
    """A version as a runtime takes it; `secret_values` stand before the texts that the account keeps."""
    values: dict[str, Json] = {
        str(binding["name"]): binding["text" if binding["type"] == "plain_text" else "json"]
        for binding in version.bindings
        if binding["type"] in {"plain_text", "json"}
    }
    own = {name: secret.text for name, secret in version.secrets.items()}
    known = {
        name: text for name, text in {**own, **(secret_values or {})}.items() if _is_secret(version, name)
    }
    return WorkerCode(
        main_module=version.main_module,
        modules={name: module.content for name, module in version.modules.items()},
        compatibility_date=version.compatibility_date,
        compatibility_flags=version.compatibility_flags,
        bindings={str(b["name"]): _KINDS.get(str(b["type"]), str(b["type"])) for b in version.bindings},
        vars={**values, **known},
        base=base,
    )


def _is_secret(version: VersionState, name: str) -> bool:
    return any(b["name"] == name and b["type"] == "secret_text" for b in version.bindings)


class AccountBindings:
    """The `Bindings` of one invocation: databases and queues of the account, recorded answers.

    Attributes:
        queries: what D1 was asked so far.
        fetches: outbound requests so far.
    """

    def __init__(
        self,
        account: EmbeddedAccount,
        version: VersionState,
        responses: Responses,
        *,
        limits: RuntimeLimits = DEFAULT_RUNTIME_LIMITS,
    ) -> None:
        self._account = account
        self._coded = exposes_codes(version.compatibility_date, version.compatibility_flags)
        self._bindings = {str(binding["name"]): binding for binding in version.bindings}
        self._responses = responses
        self._limits = limits
        self._until = time.monotonic() + limits.wall_seconds
        self._bounds: dict[str, Bounds] = {}
        self.queries = QueryCount()
        self.fetches = 0

    async def d1_run(self, binding: str, statement: Statement) -> Result:
        """One statement. Raises D1Error."""
        result = await self._ask(binding, 1, lambda database: database.run(statement))
        self._count(binding, (statement,), (result,))
        return result

    async def d1_batch(self, binding: str, statements: tuple[Statement, ...]) -> tuple[Result, ...]:
        """Several statements in one transaction, as one query. Raises D1Error."""
        results = await self._ask(binding, len(statements), lambda database: database.batch(statements))
        self._count(binding, statements, results)
        return results

    async def d1_exec(self, binding: str, text: str) -> int:
        """Every line a statement, as one query. Raises D1Error."""
        return await self._ask(binding, statements_in_exec(text), lambda database: database.exec(text))

    async def send(self, binding: str, messages: tuple[OutgoingMessage, ...], *, batch: bool) -> Backlog:
        """Put messages that are within the limits into the queue. Raises BindingError."""
        producer = self._binding(binding, "queue")
        sizes = [len(message.body) for message in messages]
        refusal = send_refusal(sizes, [message.delay_seconds for message in messages], batch=batch)
        if refusal is not None:
            raise BindingError(refusal.shown(coded=self._coded))
        queue = self._account.state.queue_named(str(producer["queue_name"]))
        if queue is None:
            raise BindingError(missing_queue(batch=batch).shown(coded=self._coded))
        delay = producer.get("delivery_delay")
        try:
            own = delay if isinstance(delay, (int, float)) else None
            self._account.enqueue(queue.id, messages, delay=own)
        except RefusalError as error:
            raise BindingError(full_queue(batch=batch).shown(coded=self._coded)) from error
        return self._account.backlog(queue.id)

    async def fetch(self, request: OutboundRequest) -> HttpAnswer | None:
        """The answer, or None. Raises BindingError above the plan's subrequests."""
        self.fetches += 1
        if self.fetches > LIMITS.workers.subrequests.of(self._account.plan):
            raise BindingError("Too many subrequests.")
        return await answer_of(self._responses, request)

    async def _ask(self, name: str, statements: int, work: Callable[[Database], Answer]) -> Answer:
        """What the database behind a binding answers, one call later, within the bounds of the invocation."""
        binding = self._binding(name, "d1")
        self.queries = self.queries.plus(statements)
        limit = LIMITS.d1.queries_per_invocation.of(self._account.plan)
        if self.queries.calls > limit:
            raise D1Error(str(limit.error), prefix="")
        uuid = str(binding["database_id"])

        def within_bounds(database: Database) -> Answer:
            with database.within(self._bounds_of(name, database)):
                return work(database)

        try:
            if self._account.turns is not None:
                return await self._account.turns.take(uuid, within_bounds)
            return within_bounds(self._account.database(uuid))
        except RefusalError as refusal:
            raise D1Error(refusal.message) from refusal

    def _count(self, name: str, statements: Sequence[Statement], results: Sequence[Result]) -> None:
        database_id = str(self._binding(name, "d1")["database_id"])
        texts = (statement.sql for statement in statements)
        self._account.query_counts.record(database_id, texts, results)

    def _bounds_of(self, name: str, database: Database) -> Bounds:
        if name not in self._bounds:
            self._bounds[name] = Bounds(
                until=self._until,
                size_bytes=database.size_bytes + self._limits.growth_bytes,
                result_bytes=self._limits.memory_bytes,
            )
        return self._bounds[name]

    def _binding(self, name: str, kind: str) -> Binding:
        binding = self._bindings.get(name)
        if binding is None or binding["type"] != kind:
            raise BindingError(f"{name} is no {kind} binding of this worker", name="TypeError")
        return binding
