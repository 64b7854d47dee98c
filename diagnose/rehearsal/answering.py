"""Answers what a worker fetches from the recorded responses of the settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.d1 import LIMITS
from diagnose.embedded.invocation import HttpAnswer
from diagnose.errors import ProjectError
from diagnose.project.files import read_regular, resolve_inside

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.embedded.invocation import OutboundRequest
    from diagnose.project import RecordedResponse, Settings


def recorded_responses(settings: Settings) -> Callable[[OutboundRequest], HttpAnswer | None]:
    """Finds the answer to an outbound request in `[[responses]]`; the first that matches wins.

    Raises:
        ProjectError: (when asked) the body file lies outside the project, or cannot be read.
    """

    def answer(request: OutboundRequest) -> HttpAnswer | None:
        response = find_response(settings, request)
        return None if response is None else read_response(settings, response)

    return answer


def find_response(settings: Settings, request: OutboundRequest) -> RecordedResponse | None:
    """The entry of `[[responses]]` that answers a request: the first that matches."""
    return next((response for response in settings.responses if _matches(response, request)), None)


def _matches(response: RecordedResponse, request: OutboundRequest) -> bool:
    if response.method is not None and response.method.upper() != request.method.upper():
        return False
    # `*` stands for any characters; everything else, `?` included, for itself.
    pattern = ".*".join(map(re.escape, response.url.split("*")))
    return re.fullmatch(pattern, request.url, re.DOTALL) is not None


def read_response(settings: Settings, response: RecordedResponse) -> HttpAnswer:
    """A recorded answer. Raises ProjectError where its body file cannot be read."""
    headers = {"content-type": "application/json"} | {k.lower(): v for k, v in response.headers.items()}
    try:
        file = resolve_inside(settings.directory, response.body_file)
        body = read_regular(file, most_bytes=LIMITS.workers.memory_bytes)
    except OSError as error:
        raise ProjectError(
            f"the recorded response cannot be read: {error.strerror}",
            where=f"{settings.path}: {response.body_file}",
            hint="`body_file` is relative to the settings file",
        ) from error
    return HttpAnswer(status=response.status, headers=headers, body=body)
