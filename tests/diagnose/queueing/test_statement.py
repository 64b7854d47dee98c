from __future__ import annotations

import pytest

from diagnose.d1 import Database, Statement
from diagnose.queueing.statement import queued_statement
from diagnose.rewriting.outcome import NotUnderstood

KEYED = "CREATE TABLE readings (sensor TEXT, taken INTEGER, PRIMARY KEY (sensor, taken))"
PLAIN = "CREATE TABLE readings (sensor TEXT, taken INTEGER)"
SELECTED = "SELECT value->>0, value->>1 FROM json_each(?1)"
UPSERT = "WHERE true ON CONFLICT (sensor, taken) DO NOTHING"
CAVEAT = (
    "a queue delivers at least once, and nothing keeps readings from storing a message's rows twice: "
    "give it a unique key and the INSERT a conflict clause (TBL003, SRC007)"
)
ROWS = '", ".join(["(?, ?)"] * len(readings))'
WORKER = """\
from workers import Response, WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        readings = (await (await fetch("https://weather.example.com/?limit=500")).json())["readings"]
        sql = {sql}
        await self.env.DB.prepare(sql).bind(*[value for row in readings for value in row]).run()
        return Response("ok")
"""


def table(sql):
    with Database.memory() as database:
        database.run(Statement(sql))
        return database.schema().table("readings")


@pytest.fixture
def site(project):
    def read(sql):
        (found,) = project(worker=WORKER.format(sql=sql)).source.sites
        return found

    return read


@pytest.mark.parametrize(
    ("head", "tail", "statement"),
    [
        ("INSERT OR IGNORE INTO", "", f"INSERT OR IGNORE INTO readings (sensor, taken) {SELECTED}"),
        ("REPLACE INTO", "", f"REPLACE INTO readings (sensor, taken) {SELECTED}"),
        (
            "INSERT INTO",
            ' + " ON CONFLICT (sensor, taken) DO NOTHING"',
            f"INSERT INTO readings (sensor, taken) {SELECTED} {UPSERT}",
        ),
    ],
)
def test_a_conflict_clause_stays(site, head, tail, statement):
    found = queued_statement(site(f'"{head} readings (sensor, taken) VALUES " + {ROWS}{tail}'), table(PLAIN))
    assert (found.sql, found.caveat) == (statement, None)


def test_a_key_makes_an_insert_safe_to_repeat(site):
    plain = site(f'"insert into readings (sensor, taken) VALUES " + {ROWS}')
    safe = f"INSERT OR IGNORE INTO readings (sensor, taken) {SELECTED}"
    assert queued_statement(plain, table(KEYED)).sql == safe
    assert queued_statement(plain, None, expected=("sensor", "taken")).sql == safe
    assert queued_statement(plain, table(KEYED)).caveat is None


@pytest.mark.parametrize("known", [None, PLAIN])
def test_without_a_key_it_is_said_that_rows_can_double(site, known):
    plain = site(f'"INSERT INTO readings (sensor, taken) VALUES " + {ROWS}')
    found = queued_statement(plain, table(known) if known else None)
    assert (found.sql, found.caveat) == (f"INSERT INTO readings (sensor, taken) {SELECTED}", CAVEAT)


def test_line_breaks_and_comments_go_and_quoted_text_stays(site):
    text = '"""\n  INSERT OR IGNORE INTO readings -- one per\n    (sensor, taken, "a  b")\n  VALUES """'
    rows = ROWS.replace('"(?, ?)"', "\"(?, 'x  y', ?)\"")
    found = queued_statement(site(f"{text} + {rows}"), None)
    assert found.sql == (
        'INSERT OR IGNORE INTO readings (sensor, taken, "a  b") '
        "SELECT value->>0, 'x  y', value->>1 FROM json_each(?1)"
    )


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        (
            f'"INSERT INTO " + request.method + " (sensor, taken) VALUES " + {ROWS}',
            "the statement's text is not known completely",
        ),
        (
            '"DELETE FROM readings WHERE taken IN (" + ",".join("?" * len(readings)) + ")"',
            "only an INSERT that is executed by itself can be divided into messages",
        ),
    ],
)
def test_what_is_not_known_is_not_understood(site, sql, why):
    with pytest.raises(NotUnderstood, match=why):
        queued_statement(site(sql), None)
