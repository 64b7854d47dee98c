"""What every product's calls share: the account's paths, pages, and facts that are found once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, TypeVar

from diagnose.account.answers import Envelope
from diagnose.account.doubt import Doubt
from diagnose.account.errors import Exchange, MalformedAnswerError, NotFoundError
from diagnose.account.pages import PER_PAGE, Page
from diagnose.account.remembering import Facts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from diagnose.account.budget import OnWait
    from diagnose.account.multipart import Part
    from diagnose.account.transport import Transport

Shape = TypeVar("Shape")
Settle: TypeAlias = Callable[[], Awaitable[Any]]

_REPEATABLE: Final = frozenset({"PUT", "DELETE"})
_FIND_OUT: Final = "look whether it was done before you repeat it"
_PAGES: Final = 600  # an account has up to 50,000 databases


class Session:
    """Calls of one account. Use it in one event loop; `aclose` it, or use `async with`."""

    def __init__(self, transport: Transport, account_id: str) -> None:
        self._transport = transport
        self._facts = Facts()
        self.account_id = account_id

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop what is still being asked, and close the connections."""
        await self._facts.aclose()
        await self._transport.aclose()

    def forget(self) -> None:
        """Ask for every fact again, because something changed."""
        self._facts.forget()

    def tell_waits(self, on_wait: OnWait) -> Callable[[], None]:
        """Tell somebody before each wait that a person would notice. Call what is returned to end that."""
        self._transport.on_wait.append(on_wait)
        return lambda: self._transport.on_wait.remove(on_wait)

    async def pause(self, seconds: float) -> None:
        """Wait, because the account needs a moment."""
        await self._transport.pause(seconds)

    @property
    def requests(self) -> tuple[tuple[str, str], ...]:
        """(method, path) of everything sent so far, in order."""
        return tuple(self._transport.requests)

    def _path(self, rest: str) -> str:
        return f"/accounts/{self.account_id}{rest}"

    async def _read(self, path: str) -> Any:
        """The result of a GET, asked for once. Raises ApiError."""
        return await self._facts.find(path, self._get(path))

    async def _find(self, path: str, absent: frozenset[int]) -> Any:
        """The result of a GET, or None when it answers 404 with one of these codes. Raises ApiError."""
        try:
            return await self._read(path)
        except NotFoundError as error:
            if error.code in absent:
                return None
            raise

    async def _list(self, path: str) -> Sequence[Any]:
        """All items of a paged list, asked for once. Raises ApiError."""
        return await self._facts.find(path, self._pages(path))

    async def _write(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        parts: Sequence[Part] = (),
        repeatable: bool = False,
        settle: Settle | None = None,
        find_out: str = _FIND_OUT,
    ) -> Any:
        """The result of a call that changes something; facts are asked for again.

        Args:
            method: of HTTP. A PUT names all that shall be, and a removal leaves nothing to remove, so doing
                them twice does what doing them once does.
            path: after the API root.
            body: sent as JSON.
            parts: of a form.
            repeatable: the same holds for this call.
            settle: when it may have been done and the answer is lost: looks, with nothing remembered,
                whether it was; the result, or None when it was not.
            find_out: how a person finds out, where `settle` cannot.

        Raises:
            OutcomeUnknownError: it may have been done, and repeating it could do it twice.
            ApiError: anything else went wrong.
        """

        async def look() -> Envelope | None:
            self.forget()
            found = None if settle is None else await settle()
            return None if found is None else Envelope(result=found, result_info={})

        doubt = Doubt(
            repeatable=settle is None and (repeatable or method in _REPEATABLE),
            settle=None if settle is None else look,
            gone=Envelope(result=None, result_info={}) if method == "DELETE" else None,
            find_out=find_out,
        )
        try:
            envelope = await self._transport.call(method, path, body=body, parts=parts, doubt=doubt)
        finally:
            self.forget()
        return envelope.result

    async def _get(self, path: str) -> Any:
        return (await self._transport.call("GET", path)).result

    async def _whole(self, path: str) -> Sequence[Any] | None:
        """All items of a list that the API says fits into one page, else None. Raises ApiError."""
        page = await self._first_page(path)
        return page.items if page.is_whole else None

    async def _pages(self, path: str) -> Sequence[Any]:
        page = await self._first_page(path)
        items = list(page.items)
        for number in range(2, _PAGES + 1):
            if page.is_last(len(items)):
                return items
            page = await self._page(path, number)
            items += page.items
        raise malformed("GET", path, f"the list did not end after {_PAGES} pages")

    async def _first_page(self, path: str) -> Page:
        return await self._facts.find((path, 1), self._page(path, 1))

    async def _page(self, path: str, number: int) -> Page:
        query = {"page": str(number), "per_page": str(PER_PAGE)}
        envelope = await self._transport.call("GET", path, query=query)
        if not isinstance(envelope.result, list):
            raise malformed("GET", path, "the result is not a list")
        return Page.of(envelope.result, envelope.result_info)


def shaped(method: str, path: str, read: Callable[[Any], Shape], result: Any) -> Shape:
    """The result as a value of ours. Raises MalformedAnswerError when it has not the documented shape."""
    try:
        return read(result)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        reason = f"the result is not what is documented ({type(error).__name__}: {error})"
        raise malformed(method, path, reason) from error


def malformed(method: str, path: str, message: str) -> MalformedAnswerError:
    """The error for an envelope whose result is not what the call is documented to answer."""
    return MalformedAnswerError(Exchange(method=method, path=path, message=message))
