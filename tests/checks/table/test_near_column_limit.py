from __future__ import annotations

import pytest

from checks.table.near_column_limit import NEAR, NearColumnLimit
from diagnose.plugin import Severity, Status

pytestmark = pytest.mark.anyio

INSERT = "INSERT INTO readings (day) VALUES (1)"


def table(columns, name="readings", extra=""):
    return f"CREATE TABLE {name} (day, {', '.join(f'c{number}' for number in range(1, columns))}{extra})"


async def test_a_tenth_of_the_limit_is_kept_free():
    assert NEAR == 90


@pytest.mark.parametrize(("columns", "status"), [(89, Status.PASS), (90, Status.WARN), (100, Status.WARN)])
async def test_columns_of_a_table_that_is_written(worker, account, findings, columns, status):
    folder = worker(INSERT)
    account(folder, table(columns))

    [finding] = await findings("TBL005", folder)

    assert (finding.status, finding.severity) == (status, Severity.ADVICE)


async def test_what_is_said_about_a_table(worker, account, findings):
    folder = worker(INSERT)
    account(folder, table(97, extra=", total GENERATED ALWAYS AS (c1 + c2)"))

    [finding] = await findings("TBL005", folder)

    assert finding.message == "table readings of rates (DB) has 98 of the 100 columns that D1 allows"
    assert (finding.location.path, finding.location.line) == ("worker.py", 7)
    assert finding.evidence == {
        "binding": "DB",
        "database": "rates",
        "table": "readings",
        "columns": 98,
        "bindable": 97,
        "limit": 100,
    }


async def test_a_table_that_the_worker_only_reads_or_does_not_name(worker, account, findings):
    folder = worker(INSERT, "SELECT day FROM wide")
    account(folder, f"{table(3)}; {table(95, 'wide')}; {table(95, 'elsewhere')}")

    [finding] = await findings("TBL005", folder)

    assert finding.status is Status.PASS
    assert finding.message == "no table that is written has 90 columns or more"


async def test_every_table_where_the_source_is_not_readable(worker, account, findings):
    folder = worker(INSERT)
    account(folder, table(95, "elsewhere"))
    (folder / "worker.py").unlink()

    [finding] = await findings("TBL005", folder)

    assert (finding.status, finding.evidence["table"]) == (Status.WARN, "elsewhere")
    assert (finding.location.path, finding.location.line) == ("wrangler.toml", 7)


async def test_columns_that_migrations_make(worker, findings):
    folder = worker(INSERT, files={"migrations/0001_a.sql": table(91)})

    [finding] = await findings("TBL005", folder, offline=True)

    assert (finding.status, finding.evidence["columns"]) == (Status.WARN, 91)


async def test_a_statement_that_names_more_columns_than_a_table_can_have(worker, account, findings):
    names = [f"c{number}" for number in range(101)]
    marks = ", ".join("?" * len(names))
    folder = worker(f"INSERT INTO readings ({', '.join(names)}) VALUES ({marks})")
    account(folder, table(3))

    [finding] = await findings("TBL005", folder)

    assert finding.message == (
        "`Default.scheduled` writes 101 columns of readings: no table of D1 has more than 100, "
        "and no statement binds more than 100 values"
    )
    assert finding.explains == ("LIM001", "TBL001", "TBL002")


async def test_a_database_that_is_not_known(worker, account, findings):
    folder = worker(INSERT)
    account(folder, table(95))
    config = (folder / "wrangler.toml").read_text()
    other = '\n[[d1_databases]]\nbinding = "OTHER"\ndatabase_id = "3f9b1c22-7d41-4a55-9c80-1b2e3d4f5a60"\n'
    (folder / "wrangler.toml").write_text(config + other)

    skipped = [each for each in await findings("TBL005", folder) if each.status is Status.SKIP]

    assert [each.message for each in skipped] == ["the database behind OTHER is not in the account"]


async def test_without_a_schema_it_is_skipped(worker, findings):
    [finding] = await findings("TBL005", worker(INSERT), offline=True)

    assert finding.status is Status.SKIP
    assert finding.message.startswith("the tables are not known")


async def test_a_crash_is_an_error(crash):
    [finding] = await crash(NearColumnLimit)

    assert finding.status is Status.ERROR
