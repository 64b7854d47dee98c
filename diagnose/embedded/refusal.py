"""What the embedded account answers instead of a result."""

from __future__ import annotations

from diagnose.d1 import LIMITS
from diagnose.errors import DiagnoseError


class RefusalError(DiagnoseError):
    """An error of the API: HTTP status, Cloudflare's code and text, and the chain of causes.

    Attributes:
        status: of HTTP.
        code: Cloudflare's.
        chain: (code, message) of the causes, outermost first.
        result: what stands in the envelope's `result`: D1 answers `[]`, the others null.
    """

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        chain: tuple[tuple[int, str], ...] = (),
        result: list[object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.chain = chain
        self.result = result


def no_route(path: str) -> RefusalError:
    """A path, or an id in it, that nothing answers to."""
    return RefusalError(
        404,
        7003,
        f"Could not route to {path}, perhaps your object identifier is invalid?",
        chain=((7000, "No route for that URI"),),
    )


def too_many_requests() -> RefusalError:
    """More requests than the rate limit allows. The status is documented, the code is not."""
    limit = f"More than {int(LIMITS.api.requests)} requests per {int(LIMITS.api.seconds)} seconds reached"
    return RefusalError(429, 10500, f"{limit}. Please wait and consider throttling your request speed")


def no_worker() -> RefusalError:
    """A worker that was never uploaded."""
    return RefusalError(404, 10007, "This Worker does not exist on your account.")


def no_version(version_id: str) -> RefusalError:
    """A version that the worker does not have."""
    return RefusalError(404, 100146, f"The version {version_id} could not be found.")


def no_database(database_id: str) -> RefusalError:
    """A database id that the account does not have."""
    return RefusalError(404, 7404, f"The database {database_id} could not be found", result=[])


def invalid_property(message: str) -> RefusalError:
    """A body or a query that D1 does not accept."""
    return RefusalError(400, 7400, message, result=[])
