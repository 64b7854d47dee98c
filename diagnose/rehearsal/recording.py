"""Keeps what the internet answers to a worker, in a form that can be answered again later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.account.outbound import OutboundError
from diagnose.embedded.invocation import BindingError
from diagnose.project.response_files import Recording

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from diagnose.embedded.invocation import HttpAnswer, OutboundRequest
    from diagnose.rehearsal.redacting import Redaction


class Recorder:
    """Answers a worker from what is recorded already, else from the internet.

    Attributes:
        recordings: one for each request that was answered from the internet, in order.
        changing: requests that were answered again, and differently; the first answer is kept.
        problems: requests that could not be answered, in sentences.
        kept: how many requests an answer on file served.
    """

    def __init__(
        self,
        fetch: Callable[[OutboundRequest], Awaitable[HttpAnswer]],
        redaction: Redaction,
        *,
        known: Callable[[OutboundRequest], HttpAnswer | None],
    ) -> None:
        self._fetch = fetch
        self._redaction = redaction
        self._known = known
        self._found: dict[tuple[str, str], Recording] = {}
        self.changing: list[str] = []
        self.problems: list[str] = []
        self.kept = 0

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """Everything that is new."""
        return tuple(self._found.values())

    async def __call__(self, request: OutboundRequest) -> HttpAnswer:
        """The answer that the worker sees. Raises BindingError when there is none."""
        known = self._known(request)
        if known is not None:
            self.kept += 1
            return known
        try:
            answer = await self._fetch(request)
        except OutboundError as error:
            problem = self._redaction.text(str(error))
            self.problems.append(problem)
            raise BindingError(f"fetch failed: {problem}", name="TypeError") from error
        self._keep(self._recorded(request, answer))
        return answer

    def _recorded(self, request: OutboundRequest, answer: HttpAnswer) -> Recording:
        return Recording(
            method=request.method.upper(),
            url=self._redaction.url(request.url),
            status=answer.status,
            headers=self._redaction.headers(answer.headers),
            body=self._redaction.body(answer.body),
        )

    def _keep(self, recording: Recording) -> None:
        first = self._found.setdefault(recording.asked, recording)
        if first != recording and recording.url not in self.changing:
            self.changing.append(recording.url)
