"""The texts of secrets in a file of their own, which only its owner may read.

account.json names secrets by random ids; this file says what they are. Whoever hands a saved account on can
leave it out: the account opens without it, and its workers are then given no secrets.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from diagnose.embedded.states.workers import ScriptState


class SecretFileError(ValueError):
    """The file holds something else than texts by id."""


def secret_texts(scripts: Iterable[ScriptState]) -> dict[str, str]:
    """The texts of all secrets of all versions, by id."""
    return {
        secret.id: secret.text
        for script in scripts
        for version in script.versions
        for secret in version.secrets.values()
    }


def write_secrets(texts: Mapping[str, str]) -> bytes:
    """What the file holds."""
    return json.dumps(dict(texts), indent=1, ensure_ascii=False).encode()


def read_secrets(content: bytes) -> dict[str, str]:
    """The texts by id. Raises SecretFileError, which does not quote the file."""
    try:
        texts = json.loads(content)
    except ValueError:
        raise SecretFileError("it is no JSON") from None
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise SecretFileError("it is no object of strings")
    return texts
