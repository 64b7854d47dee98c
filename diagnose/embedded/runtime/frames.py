"""What the child sends, validated: nothing that it writes is trusted to have any shape.

Each frame is a JSON object behind its length in four bytes, big-endian.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from diagnose.embedded.runtime.codec import MalformedFrameError
from diagnose.model import Location

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from diagnose.embedded.invocation import RuntimeLimits

HEADER_BYTES = 4
_LAST_LINE = 10_000_000

Frame = dict[str, Any]


class FrameReader:
    """Reads frames within limits."""

    def __init__(self, stream: asyncio.StreamReader, limits: RuntimeLimits) -> None:
        self._stream = stream
        self._limits = limits
        self._left = limits.total_bytes

    async def read(self) -> Frame | None:
        """The next frame, or None at the end.

        Raises:
            MalformedFrameError: too large, too many, or not a JSON object.
        """
        header = await self._stream.read(HEADER_BYTES)
        if not header:
            return None
        while len(header) < HEADER_BYTES:
            more = await self._stream.read(HEADER_BYTES - len(header))
            if not more:
                raise MalformedFrameError("a frame that ends within its length")
            header += more
        length = int.from_bytes(header, "big")
        self._left -= length
        if length > self._limits.frame_bytes or self._left < 0:
            raise MalformedFrameError(
                f"{length} bytes in one frame, or more than {self._limits.total_bytes} in all"
            )
        return parse_frame(await self._read_exactly(length))

    async def _read_exactly(self, length: int) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            part = await self._stream.read(length - len(parts))
            if not part:
                raise MalformedFrameError("a frame that ends early")
            parts += part
        return bytes(parts)


def parse_frame(content: bytes) -> Frame:
    """A JSON object. Raises MalformedFrameError."""
    try:
        frame = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MalformedFrameError("a frame that is not JSON") from error
    if not isinstance(frame, dict) or not isinstance(frame.get("op"), str):
        raise MalformedFrameError("a frame without an operation")
    return frame


def pack(frame: Mapping[str, Any]) -> bytes:
    """A frame for the child."""
    content = json.dumps(frame, allow_nan=False, separators=(",", ":")).encode()
    return len(content).to_bytes(HEADER_BYTES, "big") + content


def text_of(frame: Mapping[str, Any], key: str) -> str:
    """A string member."""
    value = frame.get(key)
    if not isinstance(value, str):
        raise MalformedFrameError(f"{key} is not text")
    return value


def binding_of(frame: Mapping[str, Any], kinds: Mapping[str, str], kind: str) -> str:
    """The name of a binding of that kind, if the worker has it."""
    name = text_of(frame, "binding")
    if kinds.get(name) != kind:
        raise MalformedFrameError("a binding that the worker does not have")
    return name


def integer_of(frame: Mapping[str, Any], key: str) -> int:
    """An integer member."""
    value = frame.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise MalformedFrameError(f"{key} is not an integer")
    return value


def list_of(frame: Mapping[str, Any], key: str) -> list[Any]:
    """A list member."""
    value = frame.get(key)
    if not isinstance(value, list):
        raise MalformedFrameError(f"{key} is not a list")
    return value


def headers_of(frame: Mapping[str, Any]) -> dict[str, str]:
    """Headers with lower-case names."""
    value = frame.get("headers")
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise MalformedFrameError("headers that are not text")
    return {name.lower(): item for name, item in value.items()}


def location_of(frame: Mapping[str, Any], files: frozenset[str]) -> Location | None:
    """The place in the user's source, if it names one of its files."""
    match frame.get("at"):
        case [str() as path, int() as line] if path in files and 0 < line < _LAST_LINE:
            return Location(path, line)
        case _:
            return None


def error_reply(message: str, name: str = "Error") -> Frame:
    """The reply that becomes an error of JavaScript in the worker."""
    return {"error": {"message": message, "name": name}}
