"""Which invocations a tail shows: the filters of `POST …/tails`, all of which must let one pass."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from diagnose.embedded.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diagnose.embedded.observed import ObservedInvocation

CLIENT_IP: Final = "cf-connecting-ip"
"""The header by which Cloudflare tells a worker who asks."""

_SELF: Final = "self"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """An invocation that a filter looks at, and for whom."""

    invocation: ObservedInvocation
    client_ip: str | None
    draw: Callable[[], float]

    @property
    def request(self) -> Mapping[str, Any]:
        """The request that triggered it; empty for other events."""
        request: Any = self.invocation.event.get("request")
        return request or {}

    @property
    def headers(self) -> Mapping[str, str]:
        """Of that request, names in lower case."""
        return self.request.get("headers") or {}


def checked_filters(body: Any) -> tuple[Mapping[str, Any], ...]:
    """The filters of a request body, which may be none.

    Raises:
        RefusalError: 10026 they are not a list of objects with one known filter each.
    """
    if body is not None and not isinstance(body, dict):
        raise _unusable("the body must be an object with filters")
    filters = (body or {}).get("filters") or []
    if not isinstance(filters, list):
        raise _unusable("filters must be an array")
    for one in filters:
        if not isinstance(one, dict) or len(one) != 1 or not set(one) <= set(_FORMS):
            raise _unusable(f"each filter must be an object with one of {', '.join(_FORMS)}")
        ((name, value),) = one.items()
        if not _FORMS[name](value):
            raise _unusable(f"the filter {name} has a value that it cannot have")
    return tuple(filters)


def passes(
    filters: Sequence[Mapping[str, Any]],
    invocation: ObservedInvocation,
    *,
    client_ip: str | None = None,
    draw: Callable[[], float] = random.random,
) -> bool:
    """Whether an invocation is shown.

    Args:
        filters: as `checked_filters` returned them.
        invocation: to be shown.
        client_ip: of whoever made the tail, for the address `self`.
        draw: a number from 0 up to 1, for sampling.
    """
    shown = _Shown(invocation=invocation, client_ip=client_ip, draw=draw)
    return all(_PASSES[name](value, shown) for one in filters for name, value in one.items())


def _header(wanted: Mapping[str, str], shown: _Shown) -> bool:
    """Whether the header is there, and contains the text if one is asked for."""
    found = shown.headers.get(wanted["key"].lower())
    return found is not None and wanted.get("query", "") in found


def _client_ip(addresses: Sequence[str], shown: _Shown) -> bool:
    wanted = {shown.client_ip if address == _SELF else address for address in addresses}
    return shown.headers.get(CLIENT_IP) in wanted - {None}


def _query(text: str, shown: _Shown) -> bool:
    parts = (part for log in shown.invocation.logs for part in log.message)
    return any(text in (part if isinstance(part, str) else json.dumps(part)) for part in parts)


# A filter of requests shows no other event; that is what its name says, and not documented.
_PASSES: Final[Mapping[str, Callable[[Any, _Shown], bool]]] = {
    "sampling_rate": lambda rate, shown: bool(shown.draw() < rate),
    "outcome": lambda outcomes, shown: shown.invocation.outcome in outcomes,
    "method": lambda methods, shown: shown.request.get("method") in {one.upper() for one in methods},
    "header": _header,
    "client_ip": _client_ip,
    "query": _query,
    "scriptVersion": lambda version, shown: bool(shown.invocation.version_id == version),
}


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_rate(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 1


def _is_header(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("key"), str):
        return False
    return isinstance(value.get("query", ""), str)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_FORMS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "sampling_rate": _is_rate,
    "outcome": _is_texts,
    "method": _is_texts,
    "header": _is_header,
    "client_ip": _is_texts,
    "query": _is_text,
    "scriptVersion": _is_text,
}


def _unusable(reason: str) -> RefusalError:
    return RefusalError(400, 10026, f"The request body cannot be used: {reason}.")
