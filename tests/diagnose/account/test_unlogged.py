from __future__ import annotations

import logging

from diagnose.account.unlogged import unlogged

URL = "https://storage.example/canary-7d1f?signature=x"


def test_only_what_is_private_is_left_out_and_only_for_a_while(caplog):
    caplog.set_level(logging.DEBUG)
    log = logging.getLogger("httpx")
    with unlogged(URL):
        log.info("HTTP Request: %s %s", "PUT", URL)
        log.info("HTTP Request: %s %s", "GET", "https://api.example/")
    with unlogged(""):
        log.info("HTTP Request: %s %s", "GET", URL)
    assert [record.getMessage() for record in caplog.records] == [
        "HTTP Request: PUT [hidden]",
        "HTTP Request: GET https://api.example/",
        f"HTTP Request: GET {URL}",
    ]
    assert log.filters == []
