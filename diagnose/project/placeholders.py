"""Ids that stand for a real one, and folders whose configs are not meant to be deployed."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DOCUMENTATION_UUID = "123e4567-e89b-12d3-a456-426614174000"  # the one that articles on UUIDs show
_COUNTED = "123456789012"
_FEW_DIGITS = 3
_LONGEST_PERIOD = 16

_TEMPLATE_FOLDER = re.compile(
    r"_*(?:e2e|examples?|fixtures?|mocks?|samples?|templates?|test|tests|testdata)_*", re.IGNORECASE
)
_TEMPLATE_FILE = re.compile(
    r"(?:^|[._-])(?:example|sample|template|tmpl|test|e2e|dist)(?:[._-]|$)", re.IGNORECASE
)


def is_placeholder_id(value: str) -> bool:
    """True when a text cannot be the id of a database: no UUID, or one that nobody was ever given."""
    if not _UUID.fullmatch(value):
        return True
    lower = value.lower()
    digits = lower.replace("-", "")
    typed = _is_periodic(digits) or all(_COUNTED.startswith(group) for group in lower.split("-"))
    return typed or len(set(digits)) <= _FEW_DIGITS or lower == _DOCUMENTATION_UUID


def is_template_path(path: str) -> bool:
    """True for a config in a folder of templates, examples, fixtures or tests, or with such a name.

    `path` has forward slashes; only its own parts are looked at.
    """
    parts = PurePosixPath(path)
    return any(_TEMPLATE_FOLDER.fullmatch(part) for part in parts.parent.parts) or bool(
        _TEMPLATE_FILE.search(parts.name)
    )


def _is_periodic(digits: str) -> bool:
    """Whether digits are the same few over and over."""
    return any(digits[period:] == digits[:-period] for period in range(1, _LONGEST_PERIOD + 1))
