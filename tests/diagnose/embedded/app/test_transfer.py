from __future__ import annotations

import hashlib
import threading

import pytest

from diagnose.d1 import D1Limits, Limits, Statement

pytestmark = pytest.mark.anyio

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"
PATH = f"/accounts/0123456789abcdef0123456789abcdef/d1/database/{UUID}"


@pytest.fixture
def engine(embedded):
    embedded.create_database("history", uuid=UUID)
    return embedded.database(UUID)


def refused(response) -> tuple[int, int, str]:
    body = response.json()
    assert body["success"] is False
    (error,) = body["errors"]
    return response.status_code, error["code"], error["message"]


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


async def call(api, action: str, **more):
    return (await api.post(f"{PATH}/import", json={"action": action, **more})).json()["result"]


async def upload(api, content: bytes) -> dict[str, str]:
    found = await call(api, "init", etag=md5(content))
    api.headers.pop("Authorization")
    put = await api.put(found["upload_url"], content=content)
    assert (put.status_code, put.headers["etag"]) == (200, f'"{md5(content)}"')
    return found


async def upload_again(api, content: bytes) -> dict[str, str]:
    token = api.headers["Authorization"]
    found = await upload(api, content)
    api.headers["Authorization"] = token
    return found


@pytest.fixture
def import_text(api):
    """Imports a text as a client does; the last answer."""

    async def do(text: str):
        content, token = text.encode(), api.headers["Authorization"]
        found = await upload(api, content)
        api.headers["Authorization"] = token
        answer = await call(api, "ingest", filename=found["filename"], etag=md5(content))
        while answer.get("status") == "active":
            answer = await call(api, "poll", current_bookmark=answer["at_bookmark"])
        return answer

    return do


async def export(api, **options):
    body = {"output_format": "polling", "dump_options": options}
    answer = (await api.post(f"{PATH}/export", json=body)).json()["result"]
    while answer.get("status") == "active":
        again = {**body, "current_bookmark": answer["at_bookmark"]}
        answer = (await api.post(f"{PATH}/export", json=again)).json()["result"]
    return answer


async def test_a_file_is_imported(import_text, engine):
    answer = await import_text(
        "-- a\nCREATE TABLE t (a INTEGER PRIMARY KEY, b);\nINSERT INTO t VALUES (1, 'x;y'), (2, NULL)"
    )
    bookmark = answer.pop("at_bookmark")
    result = answer.pop("result")
    assert answer == {
        "success": True, "type": "import", "status": "complete", "errors": [],
        "messages": ["Processed 2 queries."],
    }  # fmt: skip
    assert (result["num_queries"], result["final_bookmark"] > bookmark) == (2, True)
    meta = result["meta"]
    assert (meta["changes"], meta["rows_written"], meta["last_row_id"], meta["changed_db"]) == (2, 4, 2, True)
    assert (meta["size_after"], meta["served_by"]) == (engine.size_bytes, "embedded")
    assert engine.run(Statement("SELECT * FROM t")).rows == ((1, "x;y"), (2, None))


async def test_the_same_content_is_not_uploaded_twice(api, import_text, engine):
    text = "CREATE TABLE IF NOT EXISTS t (a); INSERT INTO t VALUES (1);"
    await import_text(text)
    again = await call(api, "init", etag=md5(text.encode()))
    assert (again["status"], again["result"]["num_queries"]) == ("complete", 2)
    assert engine.run(Statement("SELECT * FROM t")).rows == ((1,), (1,))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("INSERT INTO t VALUES (2); INSERT INTO t VALUES (1);", "UNIQUE constraint failed: t.a"),
        ("DELETE FROM t; SELECT * FROM nope", "no such table: nope: SQLITE_ERROR"),
        ("DELETE FROM t; CREATE TABLE u (", "incomplete input: SQLITE_ERROR"),
        ("DELETE FROM t; BEGIN TRANSACTION;", "To execute a transaction, please use"),
        (f"DELETE FROM t; INSERT INTO t VALUES ('{'x' * 100_000}')", "statement too long: SQLITE_TOOBIG"),
        ("  -- nothing\n", "No SQL statements detected."),
    ],
)
async def test_a_file_that_fails_changes_nothing_and_says_why(import_text, engine, text, error):
    engine.run_all(Statement("CREATE TABLE t (a PRIMARY KEY); INSERT INTO t VALUES (1)"))
    answer = await import_text(text)
    assert (answer["success"], answer["status"], answer["errors"]) == (False, "error", [answer["error"]])
    assert answer["error"].startswith(error)
    assert engine.run(Statement("SELECT * FROM t")).rows == ((1,),)
    engine.run(Statement("INSERT INTO t VALUES (7)"))


async def test_bytes_that_are_no_utf_8_are_refused(api, engine):
    content = b"CREATE TABLE t (a); INSERT INTO t VALUES ('\xff');"
    token = api.headers["Authorization"]
    found = await upload(api, content)
    api.headers["Authorization"] = token
    answer = await call(api, "ingest", filename=found["filename"], etag=md5(content))
    assert (answer["status"], answer["error"]) == ("error", "the file is not valid UTF-8")
    assert engine.schema().tables == ()


async def test_an_upload_that_differs_is_not_ingested(api, engine):
    found = await call(api, "init", etag=md5(b"SELECT 1"))
    put = await api.put(found["upload_url"], content=b"SELECT 2")
    assert put.headers["etag"] == f'"{md5(b"SELECT 2")}"'
    body = {"action": "ingest", "filename": found["filename"], "etag": md5(b"SELECT 1")}
    assert refused(await api.post(f"{PATH}/import", json=body))[:2] == (400, 7400)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"action": "init"},
        {"action": "init", "etag": "x"},
        {"action": "ingest", "etag": "0" * 32, "filename": "nope"},
        {"action": "poll"},
    ],
)
async def test_a_body_that_is_no_import_is_refused(api, engine, body):
    assert refused(await api.post(f"{PATH}/import", json=body))[:2] == (400, 7400)


async def test_a_poll_for_nothing_fails(api, engine):
    answer = await call(api, "poll", current_bookmark="0" * 8)
    assert answer == {"success": False, "error": "There is no import at this bookmark."}


async def test_an_address_cannot_be_guessed_and_expires(api, embedded, engine):
    found = await call(api, "init", etag=md5(b""))
    path, _, key = found["upload_url"].rpartition("/")
    assert (path, len(key)) == ("http://embedded.invalid/transfers", 43)
    assert (await api.put(f"{path}/{key[:-1]}", content=b"")).status_code == 403
    embedded.transfers.links._now = lambda: float("inf")
    assert (await api.put(found["upload_url"], content=b"")).status_code == 403


async def test_a_file_that_is_larger_than_d1_takes_is_refused(api, engine, monkeypatch):
    small = Limits(d1=D1Limits().pinned(import_file_bytes=10))
    monkeypatch.setattr("diagnose.embedded.app.transfer.LIMITS", small)
    for content, status in ((b"SELECT 1;\n", 200), (b"SELECT 12;\n", 413)):
        found = await call(api, "init", etag=md5(content))
        assert (await api.put(found["upload_url"], content=content)).status_code == status
    body = {"action": "ingest", "filename": found["filename"], "etag": md5(content)}
    assert refused(await api.post(f"{PATH}/import", json=body))[:2] == (400, 7400)


async def test_an_upload_that_has_expired_is_sent_again(api, embedded, engine):
    content = b"SELECT 1;"
    first = await upload_again(api, content)
    embedded.transfers.links._now = lambda: 1e12
    second = await upload_again(api, content)
    assert first["filename"] != second["filename"]
    assert [*embedded.transfers._uploads] == [second["filename"]]
    assert [file.name for file in embedded.scratch().iterdir()] == [second["filename"]]


async def test_a_database_that_takes_a_file_serves_no_queries(api, embedded, engine):
    taken, go_on = threading.Event(), threading.Event()

    def import_slowly() -> None:
        with engine.importing() as run:
            run("CREATE TABLE t (a)")
            taken.set()
            go_on.wait(10)

    thread = threading.Thread(target=import_slowly)
    thread.start()
    taken.wait(10)
    try:
        response = await api.post(f"{PATH}/query", json={"sql": "SELECT 1"})
        assert refused(response) == (500, 7500, "Currently processing a long-running import.")
    finally:
        go_on.set()
        thread.join()
    assert (await api.post(f"{PATH}/query", json={"sql": "SELECT * FROM t"})).status_code == 200


async def test_an_import_that_runs_shows_its_progress_and_ends_with_the_account(api, embedded, engine):
    statements = "".join(f"INSERT INTO t VALUES ({number});\n" for number in range(300_000))
    content = f"CREATE TABLE t (a);\n{statements}".encode()
    token = api.headers["Authorization"]
    found = await upload(api, content)
    api.headers["Authorization"] = token
    answer = await call(api, "ingest", filename=found["filename"], etag=md5(content))
    assert (answer["success"], answer["status"], answer["errors"]) == (True, "active", [])
    assert all(message.startswith("Processed ") for message in answer["messages"])
    described = (await api.get(PATH)).json()["result"]
    assert (described["num_tables"], described["file_size"]) == (0, 4096)
    for path, body in (("import", {"action": "init", "etag": md5(content)}), ("time_travel/restore", None)):
        response = await api.post(f"{PATH}/{path}?bookmark=x", json=body)
        assert refused(response) == (500, 7500, "Currently processing a long-running import.")
    assert refused(await api.delete(PATH))[:2] == (500, 7500)
    embedded.transfers.close()
    assert engine.schema().tables == ()


async def test_a_dump_is_that_of_d1(api, embedded, engine):
    engine.run_all(
        Statement(
            'CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT, c, "d""e");'
            "CREATE TABLE 'quoted' (a);"
            "CREATE INDEX i ON t (b); CREATE VIEW v AS SELECT a FROM t;"
            "CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN INSERT INTO t (b) VALUES (new.a); END;"
            "INSERT INTO t VALUES (7, 'it''s' || char(10) || 'so', x'00ff', NULL),"
            " (9007199254740993, '', 0.1, 1.0)"
        )
    )
    answer = await export(api)
    assert (answer["success"], answer["type"], answer["status"]) == (True, "export", "complete")
    api.headers.pop("Authorization")
    response = await api.get(answer["result"]["signed_url"])
    assert response.text == (
        "PRAGMA defer_foreign_keys=TRUE;\n"
        'CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT, c, "d""e");\n'
        'INSERT INTO "t" ("a","b","c","d""e") VALUES(7,\'it\'\'s\nso\',X\'00FF\',NULL);\n'
        'INSERT INTO "t" ("a","b","c","d""e") VALUES(9007199254740993,\'\',0.1,1.0);\n'
        "CREATE TABLE IF NOT EXISTS 'quoted' (a);\n"
        "DELETE FROM sqlite_sequence;\n"
        'INSERT INTO "sqlite_sequence" ("name","seq") VALUES(\'t\',9007199254740993);\n'
        "CREATE INDEX i ON t (b);\n"
        "CREATE VIEW v AS SELECT a FROM t;\n"
        "CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN INSERT INTO t (b) VALUES (new.a); END;\n"
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"no_schema": True}, 'INSERT INTO "t" ("a") VALUES(1);\nINSERT INTO "u" ("a") VALUES(2);\n'),
        ({"no_data": True, "tables": ["u"]}, "CREATE TABLE u (a);\n"),
        (
            {"tables": ["t", "i"]},
            'CREATE TABLE t (a);\nINSERT INTO "t" ("a") VALUES(1);\nCREATE INDEX i ON t (a);\n',
        ),
        ({"tables": ["nope"]}, ""),
    ],
)  # fmt: skip
async def test_a_dump_holds_what_is_asked_for(api, engine, options, expected):
    engine.run_all(
        Statement(
            "CREATE TABLE t (a); CREATE TABLE u (a); CREATE INDEX i ON t (a);"
            "INSERT INTO t VALUES (1); INSERT INTO u VALUES (2)"
        )
    )
    answer = await export(api, **options)
    response = await api.get(answer["result"]["signed_url"])
    assert response.text == "PRAGMA defer_foreign_keys=TRUE;\n" + expected


async def test_virtual_tables_are_not_exported(api, engine):
    engine.run(Statement("CREATE VIRTUAL TABLE f USING fts5(x)"))
    answer = await export(api)
    text = "D1 Export error: cannot export databases with Virtual Tables (fts5)"
    assert (answer["success"], answer["status"], answer["error"]) == (False, "error", text)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"output_format": "file"},
        {"output_format": "polling", "dump_options": {"no_schema": True, "no_data": True}},
        {"output_format": "polling", "dump_options": {"tables": "t"}},
        {"output_format": "polling", "dump_options": {"nope": 1}},
        {"output_format": "polling", "current_bookmark": 7},
    ],
)
async def test_a_body_that_is_no_export_is_refused(api, engine, body):
    assert refused(await api.post(f"{PATH}/export", json=body))[:2] == (400, 7400)
