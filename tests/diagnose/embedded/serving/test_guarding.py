from __future__ import annotations

import pytest

from diagnose.embedded.serving.guarding import BodyLimit, Guard
from diagnose.errors import ProjectError

pytestmark = pytest.mark.anyio


class Sent(list):
    async def __call__(self, message):
        self.append(message)


def scope(path="/client/v4/accounts/x", **headers):
    listed = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "POST", "path": path, "headers": listed}


async def nothing():
    raise AssertionError("nothing is to be read")


def chunks(*sizes):
    left = list(sizes)

    async def receive():
        return {"type": "http.request", "body": b"x" * left.pop(0), "more_body": bool(left)}

    return receive


async def test_an_error_is_told_by_its_place_and_not_by_its_text():
    told: list[str] = []

    async def app(_scope, _receive, _send):
        raise ValueError("a secret of the request")

    await Guard(app, told.append)(scope(), nothing, Sent())

    (line,) = told
    assert line.startswith("internal error: ValueError in ")
    assert "secret" not in line


async def test_an_error_that_was_foreseen_is_told_in_its_own_words():
    told: list[str] = []

    async def app(_scope, _receive, _send):
        raise ProjectError("the disk is full", where="account.json")

    await Guard(app, told.append)(scope(), nothing, Sent())

    assert told == ["error: account.json: the disk is full"]


async def test_a_body_that_is_announced_as_too_large_is_not_read():
    sent = Sent()

    await BodyLimit(nothing, most_bytes=10)(scope(content_length="11"), nothing, sent)

    assert sent[0]["status"] == 413
    assert b'"code":10413' in sent[1]["body"]


async def read_all(_scope, receive, send):
    size = 0
    more = True
    while more:
        message = await receive()
        size, more = size + len(message["body"]), message["more_body"]
    await send(size)


async def test_a_body_in_chunks_is_counted():
    sent = Sent()
    limited = BodyLimit(read_all, most_bytes=10)

    await limited(scope(), chunks(4, 6), sent)
    with pytest.raises(Exception, match="larger than 10 bytes"):
        await limited(scope(), chunks(4, 6, 1), sent)

    assert sent == [10]


async def test_files_for_imports_may_be_larger():
    sent = Sent()

    await BodyLimit(read_all, most_bytes=10)(scope("/upload/x", content_length="11"), chunks(11), sent)

    assert sent == [11]
