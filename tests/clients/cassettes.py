"""How answers are kept in cassettes: nothing secret in them, and nothing that changes without a reason."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import yaml

if TYPE_CHECKING:
    from vcr import VCR
    from vcr.request import Request

TOKEN: Final = "canary-token-for-cassettes-5d0b7c1e"  # noqa: S105 - it opens an account that never existed
HEADER: Final = """\
# Recorded against our own account on the loopback interface (diagnose serve), never against Cloudflare.
# Record again: pytest tests/diagnose/account/test_cassettes.py -n 0 --record-mode=rewrite
"""

_ID: Final = re.compile(r"\b[0-9a-f]{8}(-?)[0-9a-f]{4}(-?[0-9a-f]{4}){2}-?[0-9a-f]{12}\b")
_CHOSEN: Final = frozenset(
    {
        "0123456789abcdef0123456789abcdef",
        "0b7c1e5d94f24a6f8b3e62a1c97d4f08",
        "27c30f8a28ab44999a80023ed71ab482",
    }
)
_KEPT_ANSWERED: Final = {"content-type", "retry-after"}
_KEPT_ASKED: Final = {"content-type"}
_CHANGES: Final = (
    (re.compile(rb'"(duration|sql_duration_ms)":[0-9.e-]+'), rb'"\1":0.25'),
    (re.compile(rb'"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"'), rb'"2026-01-01T00:00:00.000000Z"'),
)


class Commented:
    """The YAML of vcrpy under a comment that says where it stems from."""

    @staticmethod
    def serialize(cassette: dict[str, Any]) -> str:
        return HEADER + _numbered(yaml.safe_dump(cassette, allow_unicode=True, width=110))

    @staticmethod
    def deserialize(text: str) -> dict[str, Any]:
        return yaml.safe_load(text)


def configure(vcr: VCR) -> None:
    """Teach vcrpy the two things it is not told by its options."""
    vcr.register_serializer("yaml", Commented)  # another name would be the suffix of the files
    vcr.register_matcher("content", _same_content)


def options() -> dict[str, Any]:
    """The options of every cassette."""
    return {
        "match_on": ("method", "path", "query", "content"),
        "decode_compressed_response": True,
        "before_record_request": _asked,
        "before_record_response": _answered,
    }


def _asked(request: Request) -> Request:
    """The request without token and port; of a form, whose boundary is random, only that it was one."""
    request.headers = {name: value for name, value in request.headers.items() if name.lower() in _KEPT_ASKED}
    if _is_form(request):
        request.headers = {"content-type": "multipart/form-data"}
        request.body = b"(a form)"
    request.uri = re.sub(r"//127\.0\.0\.1:\d+/", "//127.0.0.1/", request.uri)
    return request


def _answered(response: dict[str, Any]) -> dict[str, Any]:
    headers = response["headers"].items()
    response["headers"] = {name: value for name, value in headers if name.lower() in _KEPT_ANSWERED}
    for pattern, constant in _CHANGES:
        response["body"]["string"] = pattern.sub(constant, response["body"]["string"])
    return response


def _numbered(text: str) -> str:
    """The text in which every random id is a number, the same wherever it stands."""
    numbers: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        digits = match[0].replace("-", "")
        if digits in _CHOSEN:
            return match[0]
        given = numbers.setdefault(digits, f"{len(numbers) + 1:032x}")
        return str(UUID(given)) if match[1] else given

    return _ID.sub(number, text)


def _is_form(request: Request) -> bool:
    kind = next((value for name, value in request.headers.items() if name.lower() == "content-type"), "")
    return str(kind).startswith("multipart/")


def _same_content(one: Request, other: Request) -> None:
    assert (one.body or b"") == (other.body or b"")
