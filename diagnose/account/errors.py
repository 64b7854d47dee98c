"""What can go wrong between the client and the API.

AccountError
└── ApiError                    facts about the request and the answer
    ├── CredentialError         the token is malformed, unknown, expired
    ├── MissingPermissionError  the token, or the account id, does not reach this product
    ├── NotFoundError           no such database, worker, version or path
    ├── StatementError          D1 refused the SQL
    ├── RateLimitedError        too many requests
    │   └── AllowanceError      the plan's rows of the day are used up
    ├── ServerError             Cloudflare's own trouble
    ├── MalformedAnswerError    not the API's envelope, or one that contradicts its status
    ├── UnreachableError        no answer at all
    └── OutcomeUnknownError     a change that may or may not have been made
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from diagnose.account.exchange import Exchange
from diagnose.account.permissions import dashboard_path, permission_for
from diagnose.d1.taxonomy.judging import Verdict, judged
from diagnose.errors import AccountError

if TYPE_CHECKING:
    from diagnose.d1.taxonomy.known import KnownError

__all__ = [
    "AllowanceError",
    "ApiError",
    "CredentialError",
    "Exchange",
    "MalformedAnswerError",
    "MissingPermissionError",
    "NotFoundError",
    "OutcomeUnknownError",
    "RateLimitedError",
    "ServerError",
    "StatementError",
    "UnreachableError",
    "api_error",
]


class ApiError(AccountError):
    """A request that did not bring what it asked for.

    Attributes:
        exchange: the request and its answer.
        passes: the same request may succeed a little later.
    """

    passes: ClassVar[bool] = False

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
    def may_have_run(self) -> bool:
        """Whether what was asked for may have been done all the same; a refusal says that it was not."""
        return False

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

    @property
    def permission(self) -> str | None:
        """What the token may lack, as the dashboard calls it: `D1 Edit`; None where that is not known."""
        return permission_for(self.method, self.path, reads=self.exchange.reads)


class NotFoundError(ApiError):
    """No such database, worker, version or path."""


class StatementError(ApiError):
    """D1 refused the SQL; `text` is D1's, without `D1_ERROR: `."""

    @property
    def known(self) -> KnownError | None:
        """What is known of such a refusal, or None."""
        return judged(self.status or 0, self.text).known


class RateLimitedError(ApiError):
    """Too many requests. Nothing was done."""

    passes: ClassVar[bool] = True


class AllowanceError(RateLimitedError):
    """The plan's rows of the day are used up, until midnight UTC. Nothing was done."""

    passes: ClassVar[bool] = False


class ServerError(ApiError):
    """Cloudflare's own trouble."""

    passes: ClassVar[bool] = True

    @property
    def may_have_run(self) -> bool:
        """Not known, but for a database that says that it did not begin."""
        return judged(self.status or 0, self.text).verdict is not Verdict.BUSY


class MalformedAnswerError(ApiError):
    """Not the API's envelope, or one that contradicts its status."""

    @property
    def may_have_run(self) -> bool:
        """Not known, but for a redirect or a firewall."""
        return not _REDIRECT <= (self.status or 0) < _SERVER_TROUBLE


class UnreachableError(ApiError):
    """No answer at all."""

    passes: ClassVar[bool] = True

    @property
    def may_have_run(self) -> bool:
        """Whether the request, or a part of it, was sent."""
        return self.exchange.sent


class OutcomeUnknownError(ApiError):
    """A change that may or may not have been made: the answer is lost, and repeating it could make it twice.

    The hint says how to find out.
    """

    @property
    def may_have_run(self) -> bool:
        """That is what is not known."""
        return True


_TROUBLE_HINT: Final = "try again; see https://www.cloudflarestatus.com"
# Codes as listed in https://developers.cloudflare.com/fundamentals/api/troubleshooting/ and seen in use.
_CREDENTIAL_CODES: Final = frozenset({1000, 6003, 6111, 9106})
_PERMISSION_CODES: Final = frozenset({7403, 9109, 10000})
_STATEMENT_CODE: Final = 7500
_QUEUE_ALLOWANCE: Final = 10253
_REDIRECT: Final = 300
_TOO_LATE: Final = 408
_SERVER_TROUBLE: Final = 500
_TOKEN_HINT: Final = "check CLOUDFLARE_API_TOKEN: no quotes or line ends around it, active, not expired"  # noqa: S105 - a hint


def api_error(exchange: Exchange) -> ApiError:  # noqa: PLR0911 - one return for each kind of error
    """The error for an answer that is not a success."""
    status, code = exchange.status or 0, exchange.code
    if status == 429 and code == _QUEUE_ALLOWANCE:  # noqa: PLR2004 - its name
        return AllowanceError(exchange, hint="wait for midnight UTC, or use a paid plan")
    if status == 429:  # noqa: PLR2004 - the code of the body varies, the status does not
        return RateLimitedError(exchange, why=_rate_limit(exchange), hint="wait, then run it again")
    if code in _CREDENTIAL_CODES or (status == 401 and code in _PERMISSION_CODES):  # noqa: PLR2004 - its name
        return CredentialError(exchange, why="nothing can be read without a valid token", hint=_TOKEN_HINT)
    if code in _PERMISSION_CODES or status == 403:  # noqa: PLR2004 - its name
        return MissingPermissionError(exchange, hint=_permission_hint(exchange))
    if code == _STATEMENT_CODE:
        return _statement_error(exchange)
    if status >= _SERVER_TROUBLE or status == _TOO_LATE:
        return ServerError(exchange, hint=_TROUBLE_HINT)
    if status == 404:  # noqa: PLR2004 - its name
        return NotFoundError(exchange)
    return ApiError(exchange)


def _statement_error(exchange: Exchange) -> ApiError:
    """What code 7500 means, which stands for every refusal of a statement."""
    judgement = judged(exchange.status or 0, exchange.message)
    remedy = judgement.known.remedy if judgement.known else None
    match judgement.verdict:
        case Verdict.BUSY | Verdict.TROUBLE:
            return ServerError(exchange, hint=remedy or _TROUBLE_HINT)
        case Verdict.ALLOWANCE:
            return AllowanceError(exchange, hint=remedy)
        case Verdict.ACCOUNT | Verdict.DATA | Verdict.STATEMENT:
            return StatementError(exchange, hint=remedy)


def _permission_hint(exchange: Exchange) -> str:
    permission = permission_for(exchange.method, exchange.path, reads=exchange.reads)
    named = f"the permission “{dashboard_path(permission)}”" if permission else "what this call needs"
    return (
        f"give the token {named} for this account, and check that CLOUDFLARE_ACCOUNT_ID is the account's id"
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
