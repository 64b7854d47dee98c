"""Keeps what the internet answers to a worker, in a form that can be answered again later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.account.outbound import OutboundError
from diagnose.embedded.invocation import BindingError
from diagnose.project.response_files import Recording
from diagnose.rehearsal.answering import find_response, read_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from diagnose.embedded.invocation import HttpAnswer, OutboundRequest
    from diagnose.project import RecordedResponse, Settings
    from diagnose.rehearsal.redacting import Redaction


class Recorder:
    """Answers a worker from what is recorded already, else from the internet.

    Attributes:
        changing: requests that were answered again, and differently; the first answer is kept.
        problems: requests that could not be answered, in sentences.
        kept: how many requests an answer on file served.
    """

    def __init__(
        self,
        fetch: Callable[[OutboundRequest], Awaitable[HttpAnswer]],
        redaction: Redaction,
        settings: Settings,
        *,
        overwrite: bool = False,
    ) -> None:
        self._fetch = fetch
        self._redaction = redaction
        self._settings = settings
        self._overwrite = overwrite
        self._found: dict[object, Recording] = {}
        self.changing: list[str] = []
        self.problems: list[str] = []
        self.kept = 0

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """Every new answer, in the order of the first requests."""
        return tuple(self._found.values())

    async def __call__(self, request: OutboundRequest) -> HttpAnswer:
        """The answer that the worker sees. Raises BindingError when there is none."""
        known = find_response(self._settings, request)
        if known is not None and not self._overwrite:
            self.kept += 1
            return read_response(self._settings, known)
        try:
            answer = await self._fetch(request)
        except OutboundError as error:
            problem = self._redaction.text(str(error))
            self.problems.append(problem)
            raise BindingError(f"fetch failed: {problem}", name="TypeError") from error
        self._keep(self._recorded(request, answer, known))
        return answer

    def _recorded(
        self, request: OutboundRequest, answer: HttpAnswer, known: RecordedResponse | None
    ) -> Recording:
        return Recording(
            method=request.method.upper(),
            url=known.url if known else self._redaction.url(request.url),
            status=answer.status,
            headers=self._redaction.headers(answer.headers),
            body=self._redaction.body(answer.body),
            replaces=None if known is None else self._settings.responses.index(known),
        )

    def _keep(self, recording: Recording) -> None:
        first = self._found.setdefault((recording.method, recording.url), recording)
        if first != recording and recording.url not in self.changing:
            self.changing.append(recording.url)
