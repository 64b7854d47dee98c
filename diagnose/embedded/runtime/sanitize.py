"""Makes text of a worker harmless to terminals, logs and reports."""

from __future__ import annotations

import re

_LAST_OF_TWO_DIGITS = 0xFF
_DANGEROUS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
"""Control characters but for tab and line feed, invisible and direction-changing ones, lone surrogates."""


def clean(text: str, *, longest: int | None = None) -> str:
    """The text with dangerous characters written as escapes, cut after `longest` characters."""
    if longest is not None and len(text) > longest:
        text = f"{text[:longest]}… ({len(text) - longest} more characters)"
    return _DANGEROUS.sub(_escape, text)


def clean_line(text: str, *, longest: int | None = None) -> str:
    """The same on one line."""
    return clean(text, longest=longest).replace("\n", "\\n").replace("\t", " ")


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= _LAST_OF_TWO_DIGITS else f"\\u{code:04x}"
