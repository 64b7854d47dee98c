"""Where the API is, and which tokens may be sent there."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from diagnose.errors import UsageError

if TYPE_CHECKING:
    from diagnose.account.secret import Secret

CLOUDFLARE: Final = "https://api.cloudflare.com/client/v4"
VARIABLE: Final = "CLOUDFLARE_API_BASE_URL"

_TOKEN: Final = re.compile(r"[!#-&(-~]+")  # visible ASCII, but no quotation mark
_ACCOUNT_ID: Final = re.compile(r"[0-9a-f]{32}")


def checked_base_url(url: str) -> str:
    """The API root without a final slash: https anywhere, plain http on loopback only.

    Raises:
        UsageError: it is neither; a token would travel readable.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _unusable("it is no URL") from None
    if not host or parts.scheme not in {"http", "https"}:
        raise _unusable("it is no http or https URL")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise _unusable("it holds more than a host and a path")
    if parts.scheme == "http" and not is_loopback(url):
        raise _unusable("plain http would send the token readable to another machine")
    return url.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether the URL names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def checked_token(token: Secret) -> Secret:
    """A token that can stand in a header. Raises UsageError, which does not show it."""
    if not _TOKEN.fullmatch(token.reveal()):
        raise UsageError(
            "CLOUDFLARE_API_TOKEN is empty, or holds quotation marks, blanks or line ends",
            hint="set it to the token alone",
        )
    return token


def checked_account_id(account_id: str) -> str:
    """A Cloudflare account id. Raises UsageError for anything else."""
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise UsageError(
            "CLOUDFLARE_ACCOUNT_ID is not 32 hexadecimal digits",
            hint="copy it from the account's page in the dashboard, or from `wrangler whoami`",
        )
    return account_id


def _unusable(reason: str) -> UsageError:
    return UsageError(
        f"{VARIABLE} cannot be used: {reason}",
        hint="use https, or http on 127.0.0.1, and end it with /client/v4",
    )
