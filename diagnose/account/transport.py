"""HTTP to the API: the only module that imports httpx, and the only one that reveals a token."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import httpx

from diagnose.account.answers import Answer, read_content, read_envelope
from diagnose.account.budget import Unlimited, shared_budget
from diagnose.account.doubt import Doubt
from diagnose.account.errors import ApiError, Exchange, RateLimitedError, UnreachableError
from diagnose.account.exchange import private_part, shown_path
from diagnose.account.private_files import PrivateFiles
from diagnose.account.rate_headers import date_seconds, quotas, remaining, retry_after_seconds
from diagnose.account.retrying import Course
from diagnose.account.unlogged import unlogged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diagnose.account.answers import Envelope
    from diagnose.account.budget import Budget, OnWait
    from diagnose.account.multipart import Part
    from diagnose.account.secret import Secret

Read = TypeVar("Read")

_IN_PROCESS: Final = "http://embedded.invalid/client/v4"
# A D1 statement may run for 30 s (https://developers.cloudflare.com/d1/platform/limits/).
_TIMEOUT: Final = httpx.Timeout(connect=10, read=45, write=45, pool=10)
_LONGEST_SECONDS: Final = 180.0
"""Of one request: `read` only limits how long nothing at all arrives."""
_NOT_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
)
# A queue's own limits, not the token's: https://developers.cloudflare.com/queues/reference/error-codes/.
_OF_ONE_QUEUE: Final = range(10250, 10260)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What is sent, as often as it takes."""

    method: str
    path: str
    query: Mapping[str, str] | None = None
    content: bytes | None = None
    parts: Sequence[Part] = ()
    reads: bool = False


class Transport:
    """Sends requests with the token, and turns every failure into an ApiError.

    Attributes:
        requests: (method, path) of everything sent, in order, repetitions included.
        on_wait: all are told before a wait that a person would notice.
    """

    def __init__(self, client: httpx.AsyncClient, token: Secret, *, budget: Budget | None = None) -> None:
        self._client = client
        self._token = token
        self._budget = budget or Unlimited()
        self._clock = self._budget.clock
        self.requests: list[tuple[str, str]] = []
        self.on_wait: list[OnWait] = []

    @classmethod
    def over_app(cls, app: Any, token: Secret, *, budget: Budget | None = None) -> Transport:
        """To an ASGI application in this process; nothing is listened to, and nothing paced by default."""
        client = httpx.AsyncClient(transport=_MountedApp(app), base_url=_IN_PROCESS, timeout=_TIMEOUT)
        return cls(client, token, budget=budget)

    @classmethod
    def over_network(
        cls, base_url: str, token: Secret, *, proxies: bool, budget: Budget | None = None
    ) -> Transport:
        """To an API root; with `proxies` the environment may name one. A token's budget is shared."""
        client = httpx.AsyncClient(
            base_url=base_url, timeout=_TIMEOUT, follow_redirects=False, trust_env=proxies
        )
        return cls(client, token, budget=budget or shared_budget(token, base_url))

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        parts: Sequence[Part] = (),
        repeatable: bool = False,
        reads: bool = False,
        doubt: Doubt[Envelope] | None = None,
    ) -> Envelope:
        """One call of the API.

        Args:
            method: of HTTP.
            path: after the API root, percent-encoded.
            query: of the URL.
            body: sent as JSON unless None.
            parts: of a form; sent instead of a body.
            repeatable: doing it twice does what doing it once does, so failures that pass are repeated.
            reads: it changes nothing, whatever its method says; it is repeated as well.
            doubt: what to do when it may have been done; instead of `repeatable`.

        Raises:
            OutcomeUnknownError: it may have been done, and repeating it could do it twice.
            ApiError: the status and `success` do not both say that it worked.
        """
        reads = reads or method == "GET"
        content = None if body is None else _encoded(method, path, body)
        request = _Request(method=method, path=path, query=query, content=content, parts=parts, reads=reads)
        doubt = doubt or Doubt(repeatable=repeatable or reads)
        return await Course(lambda: self._send(request, read_envelope), doubt).run(self._clock, self._tell)

    async def content(self, path: str) -> Answer:
        """Something that is no envelope, such as a worker's code. Raises ApiError."""
        request = _Request(method="GET", path=path, reads=True)
        doubt: Doubt[Answer] = Doubt(repeatable=True)
        return await Course(lambda: self._send(request, read_content), doubt).run(self._clock, self._tell)

    @property
    def files(self) -> PrivateFiles:
        """Files at addresses that the API hands out; they are asked without the token, and not paced."""
        return PrivateFiles(self._client)

    async def pause(self, seconds: float) -> None:
        """Wait, as between two attempts."""
        await self._clock.sleep(seconds)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _send(self, request: _Request, read: Callable[[Exchange, Answer], Read]) -> Read:
        await self._budget.take(self._tell)
        self.requests.append((request.method, shown_path(request.path)))
        exchange = Exchange(method=request.method, path=request.path, reads=request.reads, secret=self._token)
        headers: Mapping[str, str] = {}
        try:
            answer = await self._answer(request, exchange)
            headers = answer.headers
        finally:
            self._budget.answered(remaining(headers), quotas(headers))
        now = date_seconds(headers.get("date")) or self._clock.now()
        exchange = replace(
            exchange,
            status=answer.status,
            cf_ray=headers.get("cf-ray"),
            retry_after=retry_after_seconds(headers.get("retry-after"), now),
        )
        try:
            return read(exchange, answer)
        except RateLimitedError as error:
            if error.passes and error.code not in _OF_ONE_QUEUE:
                self._budget.block(error.exchange.retry_after or 0)
            raise

    async def _answer(self, request: _Request, exchange: Exchange) -> Answer:
        """What comes back. Raises UnreachableError when nothing does."""
        try:
            with unlogged(private_part(request.path)):
                async with asyncio.timeout(_LONGEST_SECONDS):
                    response = await self._client.send(self._built(request))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            sent = not isinstance(error, (*_NOT_SENT, httpx.InvalidURL))
            raise UnreachableError(
                replace(exchange, message=f"no answer: {reason}", sent=sent),
                hint="check the network, then run it again",
            ) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status_code, headers=headers, content=response.content)

    def _tell(self, seconds: float, reason: str) -> None:
        for told in tuple(self.on_wait):
            told(seconds, reason)

    def _built(self, request: _Request) -> httpx.Request:
        built = self._client.build_request(
            request.method,
            request.path,
            params=request.query,
            content=request.content,
            files=[_file(part) for part in request.parts] or None,
        )
        if request.content is not None:
            built.headers["Content-Type"] = "application/json"
        built.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return built


class _MountedApp(httpx.ASGITransport):
    """An application in this process, whose dropped connections look like those of a network."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        from diagnose.embedded.app.faults import ConnectionDroppedError

        try:
            return await super().handle_async_request(request)
        except ConnectionDroppedError as error:
            raise httpx.ReadError("the connection was closed", request=request) from error


def _encoded(method: str, path: str, body: Any) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        problem = f"what should be sent is no JSON: {error}"
        raise ApiError(Exchange(method=method, path=path, message=problem, sent=False)) from error


def _file(part: Part) -> tuple[str, tuple[str | None, bytes, str | None]]:
    return part.name, (part.file_name, part.content, part.content_type)
