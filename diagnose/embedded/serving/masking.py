"""WebSocket frames of clients that do not mask them.

A client has to (https://www.rfc-editor.org/rfc/rfc6455#section-5.1), and a strict server ends the connection
otherwise. Wrangler sends its first frame to a tail unmasked: `mask: false` in `createTail` of 4.86.0 and
4.164.0 (https://github.com/cloudflare/workers-sdk/blob/main/packages/wrangler/src/tail/createTail.ts).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from collections.abc import Iterator

_MASKED: Final = 0x80
_LENGTH: Final = 0x7F
_EXTENDED: Final = {126: 2, 127: 8}  # bytes of the length that follows
_KEY_BYTES: Final = 4
_NO_KEY: Final = bytes(_KEY_BYTES)  # a mask that changes nothing


class Masking:
    """A stream of frames, in which those without a mask get one that changes nothing."""

    def __init__(self) -> None:
        self._kept = b""
        self._payload = 0

    def feed(self, data: bytes) -> bytes:
        """What is to be read instead of `data`; the head of a frame is kept until it is whole."""
        self._kept += data
        return b"".join(self._parts())

    def _parts(self) -> Iterator[bytes]:
        while self._kept:
            if self._payload:
                part, self._kept = self._kept[: self._payload], self._kept[self._payload :]
                self._payload -= len(part)
                yield part
                continue
            head = self._head()
            if head is None:
                return
            yield head

    def _head(self) -> bytes | None:
        """The head of the next frame with a key; None while a part of it is missing."""
        length = self._kept[1] & _LENGTH if len(self._kept) > 1 else 0
        size = 2 + _EXTENDED.get(length, 0)
        masked = len(self._kept) > 1 and bool(self._kept[1] & _MASKED)
        whole = size + _KEY_BYTES if masked else size
        if len(self._kept) < whole:
            return None
        head, key, self._kept = self._kept[:size], self._kept[size:whole], self._kept[whole:]
        self._payload = int.from_bytes(head[2:]) if length in _EXTENDED else length
        return bytes((head[0], head[1] | _MASKED)) + head[2:] + (key or _NO_KEY)


class ForgivingWebSockets(WebSocketsSansIOProtocol):
    """Uvicorn's WebSockets, for clients that mask their frames and for those that do not."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._masking = Masking()

    def data_received(self, data: bytes) -> None:
        """Take what the client sent: first its request, and then frames."""
        super().data_received(self._masking.feed(data) if self.handshake_initiated else data)
