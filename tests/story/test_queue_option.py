"""The demo repaired with a queue: by the worker's own consumer, and by one in TypeScript."""

from __future__ import annotations

import re
import shutil

import pytest

from diagnose.demo.account import MAIN

QUEUE, DEAD = "price-history-import-price-data", "price-history-import-price-data-dead-letters"
CONSUMER = f"{QUEUE}-consumer"
ANSWERS = ("--option", "option=queue", "--option", "trigger=cron:0 3 * * *")
MODULE = "pyswarm/Data_Import/price_data_queue.py"
TYPESCRIPT = {
    "pyswarm/price-data-consumer/src/index.ts",
    "pyswarm/price-data-consumer/wrangler.toml",
}


def fixed(diagnose, broken_demo, folder, *words):
    """A demo after `fix`, and how the command ended."""
    shutil.copytree(broken_demo, folder)
    return folder, diagnose("fix", folder, "--yes", *ANSWERS, *words)


@pytest.fixture(scope="module")
def queued(diagnose, broken_demo, tmp_path_factory):
    return fixed(diagnose, broken_demo, tmp_path_factory.mktemp("queued") / "demo")


@pytest.fixture(scope="module")
def in_typescript(diagnose, broken_demo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("typescript") / "demo"
    return fixed(diagnose, broken_demo, folder, "--consumer", "typescript")


@pytest.fixture(scope="module")
def after(diagnose, queued):
    return diagnose("run", queued[0], "--format", "json")


def outcomes(ended, code):
    """What became of the findings with a code."""
    lines = [line for line in ended.out.splitlines() if line.startswith(f"{code}  ")]
    return [line.split("  ", 1)[1].partition(" – ")[0] for line in lines]


def account_of(folder):
    from diagnose.embedded import EmbeddedAccount

    return EmbeddedAccount.load_snapshot(folder / ".diagnose" / "account")


def state_of(folder):
    """Scripts with what they consume, queues, and tables of the saved account."""
    with account_of(folder) as account:
        return (
            sorted(account.scripts),
            {queue.name: queue.consumer and queue.consumer.script for queue in account.queues.values()},
            sorted(
                table.name for uuid in account.databases for table in account.database(uuid).schema().tables
            ),
        )


def test_everything_is_fixed(queued):
    _, ended = queued
    assert ended.code == 0, ended.out + ended.err
    assert outcomes(ended, "LIM001") == ["fixed"]
    assert outcomes(ended, "QUE001") == ["in order"]
    assert outcomes(ended, "DEP001") == ["fixed"]
    assert outcomes(ended, "DEP004") == ["fixed"]
    assert outcomes(ended, "E2E002") == ["fixed"]


def test_every_row_arrives_through_the_queues_own_consumer(after):
    assert after.code == 0
    wrong = [f for f in after.json["findings"] if f["status"] in {"fail", "warn", "error"}]
    assert wrong == []
    for code in ("E2E002", "E2E004"):
        (finding,) = after.findings(code)
        evidence = finding["evidence"]
        assert (evidence["fetched"], evidence["landed"], evidence["equal"]) == (2000, 2000, 2000)


def test_what_the_worker_reports_is_what_it_queued_and_what_landed(queued, after):
    folder, _ = queued
    (finding,) = after.findings("E2E002")
    assert finding["evidence"]["reported"] == 2000
    told = [event["text"] for event in finding["evidence"]["timeline"]]
    assert f"queue {QUEUE}: 2 messages" in told
    assert f"{QUEUE}: 2 acknowledged" in told
    assert "Queued 2000 candles for BTC" in told
    assert 'reported = "queued"' in (folder / "diagnose.toml").read_text()


def test_nothing_is_left_in_the_queues(after):
    sent, *queues = after.findings("E2E003")
    assert {finding["status"] for finding in (sent, *queues)} == {"pass"}
    figures = ("sent", "acked", "retried", "dead_lettered", "dropped", "left")
    assert [sent["evidence"][figure] for figure in figures] == [2, 2, 0, 0, 0, 0]
    assert 2 * 127_900 >= sent["evidence"]["bytes"] > 128_000


def test_the_account_has_the_queue_its_consumer_and_the_rows(queued):
    from diagnose.d1 import Statement

    folder, _ = queued
    assert state_of(folder)[:2] == (
        ["price-history-import"],
        {QUEUE: "price-history-import", DEAD: None},
    )
    with account_of(folder) as account:
        (count,) = account.database(MAIN.uuid).run(Statement("SELECT count(*) FROM price_data")).rows
    assert count == (2000,)


def test_a_second_fix_changes_nothing(diagnose, queued, tmp_path, files):
    folder = shutil.copytree(queued[0], tmp_path / "again")
    saved = files(folder)
    ended = diagnose("fix", folder, "--yes", *ANSWERS)
    assert ended.code == 0, ended.out
    assert "Nothing to repair." in ended.out
    assert files(folder) == saved


@pytest.mark.parametrize("option", ["queued", "in_typescript"])
def test_undo_brings_files_and_account_back(diagnose, option, request, broken_demo, tmp_path, sources):
    folder = shutil.copytree(request.getfixturevalue(option)[0], tmp_path / "undone")
    ended = diagnose("undo", folder, "--yes")
    assert ended.code == 0, ended.out + ended.err
    assert sources(folder) == sources(broken_demo)
    assert not (folder / "pyswarm" / "price-data-consumer").exists()
    assert (
        state_of(folder)
        == state_of(broken_demo)
        == (
            [],
            {},
            ["import_progress", "price_data"],
        )
    )


def test_a_consumer_in_typescript_is_applied_and_not_proven(in_typescript, broken_demo, sources):
    folder, ended = in_typescript
    assert outcomes(ended, "LIM001") == ["applied, not proven"]
    assert outcomes(ended, "DEP001") == ["fixed"]
    assert sources(folder).keys() - sources(broken_demo).keys() == {
        MODULE,
        "pyswarm/migrations/0001_create_price_data.sql",
        *TYPESCRIPT,
    }
    assert b"write_price_data" not in sources(folder)[MODULE]
    assert state_of(folder)[:2] == (["price-history-import", CONSUMER], {QUEUE: CONSUMER, DEAD: None})


def test_what_cannot_be_executed_is_never_called_landed(diagnose, in_typescript):
    folder, ended = in_typescript
    assert ended.code == 1
    assert outcomes(ended, "E2E002") == ["no automated repair"]
    assert "start the import there, and look with: diagnose run --target cloudflare" in ended.out
    run = diagnose("run", folder, "--format", "json")
    for code in ("E2E002", "E2E004"):
        (finding,) = run.findings(code)
        assert finding["status"] == "skip"
        assert f"{CONSUMER} (index.js) is not Python" in finding["message"]
    assert [f["code"] for f in run.json["findings"] if f["status"] in {"fail", "error"}] == []


def test_the_plan_is_shown_in_its_order(in_typescript):
    _, ended = in_typescript
    steps = re.findall(r"^  \d+\. (.+)$", ended.out.partition("\nSRC001 ")[0], re.MULTILINE)
    assert steps == [
        "edit pyswarm/wrangler_historical_import.toml",
        "edit pyswarm/Data_Import/historical_worker.py",
        f"create {MODULE}",
        "edit diagnose.toml",
        "create pyswarm/price-data-consumer/wrangler.toml",
        "create pyswarm/price-data-consumer/src/index.ts",
        "create pyswarm/migrations/0001_create_price_data.sql",
        f"apply migration 0001_create_price_data.sql to database market-archive ({MAIN.uuid})",
        f"create queue {DEAD}",
        f"create queue {QUEUE}",
        f"deploy worker {CONSUMER}",
    ]


def test_the_consumer_is_one_of_two(diagnose, demo):
    ended = diagnose("fix", demo, "--yes", "--consumer", "rust")
    assert ended.code == 2
    assert "'rust' is not one of 'python', 'typescript'" in ended.err


def test_the_plans_alone_change_nothing(diagnose, demo, files):
    saved = files(demo)
    ended = diagnose("fix", demo, *ANSWERS)
    assert ended.code == 1
    assert "await queue_price_data(env, params)" in ended.out
    assert f"POST /queues {QUEUE}" in ended.out
    assert files(demo) == saved
