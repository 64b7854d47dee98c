from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks.config.stale_ignore import StaleIgnore
from diagnose.engine.registry import load_registry
from diagnose.engine.runner import Selection, know_outcomes, run_check, run_checks
from diagnose.engine.session import Session, SessionOptions
from diagnose.model import Severity, Status
from diagnose.plugin import Context, Target

pytestmark = pytest.mark.anyio

CONFIG = 'name = "a"\nmain = "worker.py"\ncompatibility_date = "2026-04-01"\n'
MISSPELT = CONFIG + "quantum_bindings = []\n"
WORKER = """
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await self.env.DB.prepare("DELETE FROM t").run()
"""
ENTRY = '[[ignore]]\ncode = "CFG002"\nreason = "a library"\n'
OVER = "until = 2020-01-31\n"


def project(settings, *, config=MISSPELT, **files):
    return {"wrangler.toml": config, "worker.py": "", "diagnose.toml": settings, **files}


async def run(folder, select=("CFG011",), ignore=()):
    async with Session(SessionOptions(path=folder, target=Target.OFFLINE)) as session:
        found = await run_checks(
            load_registry(), await session.context(), selection=Selection(select, ignore)
        )
    return [finding for finding in found if finding.code == "CFG011"]


async def test_without_entries_there_is_nothing_to_outlive(write_project, found):
    folder = write_project({"wrangler.toml": MISSPELT, "worker.py": ""})

    assert await found("CFG011", folder) == [
        ("pass", "warning", "high", "the settings accept no finding", "None")
    ]


async def test_an_entry_that_is_in_use_passes(write_project, found):
    day = f"until = {(datetime.now(UTC) + timedelta(days=400)).date()}\n"

    assert await found("CFG011", write_project(project(ENTRY + day))) == [
        ("pass", "warning", "high", "every accepted finding is there", "None")
    ]


async def test_an_expired_entry_says_what_is_open_again(write_project):
    (finding,) = await run(write_project(project("# ours\n" + ENTRY + OVER)))

    assert (finding.status, finding.severity) == (Status.WARN, Severity.WARNING)
    assert finding.message == (
        "[[ignore]] of CFG002 (a library) ended on 2020-01-31; 1 finding of it is open again"
    )
    assert str(finding.location) == "diagnose.toml:2:3"
    assert finding.evidence == {
        "problem": "expired",
        "open": 1,
        "code": "CFG002",
        "path": None,
        "reason": "a library",
        "until": "2020-01-31",
    }
    assert finding.fix is not None
    assert finding.fix.available


async def test_an_expired_entry_may_be_left_over(write_project, found):
    ((status, severity, _, message, _),) = await found(
        "CFG011", write_project(project(ENTRY + OVER, config=CONFIG))
    )

    assert (status, severity) == ("warn", "warning")
    assert message.endswith("ended on 2020-01-31; nothing of it is left")


@pytest.mark.parametrize(
    ("entry", "config"),
    [(ENTRY, CONFIG), (ENTRY + 'path = "other/*"\n', MISSPELT), (ENTRY.replace("CFG002", "cfg002"), CONFIG)],
)
async def test_an_unused_entry_is_advice(write_project, entry, config):
    (finding,) = await run(write_project(project(entry, config=config)))

    assert (finding.status, finding.severity) == (Status.WARN, Severity.ADVICE)
    assert "accepts nothing: there is no such finding" in finding.message
    assert finding.evidence["problem"] == "unused"


async def test_a_code_that_no_check_has_is_told_with_its_neighbours(write_project):
    (finding,) = await run(write_project(project(ENTRY.replace("CFG002", "CFG02"))))

    assert finding.status is Status.WARN
    assert finding.message.startswith("[[ignore]] names 'CFG02', a code that no check has; CFG0")
    assert "CFG002" in finding.evidence["near"]
    assert finding.fix is not None
    assert not finding.fix.available


async def test_each_entry_is_judged_for_itself(write_project, found):
    entries = ENTRY + ENTRY.replace("CFG002", "CFG003") + ENTRY.replace("CFG002", "CFG011") + OVER

    assert [(status, message[:22]) for status, _, _, message, _ in await found(
        "CFG011", write_project(project(entries))
    )] == [("warn", "[[ignore]] of CFG003 (")]  # fmt: skip


@pytest.mark.parametrize("code", ["DEP001", "E2E002"])
async def test_a_check_that_did_not_run_judges_no_entry(write_project, found, code):
    folder = write_project(project(ENTRY.replace("CFG002", code) + OVER))

    ((status, _, _, message, place),) = await found("CFG011", folder)

    assert (status, place) == ("skip", "diagnose.toml:1:3")
    assert message == f"{code}, which an entry accepts, did not run"


async def test_a_check_that_was_taken_away_judges_no_entry(write_project):
    folder = write_project(project(ENTRY + OVER))

    (finding,) = await run(folder, select=("CFG",), ignore=("CFG002",))

    assert (finding.status, finding.message) == (
        Status.SKIP,
        "CFG002, which an entry accepts, did not run",
    )


@pytest.mark.parametrize(
    ("files", "entry", "doubt"),
    [
        ({"wrangler.toml": CONFIG + '[env.live]\nname = "b"\n'}, ENTRY, "several configs or environments"),
        ({"wrangler.json": '{"name": "a", "main": "worker.py"}'}, ENTRY, "several configs or environments"),
    ],
)
async def test_what_another_run_may_use_is_not_called_unused(write_project, found, files, entry, doubt):
    folder = write_project(project(entry, config=CONFIG) | files)

    ((status, _, _, message, _),) = await found("CFG011", folder)

    assert status == "skip"
    assert message.startswith("CFG002 has nothing here that an entry accepts, but ")
    assert doubt in message


async def test_a_source_that_is_not_read_to_its_end_may_hold_more(write_project, found, monkeypatch):
    folder = write_project(project(ENTRY.replace("CFG002", "SRC003"), config=CONFIG) | {"worker.py": WORKER})

    monkeypatch.setattr("diagnose.project.source.machine.MOST_STEPS", 0)
    ((status, _, _, message, _),) = await found("CFG011", folder)
    assert (status, message.endswith("the source could not be read to its end")) == ("skip", True)


async def test_settings_above_the_project_may_speak_of_others(write_project, found, tmp_path):
    folder = write_project({"wrangler.toml": CONFIG, "worker.py": ""})
    (tmp_path / "diagnose.toml").write_text(ENTRY)

    ((status, _, _, message, _),) = await found("CFG011", folder)

    assert (status, message.endswith("the settings speak for other projects, too")) == ("skip", True)


async def test_a_check_that_reads_an_account_may_find_more_elsewhere(write_project):
    migration = {"migrations/0001.sql": "CREATE TABLE t (a INTEGER PRIMARY KEY);"}
    database = '[[d1_databases]]\nbinding = "DB"\ndatabase_name = "d"\n'
    source = (
        "from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n"
        "    async def scheduled(self, c):\n"
        '        await self.env.DB.prepare("INSERT INTO t (a) VALUES (?)").bind(1).run()\n'
    )
    files = {"wrangler.toml": CONFIG + database, "worker.py": source, **migration}
    folder = write_project(project(ENTRY.replace("CFG002", "TBL001")) | files)

    (finding,) = await run(folder, select=("CFG011", "TBL001"))

    assert (finding.status, finding.message) == (
        Status.SKIP,
        "TBL001 has nothing here that an entry accepts, but an account may show more",
    )


async def test_the_finding_itself_can_be_accepted(write_project, found):
    own = '[[ignore]]\ncode = "CFG011"\nreason = "kept for the next import"\n'

    ((status, _, _, message, _),) = await found("CFG011", write_project(project(ENTRY + own, config=CONFIG)))

    assert status == "skip"
    assert message.startswith("accepted in the settings (kept for the next import): [[ignore]] of CFG002")


async def test_outside_of_a_run_nothing_is_known(crash):
    (finding,) = await crash(StaleIgnore)

    assert (finding.status, finding.message) == (Status.SKIP, "what the other checks found is not known")


async def test_a_crash_is_an_error():
    ctx = Context(project=None, target=Target.OFFLINE)
    know_outcomes(load_registry(), ctx, Selection())

    (finding,) = await run_check(StaleIgnore, ctx)

    assert finding.status is Status.ERROR
