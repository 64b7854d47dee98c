"""What the HTTP server has to say, in one line each, without tracebacks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_LOGGER: Final = "uvicorn.error"
_DROPPED: Final = "ASGI callable returned without completing response."  # by a fault that asked for it


class UvicornLog(logging.Handler):
    """Tells of what uvicorn logs from warnings on; nobody else is told."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def install(self) -> None:
        """Begin; in a process that serves and does nothing else."""
        logger = logging.getLogger(_LOGGER)
        logger.handlers = [self]
        logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of a record by its message alone."""
        message = record.getMessage().strip()
        if message != _DROPPED:
            self._tell(f"http: {message}")
