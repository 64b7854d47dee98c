from __future__ import annotations

import asyncio
import hashlib
import json

import pytest

from diagnose.account import ApiError, MalformedAnswerError, Secret, StatementError, UnreachableError
from diagnose.account.transfers import Imported
from diagnose.d1 import Statement

pytestmark = pytest.mark.anyio

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"
PATH = f"/accounts/0123456789abcdef0123456789abcdef/d1/database/{UUID}"
CANARY = "https://uploads.example/canary-7d1f?signature=5d0b7c1e"


@pytest.fixture
def engine(embedded):
    embedded.create_database("history", uuid=UUID)
    return embedded.database(UUID)


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "file.sql"
    file.write_text("CREATE TABLE t (a);\nINSERT INTO t VALUES ('ü'), (2);\n", encoding="utf-8")
    return file


async def test_a_file_is_imported_without_the_token(account, embedded, engine, file):
    imported = await account.import_file(UUID, file)
    assert (imported.queries, imported.meta.changes) == (2, 2)
    assert imported.bookmark == await account.bookmark(UUID)
    assert engine.run(Statement("SELECT * FROM t")).rows == (("ü",), (2,))
    bookmark, part = ("GET", f"{PATH}/time_travel/bookmark"), ("POST", f"{PATH}/import")
    assert account.requests == (bookmark, part, part, bookmark)


async def test_what_was_uploaded_before_is_not_sent_again(account, engine, file):
    await account.import_file(UUID, file)
    engine.run(Statement("DROP TABLE t"))
    assert (await account.import_file(UUID, file)).queries == 2
    bookmark, part = ("GET", f"{PATH}/time_travel/bookmark"), ("POST", f"{PATH}/import")
    assert account.requests == (bookmark, part, part, bookmark, part)


async def test_an_import_that_fails_says_why_and_changes_nothing(account, engine, tmp_path):
    file = tmp_path / "file.sql"
    file.write_text("CREATE TABLE t (a); INSERT INTO nope VALUES (1);")
    with pytest.raises(StatementError) as caught:
        await account.import_file(UUID, file)
    assert caught.value.text == "no such table: nope: SQLITE_ERROR"
    assert engine.schema().tables == ()


async def test_what_is_exported_can_be_imported(account, embedded, engine, file, tmp_path):
    await account.import_file(UUID, file)
    other = embedded.create_database("other")
    dump = tmp_path / "dump.sql"
    size = await account.export(UUID, dump)
    assert size == dump.stat().st_size
    await account.import_file(other.uuid, dump)
    assert embedded.database(other.uuid).run(Statement("SELECT * FROM t")).rows == (("ü",), (2,))
    await account.export(UUID, dump, tables=["t"], data=False)
    assert dump.read_text() == "PRAGMA defer_foreign_keys=TRUE;\nCREATE TABLE t (a);\n"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["dump.sql", "file.sql"]


async def test_an_export_that_is_refused_leaves_no_file(account, engine, tmp_path):
    engine.run(Statement("CREATE VIRTUAL TABLE f USING fts5(x)"))
    with pytest.raises(StatementError, match="Virtual Tables"):
        await account.export(UUID, tmp_path / "dump.sql")
    assert list(tmp_path.iterdir()) == []


async def test_a_restore_is_undone_by_its_previous_bookmark(account, engine):
    before = await account.bookmark(UUID)
    engine.run(Statement("CREATE TABLE t (a)"))
    restored = await account.restore(UUID, bookmark=before)
    assert engine.schema().tables == ()
    undone = await account.restore(UUID, bookmark=restored.previous_bookmark)
    assert [table.name for table in engine.schema().tables] == ["t"]
    assert undone.previous_bookmark == restored.bookmark
    with pytest.raises(ApiError) as caught:
        await account.restore(UUID, timestamp="2020-01-01T00:00:00Z")
    assert caught.value.code == 7400
    with pytest.raises(ApiError) as caught:
        await account.bookmark(UUID, "2020-01-01T00:00:00+00:00")
    assert caught.value.code == 7400


def envelope(result) -> bytes:
    return json.dumps({"success": True, "errors": [], "messages": [], "result": result}).encode()


BOOKMARK = envelope({"bookmark": "a"})


def polled(status: str, **more) -> bytes:
    answer = {"success": True, "type": "import", "at_bookmark": "b", "messages": [], "status": status}
    return envelope({**answer, **more})


async def test_polls_go_on_until_it_has_ended(scripted, server, clock, file):
    result = {"num_queries": 2, "final_bookmark": "c", "meta": {}}
    server.answer(200, BOOKMARK)
    server.answer(200, polled("active"))
    server.answer(503, b"<html>")
    server.answer(200, polled("active"))
    server.answer(200, polled("complete", result=result))
    imported = await scripted.import_file(UUID, file)
    assert imported == Imported(queries=2, bookmark="c", meta=imported.meta)
    assert [method for method, _, _ in server.seen] == ["GET", *["POST"] * 4]


async def test_an_import_whose_answer_is_lost_is_found_by_its_bookmark(scripted, server, file):
    result = {"num_queries": 2, "final_bookmark": "c", "meta": {}}
    server.answer(200, BOOKMARK)
    server.answer(504, b"<html>")
    server.answer(200, polled("active"))
    server.answer(200, polled("complete", result=result))
    assert (await scripted.import_file(UUID, file)).bookmark == "c"
    assert [(method, path) for method, path, _ in server.seen[1:]] == [
        ("POST", f"/client/v4{PATH}/import")
    ] * 3


async def test_a_database_that_takes_a_file_is_waited_for(scripted, server, file):
    nothing = envelope({"success": False, "error": "There is no import at this bookmark."})
    busy = {"code": 7500, "message": "Currently processing a long-running import."}
    server.answer(200, BOOKMARK)
    server.answer(504, b"<html>")
    server.answer(200, nothing)
    for _ in range(5):
        server.answer(500, json.dumps({"success": False, "errors": [busy], "result": []}).encode())
    server.answer(200, nothing)
    server.answer(200, envelope([]))
    server.answer(200, envelope({"bookmark": "b"}))
    server.answer(200, polled("complete", result={"num_queries": 2, "final_bookmark": "b", "meta": {}}))
    assert (await scripted.import_file(UUID, file)).bookmark == "b"
    assert server.answers == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"success": True, "status": "error", "errors": ["a", "b"]}, "a; b"),
        ({"success": False, "error": "reset"}, "reset"),
        ({"success": False}, "it failed without a reason"),
    ],
)
async def test_every_form_of_failure_is_understood(scripted, server, file, answer, reason):
    server.answer(200, BOOKMARK)
    server.answer(200, envelope(answer))
    with pytest.raises(StatementError) as caught:
        await scripted.import_file(UUID, file)
    assert caught.value.text == reason


@pytest.mark.parametrize("etag", ["", f'"{"0" * 32}"'])
async def test_a_file_that_does_not_arrive_whole_is_not_ingested(scripted, server, file, etag):
    server.answer(200, BOOKMARK)
    server.answer(200, envelope({"filename": "x.sql", "upload_url": CANARY}))
    server.answer(200, b"", **({"etag": etag} if etag else {}))
    with pytest.raises(MalformedAnswerError, match="did not arrive as it was sent"):
        await scripted.import_file(UUID, file)
    assert [(method, path) for method, path, _ in server.seen[2:]] == [("PUT", "/canary-7d1f")]


async def test_an_upload_carries_the_file_and_no_token(scripted, server, file):
    md5 = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
    result = {"num_queries": 1, "final_bookmark": "c", "meta": {}}
    server.answer(200, BOOKMARK)
    server.answer(200, envelope({"filename": "x.sql", "upload_url": CANARY}))
    server.answer(200, b"", etag=f'"{md5}"')
    server.answer(200, polled("complete", result=result))
    await scripted.import_file(UUID, file)
    headers = [headers for _, _, headers in server.seen]
    assert ["authorization" in sent for sent in headers] == [True, True, False, True]
    assert headers[2]["content-length"] == str(file.stat().st_size)


@pytest.mark.parametrize("status", [301, 403, 500])
async def test_an_address_that_does_not_take_the_file_stays_hidden(scripted, server, file, status):
    server.answer(200, BOOKMARK)
    server.answer(200, envelope({"filename": "x.sql", "upload_url": CANARY}))
    server.answer(status, CANARY.encode(), location=CANARY)
    with pytest.raises(ApiError) as caught:
        await scripted.import_file(UUID, file)
    assert f"HTTP {status}" in str(caught.value)
    assert "canary" not in f"{caught.value!r} {caught.value} {caught.value.exchange!r} {scripted.requests}"


@pytest.mark.parametrize(
    "url",
    ["http://uploads.example/x", "http://127.0.0.1:1/x", "file:///etc/passwd", "//x/y", "https://u:p@x/y"],
)  # fmt: skip
async def test_no_file_travels_to_an_address_that_is_not_https(scripted, server, file, url):
    server.answer(200, BOOKMARK)
    server.answer(200, envelope({"filename": "x.sql", "upload_url": url}))
    with pytest.raises(MalformedAnswerError, match="is not https"):
        await scripted.import_file(UUID, file)
    assert len(server.seen) == 2


async def test_a_download_that_breaks_off_leaves_the_old_file(scripted, server, tmp_path):
    dump = tmp_path / "dump.sql"
    dump.write_text("old")
    server.answer(200, polled("complete", result={"filename": "x.sql", "signed_url": CANARY}))
    server.answer(403, b"")
    with pytest.raises(ApiError, match="valid for an hour"):
        await scripted.export(UUID, dump)
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("dump.sql", "old")]


async def test_nobody_at_the_address_is_said(embedded, tmp_path):
    import httpx

    from diagnose.account.private_files import PrivateFiles

    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        with pytest.raises(UnreachableError) as caught:
            await PrivateFiles(client).fetch(Secret(f"http://127.0.0.1:{port}/canary"), tmp_path / "x")
    server.close()
    assert "canary" not in f"{caught.value} {caught.value!r}"
    assert list(tmp_path.iterdir()) == []
