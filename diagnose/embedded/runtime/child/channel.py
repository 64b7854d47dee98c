"""The one connection to the parent: JSON frames, each preceded by its length in four bytes."""

from __future__ import annotations

import json
import os
from typing import Any, NoReturn

Frame = dict[str, Any]
_HEADER_BYTES = 4
_CHUNK_BYTES = 1 << 20


class Channel:
    """Blocking, one request at a time, so replies need no numbers."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def send(self, frame: Frame) -> None:
        """Write one frame."""
        content = json.dumps(frame, allow_nan=False, separators=(",", ":")).encode()
        view = memoryview(len(content).to_bytes(_HEADER_BYTES, "big") + content)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def receive(self) -> Frame:
        """Read one frame."""
        length = int.from_bytes(self._read(_HEADER_BYTES), "big")
        frame: Frame = json.loads(self._read(length))
        return frame

    def ask(self, frame: Frame) -> Frame:
        """Write a request and read its reply."""
        self.send(frame)
        return self.receive()

    def end(self, frame: Frame) -> NoReturn:
        """Write the last frame and leave without running anything else."""
        self.send(frame)
        os._exit(0)

    def _read(self, length: int) -> bytes:
        parts: list[bytes] = []
        while length:
            part = os.read(self._descriptor, min(length, _CHUNK_BYTES))
            if not part:
                os._exit(1)  # the parent is gone, and nobody is left to tell
            parts.append(part)
            length -= len(part)
        return b"".join(parts)
