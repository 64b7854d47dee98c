"""What the API answered: the envelope, or what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from diagnose.account.errors import MalformedAnswerError, api_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.account.errors import ApiError, Exchange

_SHOWN_CHARACTERS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status, headers (names in lower case) and body of one response."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def is_json(self) -> bool:
        """Whether the body says that it is JSON."""
        return "json" in self.headers.get("content-type", "")

    @property
    def is_success(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of statuses


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A success: `result`, and `result_info` of a page (empty when the API sent none)."""

    result: Any
    result_info: Mapping[str, Any]


def read_envelope(exchange: Exchange, answer: Answer) -> Envelope:
    """The envelope of an answer whose status and `success` both say so.

    Raises:
        ApiError: they do not, or the body is not an envelope.
    """
    if answer.is_success and not answer.content:
        return Envelope(result=None, result_info={})
    body = _body(answer)
    if body is None:
        raise _not_an_envelope(exchange, answer)
    if answer.is_success and body["success"] is True:
        return Envelope(result=body.get("result"), result_info=_mapping(body.get("result_info")))
    raise _refused(exchange, answer, body)


def read_content(exchange: Exchange, answer: Answer) -> Answer:
    """The answer as it is, when it is no envelope: a worker's code. Raises ApiError."""
    if answer.is_success and not answer.is_json:
        return answer
    read_envelope(exchange, answer)
    raise MalformedAnswerError(
        replace(exchange, message="the answer is an envelope where content was expected")
    )


def _body(answer: Answer) -> dict[str, Any] | None:
    try:
        body = json.loads(answer.content)
    except ValueError:
        return None
    return body if isinstance(body, dict) and isinstance(body.get("success"), bool) else None


def _refused(exchange: Exchange, answer: Answer, body: Mapping[str, Any]) -> ApiError:
    errors = [error for error in _list(body.get("errors")) if isinstance(error, dict)]
    if body["success"] is True or (answer.is_success and not errors):
        message = f"the API answered HTTP {answer.status} with success {str(body['success']).lower()}"
        return MalformedAnswerError(replace(exchange, message=message))
    first = errors[0] if errors else {}
    return api_error(
        replace(
            exchange,
            code=first.get("code") if isinstance(first.get("code"), int) else None,
            message=str(first.get("message") or f"the API answered HTTP {answer.status} without a reason"),
            chain=_chain(first),
        )
    )


def _chain(error: Mapping[str, Any]) -> tuple[tuple[int, str], ...]:
    """The causes below an error, each of which may list its own."""
    causes = [cause for cause in _list(error.get("error_chain")) if isinstance(cause, dict)]
    pairs: list[tuple[int, str]] = []
    for cause in causes:
        if isinstance(cause.get("code"), int):
            pairs.append((cause["code"], str(cause.get("message", ""))))
        pairs += _chain(cause)
    return tuple(pairs)


def _not_an_envelope(exchange: Exchange, answer: Answer) -> ApiError:
    if "challenge" in answer.headers.get("cf-mitigated", ""):
        found = replace(exchange, message="a firewall asks for a browser (cf-mitigated: challenge)")
        return MalformedAnswerError(
            found, hint="call from another network, or allow this one in the firewall"
        )
    if 300 <= answer.status < 400:  # noqa: PLR2004 - the class of statuses
        found = replace(exchange, message="the API answered with a redirect")
        return MalformedAnswerError(
            found,
            why="it is not followed, so that the token stays where it was sent",
            hint="check CLOUDFLARE_API_BASE_URL",
        )
    start = answer.content[:_SHOWN_CHARACTERS].decode(errors="replace")
    found = replace(exchange, message=f"the answer is not the API's: {start!r}")
    return MalformedAnswerError(found) if answer.is_success else api_error(found)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
