from __future__ import annotations

import logging

import pytest

from diagnose.embedded.serving.uvicorn_log import UvicornLog


@pytest.fixture
def logger():
    logger = logging.getLogger("uvicorn.error")
    before = logger.handlers, logger.propagate
    yield logger
    logger.handlers, logger.propagate = before


def test_warnings_are_told_without_their_traceback(logger, caplog):
    told: list[str] = []
    UvicornLog(told.append).install()

    logger.info("Started server process [%d]", 7)
    logger.warning("Invalid HTTP request received.")
    logger.error("ASGI callable returned without completing response.")
    error = ValueError("a secret of the request")
    logger.error("Exception in ASGI application\n", exc_info=error)

    assert told == ["http: Invalid HTTP request received.", "http: Exception in ASGI application"]
    assert caplog.records == []
