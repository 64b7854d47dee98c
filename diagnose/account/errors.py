"""What can go wrong between the client and the API.

AccountError
└── ApiError                    facts about the request and the answer
    ├── CredentialError         the token is malformed, unknown, expired
    ├── MissingPermissionError  the token, or the account id, does not reach this product
    ├── NotFoundError           no such database, worker, version or path
    ├── StatementError          D1 refused the SQL
    ├── RateLimitedError        too many requests
    ├── ServerError             Cloudflare's own trouble
    ├── MalformedAnswerError    not the API's envelope, or one that contradicts its status
    └── UnreachableError        no answer at all
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Self

from diagnose.account.secret import Secret
from diagnose.errors import AccountError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what is known of its answer; holds no header and no body of ours.

    Attributes:
        path: after the API root.
        status: of HTTP, or None without an answer.
        code: Cloudflare's first error code, or None.
        message: its text, or what we found.
        chain: (code, message) of the causes that the API lists, outermost first.
        cf_ray: names the request to Cloudflare's support, or None.
        retry_after: seconds that the API asks to wait, or None.
        secret: the token, which `ApiError` hides in whatever words the other side chose.
    """

    method: str
    path: str
    status: int | None = None
    code: int | None = None
    message: str = ""
    chain: tuple[tuple[int, str], ...] = ()
    cf_ray: str | None = None
    retry_after: float | None = None
    secret: Secret = field(default=Secret(""), repr=False, compare=False)

    def safe(self) -> Self:
        """The same, with words that may be shown: no token, no control characters."""
        return replace(
            self,
            message=self._safe(self.message),
            chain=tuple((code, self._safe(message)) for code, message in self.chain),
            cf_ray=None if self.cf_ray is None else self._safe(self.cf_ray),
        )

    def _safe(self, text: str) -> str:
        return "".join(char if char.isprintable() else " " for char in self.secret.scrub(text))


class ApiError(AccountError):
    """A request that did not bring what it asked for.

    Attributes:
        exchange: the request and its answer.
    """

    def __init__(self, exchange: Exchange, *, why: str | None = None, hint: str | None = None) -> None:
        exchange = exchange.safe()
        super().__init__(_sentence(exchange), where=f"{exchange.method} {exchange.path}", why=why, hint=hint)
        self.exchange = exchange

    @property
    def status(self) -> int | None:
        """Of HTTP, or None without an answer."""
        return self.exchange.status

    @property
    def code(self) -> int | None:
        """Cloudflare's first error code, or None."""
        return self.exchange.code

    @property
    def text(self) -> str:
        """The first error's text as the API sent it."""
        return self.exchange.message

    @property
    def chain(self) -> tuple[tuple[int, str], ...]:
        """(code, message) of the causes that the API lists, outermost first."""
        return self.exchange.chain

    @property
    def cf_ray(self) -> str | None:
        """Names the request to Cloudflare's support, or None."""
        return self.exchange.cf_ray

    @property
    def method(self) -> str:
        """Of the request."""
        return self.exchange.method

    @property
    def path(self) -> str:
        """Of the request, after the API root."""
        return self.exchange.path


class CredentialError(ApiError):
    """The token is malformed, unknown or expired."""


class MissingPermissionError(ApiError):
    """The token is valid but does not reach this product, or the account id is another's."""


class NotFoundError(ApiError):
    """No such database, worker, version or path."""


class StatementError(ApiError):
    """D1 refused the SQL; `text` is D1's, without `D1_ERROR: `."""


class RateLimitedError(ApiError):
    """Too many requests."""


class ServerError(ApiError):
    """Cloudflare's own trouble."""


class MalformedAnswerError(ApiError):
    """Not the API's envelope, or one that contradicts its status."""


class UnreachableError(ApiError):
    """No answer at all."""


# Codes as listed in https://developers.cloudflare.com/fundamentals/api/troubleshooting/ and seen in use.
_CREDENTIAL_CODES: Final = frozenset({1000, 6003, 6111, 9106})
_PERMISSION_CODES: Final = frozenset({7403, 9109, 10000})
_STATEMENT_CODE: Final = 7500
_SERVER_TROUBLE: Final = 500
_QUOTA: Final = "free tier daily"
_TOKEN_HINT: Final = "check CLOUDFLARE_API_TOKEN: no quotes or line ends around it, active, not expired"  # noqa: S105 - a hint

_PRODUCTS: Final[Mapping[str, str]] = {
    "/d1/": "D1",
    "/workers/": "Workers Scripts",
    "/queues": "Queues",
    "/observability": "Workers Observability",
}


def api_error(exchange: Exchange) -> ApiError:  # noqa: PLR0911 - one return for each kind of error
    """The error for an answer that is not a success."""
    status, code = exchange.status or 0, exchange.code
    if status == 429:  # noqa: PLR2004 - the code of the body varies, the status does not
        return RateLimitedError(exchange, why=_rate_limit(exchange), hint="wait, then run it again")
    if code in _CREDENTIAL_CODES or (status == 401 and code in _PERMISSION_CODES):  # noqa: PLR2004 - its name
        return CredentialError(exchange, why="nothing can be read without a valid token", hint=_TOKEN_HINT)
    if code in _PERMISSION_CODES or status == 403:  # noqa: PLR2004 - its name
        return MissingPermissionError(exchange, hint=_permission_hint(exchange))
    if status >= _SERVER_TROUBLE:
        return ServerError(exchange, hint="try again; see https://www.cloudflarestatus.com")
    if code == _STATEMENT_CODE and _QUOTA in exchange.message:
        return RateLimitedError(exchange, hint="wait for midnight UTC, or use a paid plan")
    if code == _STATEMENT_CODE:
        return StatementError(exchange)
    if status == 404:  # noqa: PLR2004 - its name
        return NotFoundError(exchange)
    return ApiError(exchange)


def _permission_hint(exchange: Exchange) -> str:
    product = next((name for part, name in _PRODUCTS.items() if part in exchange.path), "Account Settings")
    level = "Read" if exchange.method == "GET" else "Edit"
    return (
        f"give the token the permission “Account · {product} · {level}” for this account, "
        "and check that CLOUDFLARE_ACCOUNT_ID is the account's id"
    )


def _rate_limit(exchange: Exchange) -> str | None:
    return None if exchange.retry_after is None else f"it may be asked again in {exchange.retry_after:.0f} s"


def _sentence(exchange: Exchange) -> str:
    facts = [
        None if exchange.status is None else f"HTTP {exchange.status}",
        None if exchange.code is None else f"code {exchange.code}",
        f"cf-ray {exchange.cf_ray}"
        if exchange.cf_ray and (exchange.status or 0) >= _SERVER_TROUBLE
        else None,
    ]
    known = ", ".join(fact for fact in facts if fact)
    causes = "".join(f" ← {message} [{code}]" for code, message in exchange.chain)
    return f"{exchange.message}{causes}" + (f" ({known})" if known else "")
