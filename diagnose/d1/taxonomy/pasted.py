"""What somebody pastes: an error text with colours, log prefixes or a JSON envelope around it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_ESCAPES: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)|[\x00-\x08\x0b-\x1f\x7f]"
)
_CODES: Final = (
    re.compile(r"\[code: (\d{3,6})\]", re.IGNORECASE),
    re.compile(r"\((\d{4,6})\)\s*$"),
    re.compile(r"\bcode[ =:]+(\d{3,6})\b", re.IGNORECASE),
    re.compile(r"^\s*(\d{3,6})\s*$"),
)
_OFFSET: Final = re.compile(r"\bat offset (\d+)")
_TELLING: Final = frozenset(
    {"message", "text", "error", "errors", "notes", "cause", "exception", "exceptions", "stack"}
)
"""Keys below which an envelope tells what went wrong."""

_DEEPEST: Final = 20
_TRIES: Final = 50
"""Brackets that are tried as the beginning of an envelope."""
LONGEST: Final = 100_000
"""Characters that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """An error without what stood around it.

    Attributes:
        texts: what it says, each on one line; those of an envelope apart, the outermost first.
        codes: numbers by which it is named, in their order.
        offset: the byte offset into the statement that it names, or None.
    """

    texts: tuple[str, ...]
    codes: tuple[int, ...]
    offset: int | None


def unwrapped(text: str) -> Pasted:
    """The error in a pasted text: without ANSI escapes and line breaks, taken out of JSON."""
    plain = _ESCAPES.sub("", text[:LONGEST])
    envelope = _envelope(plain)
    told = list(dict.fromkeys(_told(envelope))) if envelope is not None else [plain]
    texts = [" ".join(_ESCAPES.sub("", each).split()) for each in told]
    codes = [*_coded(envelope), *(int(code) for each in texts for code in _codes_in(each))]
    offsets = (match for each in texts if (match := _OFFSET.search(each)))
    match = next(offsets, None)
    return Pasted(
        texts=tuple(filter(None, texts)),
        codes=tuple(dict.fromkeys(codes)),
        offset=int(match[1]) if match else None,
    )


def _envelope(text: str) -> Any:
    """The first JSON object or array in the text that holds an error, or None."""
    decoder = json.JSONDecoder()
    for start in (match.start() for match in islice(re.finditer(r"[{\[]", text), _TRIES)):
        try:
            found, _ = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if any(_told(found)):
            return found
    return None


def _told(value: Any, *, telling: bool = False, depth: int = 0) -> Iterator[str]:
    """Texts below the keys that tell what went wrong."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        if telling:
            yield value
    elif isinstance(value, dict):
        for key, item in _members(value):
            yield from _told(item, telling=key in _TELLING, depth=depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _told(item, telling=telling, depth=depth + 1)


def _coded(value: Any, *, telling: bool = False, depth: int = 0) -> Iterator[int]:
    """The codes of errors in an envelope."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        code = value.get("code")
        if isinstance(code, int) and not isinstance(code, bool) and telling:
            yield code
        for key, item in _members(value):
            yield from _coded(item, telling=key in _TELLING, depth=depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _coded(item, telling=telling, depth=depth + 1)


def _members(value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The members; of the API's envelope without `messages`, which hold what went well."""
    is_envelope = "success" in value
    return ((key, item) for key, item in value.items() if not (is_envelope and key == "messages"))


def _codes_in(text: str) -> Iterator[str]:
    for pattern in _CODES:
        yield from pattern.findall(text)
