"""Texts that are secrets by their form, or by their form and the name they stand under.

Only what few harmless values look like counts. Placeholders, publishable keys and ids are none.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Sureness: TypeAlias = Literal["form", "name", "randomness"]
"""What tells it: the form alone, a name that says secret, or only that the value looks random."""

_FORMS: Final = (
    ("a private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("a GitHub token", r"\b(?:gh[opsur]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})"),
    ("an AWS access key", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("a Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("a webhook address", r"https://hooks\.slack\.com/services/\w+/\w+/\w+"),
    ("a webhook address", r"https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/\d+/[\w-]{30,}"),
    ("a Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{16,}"),
    ("a webhook secret", r"\bwhsec_[A-Za-z0-9+/=]{16,}"),
    ("an API key of a language model", r"\bsk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{20,}"),
    ("a SendGrid key", r"\bSG\.[\w-]{16,}\.[\w-]{16,}"),
    ("an npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("a Telegram bot token", r"\b\d{8,10}:[A-Za-z0-9_-]{35}\b"),
    ("a Supabase secret key", r"\bsb_secret_[A-Za-z0-9_-]{16,}"),
)
_SECRET_FORMS: Final = tuple((kind, re.compile(pattern)) for kind, pattern in _FORMS)
_JWT: Final = re.compile(r"eyJ[\w-]+\.(?P<payload>eyJ[\w-]+)\.[\w-]*")
_CONNECTION: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^\s:/@]*:(?P<password>[^\s@/]+)@(?P<host>[^\s:/?]+)")
_QUERY: Final = re.compile(
    r"://\S*[?&](?:api[-_]?key|appid|access[-_]token|auth|key|secret|token)=(?P<value>[^&\s]+)", re.IGNORECASE
)

_SECRET_WORDS: Final = frozenset(
    {
        "APIKEY",
        "CREDENTIAL",
        "CREDENTIALS",
        "PASS",
        "PASSPHRASE",
        "PASSWD",
        "PASSWORD",
        "PWD",
        "SECRET",
        "TOKEN",
    }
)
_KEYS_OF: Final = frozenset(
    {"ACCESS", "API", "AUTH", "ENCRYPTION", "MASTER", "PRIVATE", "ROLE", "SECRET", "SERVICE", "SIGNING"}
)
_HARMLESS_KEYS: Final = frozenset(
    {
        "CACHE",
        "FOREIGN",
        "GROUP",
        "INDEX",
        "OBJECT",
        "PARTITION",
        "PRIMARY",
        "ROUTING",
        "ROW",
        "SORT",
        "UNIQUE",
    }
)
_PUBLIC_WORDS: Final = frozenset(
    {"ANON", "FIREBASE", "PUBLIC", "PUBLISHABLE", "SEARCH", "SITE", "SITEKEY", "VITE"}
)
_PUBLIC_PREFIXES: Final = ("eyJ", "phc_", "pk.", "pk_", "sb_publishable_", "ssh-")
_NAMED_RANDOM: Final = frozenset(
    {"ADDRESS", "AUD", "DIGEST", "DSN", "HASH", "HOST", "ID", "IDS", "INTEGRITY", "SHA", "URL", "VERSION"}
)
_SUFFIXES: Final = frozenset({"DEV", "LIVE", "PROD", "PRODUCTION", "STAGING", "TEST", "V1", "V2", "1", "2"})

_STANDS_FOR: Final = re.compile(
    r"\$\{|^\$\w+$|\{\{|<[^>]*>|^%\w+%$|x{4,}|\*{3,}|\.{3}|123456789|^(.)\1*$|EXAMPLE$", re.IGNORECASE
)
# fmt: off
_PLACEHOLDER_WORDS: Final = frozenset(
    {
        "change", "changeme", "dev", "development", "dummy", "example", "fake", "foo", "here",
        "insecure", "insert", "local", "localhost", "me", "my", "none", "not", "null", "password",
        "placeholder", "postgres", "put", "redacted", "replace", "root", "sample", "secret", "set",
        "test", "testing", "todo", "undefined", "unsafe", "your",
    }
)
# fmt: on
_PART: Final = r"(?:[a-z]+\d{0,4}|v?\d{1,4})"  # of a name: `banner`, `v2`, `2026`
_WORDS: Final = re.compile(rf"[a-z]+|{_PART}(?:[-_. ]{_PART})+")

_LEAST_PASSWORD: Final = 8
_LEAST_TOKEN: Final = 16
_LEAST_KEY: Final = 20
_LEAST_UNNAMED: Final = 32
_BITS_OF_TOKEN: Final = 3.0
_BITS_OF_KEY: Final = 3.5
_BITS_OF_RANDOM: Final = 4.5
"""Bits for each character: English words have about 3 to 4, hexadecimal digits at most 4."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What a value is, in words that do not give it away, and what tells it."""

    kind: str
    by: Sureness


def secret_in(name: str, value: str) -> Guess | None:
    """What secret a variable holds, or None."""
    words = _name_words(name)
    if _stands_for_another(value):
        return None
    form = _form(value)
    if form is not None:
        return Guess(form, "form")
    if "://" in value or value.startswith(("/", "-----BEGIN")) or any(map(str.isspace, value)):
        return None
    if _PUBLIC_WORDS & set(words) or value.startswith(_PUBLIC_PREFIXES):
        return _service_token(words, value)
    return _named(words, value)


def is_secret_name(name: str) -> bool:
    """Whether a name says that what stands under it is a secret, such as `API_KEY` or `AUTH_TOKEN`."""
    words = _name_words(name)
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if _PUBLIC_WORDS & set(words):
        return False
    return last in _SECRET_WORDS or (last == "KEY" and before != "" and before not in _HARMLESS_KEYS)


def _form(value: str) -> str | None:
    for kind, pattern in _SECRET_FORMS:
        if pattern.search(value):
            return kind
    connection = _CONNECTION.search(value)
    if connection and "." in connection["host"] and connection["host"] != "127.0.0.1":
        return None if is_placeholder(connection["password"]) else "an address with a password"
    query = _QUERY.search(value)
    if query and len(query["value"]) >= _LEAST_TOKEN and _is_random(query["value"], _BITS_OF_TOKEN):
        return None if is_placeholder(query["value"]) else "an address with a key"
    return None


def _service_token(words: list[str], value: str) -> Guess | None:
    """A signed token; what it says about itself tells whether browsers get it, as Supabase's `anon` key."""
    found = _JWT.fullmatch(value)
    if found is None:
        return None
    try:
        payload = json.loads(base64.urlsafe_b64decode(found["payload"] + "=="))
    except (ValueError, binascii.Error):
        return None
    role = payload.get("role") if isinstance(payload, dict) else None
    if role == "anon" or (role is None and _PUBLIC_WORDS & set(words)):
        return None
    return Guess("a signed token", "form" if role == "service_role" else "name")


def _named(words: list[str], value: str) -> Guess | None:
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if is_placeholder(value) or _WORDS.fullmatch(value.lower()):
        return None
    if last in {"PASSWORD", "PASSWD", "PWD", "PASS", "PASSPHRASE"}:
        long = len(value) >= _LEAST_PASSWORD and _classes(value) > 1
        return Guess("a password", "name") if long else None
    if last in _SECRET_WORDS or (last == "KEY" and before in _KEYS_OF):
        random = len(value) >= _LEAST_TOKEN and _is_random(value, _BITS_OF_TOKEN)
        return Guess("a random value under the name of a secret", "name") if random else None
    if last == "KEY" and len(value) >= _LEAST_KEY and ":" not in value and _is_random(value, _BITS_OF_KEY):
        return Guess("a random value under the name of a key", "randomness")
    plain = len(value) < _LEAST_UNNAMED or _classes(value) < 3 or not re.fullmatch(r"[\w+/=-]+", value)  # noqa: PLR2004 - small, capital, digit
    if plain or _NAMED_RANDOM & set(words) or not _is_random(value, _BITS_OF_RANDOM):
        return None
    return Guess("a random value", "randomness")


def is_placeholder(value: str) -> bool:
    """Whether a text only stands where a secret belongs, or is one that everybody uses locally."""
    parts = {part for part in re.split(r"[\W_]+", value.lower()) if part}
    return bool(_stands_for_another(value) or parts & _PLACEHOLDER_WORDS)


def _stands_for_another(value: str) -> bool:
    return not value.strip() or _STANDS_FOR.search(value) is not None


def _name_words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    words = [word for word in re.split(r"[\W_]+", spaced.upper()) if word]
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    return words or [""]


def _classes(value: str) -> int:
    """How many of small letters, capitals, digits and signs a text has."""
    return sum(bool(re.search(pattern, value)) for pattern in (r"[a-z]", r"[A-Z]", r"\d", r"[\W_]"))


def _is_random(value: str, bits: float) -> bool:
    counts = Counter(value).values()
    entropy = -sum(count / len(value) * math.log2(count / len(value)) for count in counts)
    mixed = bool(re.search(r"\d", value)) and bool(re.search(r"[A-Za-z]", value))
    return mixed and entropy >= bits
