"""The envelope around every answer of the API, and the pages that lists are cut into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from starlette.responses import JSONResponse

from diagnose.embedded.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.datastructures import QueryParams

Item = TypeVar("Item")


def success(
    result: Any,
    *,
    messages: Sequence[Mapping[str, Any]] = (),
    result_info: Mapping[str, int] | None = None,
) -> JSONResponse:
    """HTTP 200 around a result."""
    body = {"result": result, "success": True, "errors": [], "messages": list(messages)}
    return JSONResponse(body if result_info is None else {**body, "result_info": result_info})


def failure(refusal: RefusalError) -> JSONResponse:
    """The refusal with its own status."""
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.chain:
        error["error_chain"] = [{"code": code, "message": message} for code, message in refusal.chain]
    body = {"result": refusal.result, "success": False, "errors": [error], "messages": []}
    return JSONResponse(body, status_code=refusal.status)


def invalid_page(message: str) -> RefusalError:
    """A page that cannot be. Which code products other than D1 have for it is unverified."""
    return RefusalError(400, 10026, message)


def page(
    items: Sequence[Item],
    query: QueryParams,
    *,
    per_page: int,
    refusal: Callable[[str], RefusalError] = invalid_page,
) -> JSONResponse:
    """The page that a query asks for, as an answer. Raises RefusalError as `page_of`."""
    shown, info = page_of(items, query, per_page=per_page, refusal=refusal)
    return success(list(shown), result_info=info)


def page_of(
    items: Sequence[Item],
    query: QueryParams,
    *,
    per_page: int,
    refusal: Callable[[str], RefusalError] = invalid_page,
) -> tuple[Sequence[Item], dict[str, int]]:
    """The page that a query asks for, empty past the end, and its `result_info`.

    Args:
        items: of all pages.
        query: with `page` (from 1) and `per_page`.
        per_page: when the query does not say.
        refusal: of a number that is none, or below 1; it is raised with what is wrong.
    """
    number, size = _number(query, "page", 1, refusal), _number(query, "per_page", per_page, refusal)
    shown = items[(number - 1) * size : number * size]
    info = {
        "page": number,
        "per_page": size,
        "count": len(shown),
        "total_count": len(items),
        "total_pages": -(-len(items) // size),
    }
    return shown, info


def _number(query: QueryParams, name: str, default: int, refusal: Callable[[str], RefusalError]) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise refusal(f"{name}: must be a number from 1")
    return int(text)
