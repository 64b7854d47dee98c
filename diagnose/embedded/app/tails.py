"""Tails: live logs of a worker, over a WebSocket whose URL is the secret."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketDisconnect

from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import success
from diagnose.embedded.live.filtering import checked_filters
from diagnose.embedded.live.tails import Feed, packed
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.state import timestamp_of
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.websockets import WebSocket

    from diagnose.embedded.account import EmbeddedAccount
    from diagnose.embedded.app.calls import Call
    from diagnose.embedded.live.tails import Tail

PROTOCOL: Final = "trace-v1"

_WATCH: Final = "/tails/{key}"


async def list_tails(call: Call) -> Response:
    """The tails of a worker, without their URLs: whoever may list them need not be who may watch."""
    tails = call.account.tails.of(call.named_script().name)
    return success([{"id": tail.id, "expires_at": timestamp_of(tail.expires_ms)} for tail in tails])


async def create_tail(call: Call) -> Response:
    """A new tail, which sends what its filters let pass; without a body there are none."""
    script = call.named_script().name
    body: Any = None
    if await call.request.body():
        body = await call.json(RefusalError(400, 10026, "The request body is not JSON."))
    client = call.request.client
    tail = call.account.tails.create(
        script, checked_filters(body), client_ip=client.host if client is not None else None
    )
    return success({"id": tail.id, "url": _url(call, tail), "expires_at": timestamp_of(tail.expires_ms)})


async def delete_tail(call: Call) -> Response:
    """Whoever watches is disconnected."""
    call.account.tails.delete(call.named_script().name, call["tail"])
    return success(None)


def _url(call: Call, tail: Tail) -> str:
    url = call.request.url
    scheme = "wss" if url.scheme == "https" else "ws"
    return f"{scheme}://{url.netloc}{_WATCH.format(key=tail.key)}"


def watch_route(account: EmbeddedAccount) -> WebSocketRoute:
    """Where tails are watched, by whoever knows the URL."""

    async def watch(websocket: WebSocket) -> None:
        tail = account.tails.with_key(websocket.path_params["key"])
        if tail is None:
            await websocket.send_denial_response(PlainTextResponse("there is no such tail", status_code=404))
        elif PROTOCOL not in websocket.scope["subprotocols"]:
            reason = f"the subprotocol must be {PROTOCOL}"
            await websocket.send_denial_response(PlainTextResponse(reason, status_code=400))
        else:
            await websocket.accept(subprotocol=PROTOCOL)
            await _show(websocket, tail)

    return WebSocketRoute(_WATCH, watch)


async def _show(websocket: WebSocket, tail: Tail) -> None:
    """Send frames until the tail is deleted or the client leaves."""
    feed = Feed()
    tail.feeds.append(feed)
    leaving = asyncio.create_task(_until_it_leaves(websocket, feed))
    try:
        while (frame := await feed.next()) is not None:
            await websocket.send_text(packed(frame))
        if not leaving.done():
            await websocket.close()
    except WebSocketDisconnect:
        return
    finally:
        tail.feeds.remove(feed)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)


async def _until_it_leaves(websocket: WebSocket, feed: Feed) -> None:
    """Read what the client says, such as `{"debug":false}` at first, none of which changes anything."""
    message: Any = {}
    while message.get("type") != "websocket.disconnect":
        message = await websocket.receive()
    feed.close()


_TAILS: Final = "/accounts/{account_id}/workers/scripts/{script}/tails"

ROUTES: Final = (
    ApiRoute("GET", _TAILS, list_tails, Permission.TAIL_READ),
    ApiRoute("POST", _TAILS, create_tail, Permission.TAIL_READ),
    ApiRoute("DELETE", _TAILS + "/{tail}", delete_tail, Permission.TAIL_READ),
)
