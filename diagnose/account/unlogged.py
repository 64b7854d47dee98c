"""Keeps what nobody may see out of the log of requests that the HTTP library writes."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from diagnose.account.secret import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOGGER: Final = "httpx"


@contextmanager
def unlogged(private: str) -> Iterator[None]:
    """Log what holds a text of some private address without it, as long as the block runs."""

    def hide(record: logging.LogRecord) -> bool:
        if private and isinstance(record.args, tuple):
            record.args = tuple(HIDDEN if private in str(value) else value for value in record.args)
        return True

    logger = logging.getLogger(_LOGGER)
    logger.addFilter(hide)
    try:
        yield
    finally:
        logger.removeFilter(hide)
