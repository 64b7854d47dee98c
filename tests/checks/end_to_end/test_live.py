"""The trigger for real, on an account behind a port: what the checks say, and what they quote."""

from __future__ import annotations

import pytest

from diagnose.d1 import Statement
from diagnose.embedded.tokens import EVERYTHING, Permission
from diagnose.model import Severity, Status

pytestmark = pytest.mark.anyio

DATABASE = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
WRANGLER = """\
name = "tides"
main = "worker.py"
compatibility_date = "2026-06-01"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "harbour"
database_id = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
"""
REQUEST = '[trigger]\nkind = "fetch"\nmethod = "POST"\npath = "/import?full=1"\nreported = "inserted"\n'
SWALLOWED = """\
        try:
            await self.env.DB.prepare("INSERT INTO levels (day, tide) VALUES (1, 2)").run()
        except Exception as error:
            print("import failed:", error)
        return Response.json({"inserted": 2})
"""
RAISES = """\
        print("about to load")
        raise KeyError("candles")
"""
QUEUE = """
[[queues.producers]]
binding = "JOBS"
queue = "tides-jobs"

[[queues.consumers]]
queue = "tides-jobs"
max_batch_size = 1
max_batch_timeout = 0
max_retries = 0
dead_letter_queue = "tides-dead"
"""
SENDS = """\
        await self.env.JOBS.send({"day": 1})
        return Response.json({"queued": 1})

    async def queue(self, batch):
        for message in batch.messages:
            print("storing", message.body["day"])
            insert = self.env.DB.prepare("INSERT INTO levels (day, place) VALUES (?, 'north')")
            await insert.bind(message.body["day"]).run()
"""


def rows(server) -> int:
    sql = Statement("SELECT count(*) FROM levels")
    return server.call(lambda: server.account.database(DATABASE).run(sql).rows[0][0])


async def test_rows_that_land_on_the_account(tides, deployed, live_run):
    folder = tides(settings=REQUEST)
    server = deployed(folder)
    found = await live_run(folder)

    assert {code: finding.status for code, finding in found.items()} == {
        "E2E001": Status.PASS,
        "E2E002": Status.PASS,
        "E2E003": Status.PASS,
        "E2E004": Status.SKIP,
    }
    assert found["E2E001"].message == "the trigger answered with status 200 in the account"
    landed = found["E2E002"]
    assert landed.message == "2 rows landed in levels"
    assert landed.resource == f"d1/{DATABASE}/levels"
    assert (landed.evidence["reported"], landed.evidence["landed"], landed.evidence["before"]) == (2, 2, 0)
    assert (landed.evidence["equal"], landed.evidence["statements"]) == (None, None)
    origin = server.base_url.removesuffix("/client/v4")
    assert landed.evidence["live"] == {
        "trigger": f"POST {origin}/import",
        "watched": ["tides"],
        "unwatched": {},
        "gaps": [],
    }
    assert "cannot be seen from outside" in found["E2E004"].message
    assert rows(server) == 2
    (seen,) = server.account.observed.invocations
    assert seen.event["request"]["url"] == "https://tides.embedded.workers.dev/import?full=1"
    assert server.account.tails.of("tides") == ()


async def test_a_swallowed_error_is_quoted_from_the_tail(tides, deployed, live_run):
    folder = tides(SWALLOWED, settings=REQUEST)
    deployed(folder)
    found = await live_run(folder)

    assert found["E2E001"].status is Status.PASS
    lost = found["E2E002"]
    assert (lost.status, lost.severity) == (Status.FAIL, Severity.ERROR)
    assert lost.message.startswith("the worker's log says that D1 refused a statement: import failed: ")
    assert "D1_ERROR: table levels has no column named tide" in lost.message
    assert lost.evidence["error"] in lost.message
    (line,) = lost.evidence["logs"]
    assert line.startswith("tides log: import failed: ")
    assert (lost.evidence["reported"], lost.evidence["landed"]) == (2, 0)


async def test_an_exception_is_found_with_its_stack(tides, deployed, live_run):
    folder = tides(RAISES, settings=REQUEST)
    deployed(folder)
    found = await live_run(folder)

    failed = found["E2E001"]
    assert (failed.status, failed.message) == (Status.FAIL, "the worker raised KeyError: 'candles'")
    assert (failed.evidence["outcome"], failed.evidence["status"]) == ("exception", 500)
    assert 'worker.py", line 7, in fetch' in failed.evidence["traceback"]
    assert failed.evidence["logs"] == ["tides log: about to load", "tides exception: KeyError: 'candles'"]
    assert [line["text"] for line in failed.evidence["timeline"]][1:] == [
        "about to load",
        "KeyError: 'candles'",
    ]
    assert found["E2E002"].status is Status.SKIP


async def test_without_the_tail_permission_it_is_triggered_and_told(tides, deployed, live_run):
    folder = tides(RAISES, settings=REQUEST)
    deployed(folder, permissions=EVERYTHING - {Permission.TAIL_READ})
    found = await live_run(folder)

    failed = found["E2E001"]
    assert failed.status is Status.FAIL
    assert failed.message == "Cloudflare answered in its place: error code 1101"
    assert failed.evidence["live"]["watched"] == []
    assert "Workers Tail" in failed.evidence["live"]["unwatched"]["tides"]
    assert failed.evidence["logs"] == []


async def test_a_number_that_is_not_the_tables(tides, deployed, live_run):
    body = '        return Response.json({"inserted": 9})\n'
    folder = tides(body, settings=REQUEST + '[watch]\ntable = "levels"\n')
    server = deployed(folder)
    lie = (await live_run(folder))["E2E002"]
    assert (lie.status, lie.message) == (Status.FAIL, "the worker reports 9 rows, and 0 landed in levels")

    insert = Statement("INSERT INTO levels VALUES (7, 'here', 0)")
    server.call(lambda: server.account.database(DATABASE).run(insert))
    doubt = (await live_run(folder))["E2E002"]
    assert (doubt.status, doubt.severity) == (Status.WARN, Severity.WARNING)
    assert doubt.message == "the worker reports 9 rows, and 0 landed in levels, where 1 stood before"


async def test_a_second_run_adds_nothing_and_says_so(tides, deployed, live_run):
    folder = tides(settings=REQUEST.replace('reported = "inserted"\n', ""))
    deployed(folder)
    await live_run(folder)
    again = (await live_run(folder))["E2E002"]

    assert (again.status, again.severity) == (Status.WARN, Severity.ADVICE)
    assert again.message == "no row was added to levels: 2 rows stood there before"


async def test_messages_are_followed_to_their_rows(tides, deployed, live_run):
    folder = tides(SENDS, settings='[trigger]\nkind = "fetch"\n', config=WRANGLER + QUEUE)
    server = deployed(folder)
    found = await live_run(folder)

    assert found["E2E002"].message == "1 rows landed in levels"
    followed = found["E2E003"]
    assert (followed.status, followed.message) == (Status.PASS, "tides-dead is empty")
    assert "tides log: storing 1" in found["E2E002"].evidence["logs"]
    assert rows(server) == 1


async def test_messages_that_die_on_the_account(tides, deployed, live_run):
    body = SENDS.replace('message.body["day"]', 'message.body["candles"]')
    folder = tides(body, settings='[trigger]\nkind = "fetch"\n', config=WRANGLER + QUEUE)
    deployed(folder)
    found = await live_run(folder)

    assert found["E2E002"].status is Status.FAIL
    assert found["E2E002"].message == "nothing was written to levels; messages given up: 1"


async def test_a_message_is_sent_as_the_settings_say(tides, deployed, live_run):
    settings = '[trigger]\nkind = "queue"\nbody = { day = 5 }\n'
    folder = tides(SENDS, settings=settings, config=WRANGLER + QUEUE)
    server = deployed(folder)
    found = await live_run(folder)

    assert found["E2E001"].message == "the trigger ran to its end in the account"
    assert found["E2E002"].message == "1 rows landed in levels"
    assert rows(server) == 1


@pytest.mark.parametrize(
    ("settings", "reachable", "why"),
    [
        ("", True, "--live sends nothing that was guessed"),
        ('[trigger]\nkind = "scheduled"\n', True, "a cron trigger cannot be fired over Cloudflare's API"),
        (REQUEST, False, "tides answers neither at workers.dev nor at a custom domain"),
    ],
)
async def test_what_cannot_be_triggered_is_a_skip(tides, deployed, live_run, settings, reachable, why):
    folder = tides(settings=settings)
    server = deployed(folder, reachable=reachable)
    found = await live_run(folder)

    assert {finding.status for code, finding in found.items() if code != "E2E003"} == {Status.SKIP}
    assert found["E2E001"].message.startswith(why)
    assert rows(server) == 0


async def test_a_worker_that_is_not_deployed_is_a_skip(tides, deployed, live_run):
    folder = tides(settings=REQUEST)
    server = deployed(folder)
    server.call(lambda: server.account.delete_script("tides"))
    found = await live_run(folder)

    assert found["E2E001"].message == "the account has no deployed worker tides (DEP001)"


async def test_the_settings_name_another_address(tides, deployed, live_run):
    folder = tides(settings=REQUEST + 'url = "http://127.0.0.1:9"\n')
    deployed(folder)
    found = await live_run(folder)

    assert found["E2E001"].status is Status.SKIP
    assert found["E2E001"].message.startswith("the live trigger failed: POST /import?full=1: no answer: ")
