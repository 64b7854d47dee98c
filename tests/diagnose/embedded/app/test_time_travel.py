from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from diagnose.d1 import Statement
from diagnose.embedded import EmbeddedAccount
from diagnose.embedded.bookmarks import number_of

pytestmark = pytest.mark.anyio

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"
PATH = f"/accounts/0123456789abcdef0123456789abcdef/d1/database/{UUID}"


@pytest.fixture(params=["memory", "folder"])
def embedded(request, tmp_path):
    account_id = "0123456789abcdef0123456789abcdef"
    opened = (
        EmbeddedAccount.memory(account_id=account_id)
        if request.param == "memory"
        else EmbeddedAccount.open(tmp_path / "account", account_id=account_id)
    )
    with opened as account:
        yield account


@pytest.fixture
def engine(embedded):
    embedded.create_database("history", uuid=UUID)
    return embedded.database(UUID)


def refused(response) -> tuple[int, int]:
    (error,) = response.json()["errors"]
    return response.status_code, error["code"]


async def bookmark(api, **query) -> str:
    return (await api.get(f"{PATH}/time_travel/bookmark", params=query)).json()["result"]["bookmark"]


async def restore(api, **query) -> dict[str, str]:
    response = await api.post(f"{PATH}/time_travel/restore", params=query)
    assert response.status_code == 200
    return response.json()["result"]


async def test_bookmarks_advance_with_each_write_and_stay_without(api, engine):
    seen = [await bookmark(api)]
    assert re.fullmatch(r"0000[0-9a-f]{4}(-[0-9a-f]{8}){2}-[0-9a-f]{32}", seen[0])
    for text in ("CREATE TABLE t (a)", "INSERT INTO t VALUES (1)", "DELETE FROM t"):
        engine.run(Statement(text))
        seen.append(await bookmark(api))
        engine.run(Statement("SELECT * FROM t"))
        assert (await api.get(f"{PATH}/time_travel/bookmark?")).json()["result"] == {"bookmark": seen[-1]}
    assert sorted(set(seen)) == seen


async def test_a_restore_brings_back_rows_and_schema_and_is_undone_by_another(api, engine):
    engine.run_all(Statement("CREATE TABLE t (a); INSERT INTO t VALUES (1)"))
    before = await bookmark(api)
    engine.run_all(Statement("DROP TABLE t; CREATE TABLE u (b)"))
    after = await bookmark(api)
    answer = await restore(api, bookmark=before)
    assert (answer["previous_bookmark"], answer["bookmark"] > after) == (after, True)
    assert answer["message"] == f"The database was restored; bookmark {after} leads back"
    assert engine.run(Statement("SELECT * FROM t")).rows == ((1,),)
    assert await bookmark(api) == answer["bookmark"]
    await restore(api, bookmark=after)
    assert [table.name for table in engine.schema().tables] == ["u"]


async def test_a_moment_is_restored(api, embedded, engine):
    engine.run_all(Statement("CREATE TABLE t (a); INSERT INTO t VALUES (1)"))
    held = await bookmark(api)
    since = embedded.history(UUID).current.since
    moment = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=since)).isoformat()
    while embedded.history(UUID).current.since == since:
        engine.run(Statement("DELETE FROM t"))
        engine.run(Statement("INSERT INTO t VALUES (2)"))
    last = embedded.history(UUID).at(since)
    assert number_of(UUID, await bookmark(api, timestamp=moment)) == last.number >= number_of(UUID, held)
    await restore(api, timestamp=moment.replace("+00:00", "Z"))
    rows = engine.run(Statement("SELECT * FROM t")).rows
    await restore(api, bookmark=await bookmark(api, timestamp=moment))
    assert engine.run(Statement("SELECT * FROM t")).rows == rows


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"timestamp": "2020-01-01T00:00:00Z"}, (400, 7400)),
        ({"timestamp": "yesterday"}, (400, 7400)),
        ({"timestamp": (datetime.now(UTC) - timedelta(days=20)).isoformat()}, (400, 7500)),
    ],
)
async def test_a_moment_without_history_is_refused(api, engine, query, expected):
    assert refused(await api.get(f"{PATH}/time_travel/bookmark", params=query)) == expected
    assert refused(await api.post(f"{PATH}/time_travel/restore", params=query)) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, (400, 7400)),
        ({"bookmark": "nonsense"}, (400, 7400)),
        ({"bookmark": f"00000000-00000001-00000000-{'0' * 32}"}, (400, 7400)),
    ],
)
async def test_what_names_no_state_is_refused(api, engine, query, expected):
    assert refused(await api.post(f"{PATH}/time_travel/restore", params=query)) == expected


async def test_a_bookmark_belongs_to_its_database(api, embedded, engine):
    other = embedded.create_database("other")
    path = PATH.replace(UUID, other.uuid)
    response = await api.post(f"{path}/time_travel/restore", params={"bookmark": await bookmark(api)})
    assert refused(response) == (400, 7400)


async def test_the_free_plan_goes_back_seven_days(api, embedded, engine):
    moment = (datetime.now(UTC) - timedelta(days=8)).isoformat()
    assert refused(await api.get(f"{PATH}/time_travel/bookmark", params={"timestamp": moment})) == (400, 7500)
    embedded.plan = "free"
    assert refused(await api.get(f"{PATH}/time_travel/bookmark", params={"timestamp": moment})) == (400, 7400)


async def test_a_bookmark_is_as_old_as_the_end_of_its_state(api, embedded, engine, monkeypatch):
    held = await bookmark(api)
    engine.run(Statement("CREATE TABLE t (a)"))
    days = 86_400_000
    present = embedded.history(UUID).current.since
    monkeypatch.setattr("diagnose.embedded.time_travel.now", lambda: present + 8 * days)
    embedded.plan = "free"
    assert refused(await api.post(f"{PATH}/time_travel/restore?bookmark={held}")) == (400, 7400)
    embedded.plan = "paid"
    assert (await restore(api, bookmark=held))["bookmark"] > held
    assert engine.schema().tables == ()
