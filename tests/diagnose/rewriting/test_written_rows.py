from __future__ import annotations

import textwrap

import pytest

from diagnose.project.source import read_source
from diagnose.rewriting import Refused
from diagnose.rewriting.written_rows import rewrite_written_rows

WORKER = """import json

from workers import WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        rows = (await (await fetch("https://api.example.com/?limit=2000")).json())["rows"]
        db = self.env.DB
{body}
"""


@pytest.fixture
def rewritten(tmp_path):
    def rewrite(body):
        text = WORKER.format(body=textwrap.indent(body.strip("\n"), " " * 8))
        (tmp_path / "worker.py").write_text(text)
        source = read_source(tmp_path, "worker.py")
        site = next(site for site in source.sites if site.verb == "INSERT")
        return rewrite_written_rows(text, site, [other for other in source.sites if other is not site])

    return rewrite


def body_of(outcome):
    return textwrap.dedent(outcome.text.split("db = self.env.DB\n")[1]).strip("\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            """
values = ", ".join(f"('{row['a']}', {row['b']}, NULL, {row.get('c', 0)})" for row in rows)
await db.prepare(f"INSERT INTO t (a, b, c, d) VALUES {values}").run()
""",
            """
values = [[str(row['a']), row['b'], row.get('c', 0)] for row in rows]
await db.prepare(
    "INSERT INTO t (a, b, c, d) "
    "SELECT value->>0, value->>1, NULL, value->>2 FROM json_each(?1)"
).bind(json.dumps(values)).run()
""",
        ),
        (
            """
await db.prepare("INSERT INTO t VALUES " + ",".join([f"({r})" for r in x])).run()
""",
            """
await db.prepare("INSERT INTO t SELECT value->>0 FROM json_each(?1)").bind(json.dumps([[r] for r in x])).run()
""",
        ),
        (
            """
values = ", ".join(f"('{row['a'].replace("'", "''")}', {int(row['b'])})" for row in rows)
sql = f"INSERT INTO t (a, b) VALUES {values} ON CONFLICT DO NOTHING"
result = await db.prepare(sql).run()
""",
            """
values = [[str(row['a']), int(row['b'])] for row in rows]
sql = "INSERT INTO t (a, b) SELECT value->>0, value->>1 FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING"
result = await db.prepare(sql).bind(json.dumps(values)).run()
""",
        ),
    ],
    ids=["variable", "inline", "upsert"],
)
def test_the_rows_are_bound(before, after, rewritten):
    assert body_of(rewritten(before)) == after.strip("\n")


ROWS = """
values = ", ".join({row} for row in rows)
await db.prepare(f"INSERT INTO t VALUES {{values}}").run()
"""


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (ROWS.format(row="f\"({row['a']:.2f})\""), "`row['a']` is formatted"),
        (ROWS.format(row="f\"('x-{row['a']}')\""), "`row['a']` is only part of a value"),
        (ROWS.format(row="f\"(lower({row['a']}))\""), "`row['a']` is only part of a value"),
        (ROWS.format(row="f\"({row['a'] or 'NULL'})\""), "`row['a'] or 'NULL'` may write SQL of its own"),
        (ROWS.format(row="f\"({quoted(row['a'])})\""), "`quoted(row['a'])` may write SQL of its own"),
        (ROWS.format(row="f\"('{row['a']}', '?')\""), "question marks of its own"),
        (ROWS.format(row="f\"({row['a'].encode()})\""), "JSON cannot carry"),
        (ROWS.replace("await", "print(values)\nawait").format(row="f\"({row['a']})\""), "used for more"),
        (ROWS.replace("INTO t", "INTO {{table}}").format(row="f\"({row['a']})\""), "more than the rows"),
        (
            ROWS.replace('").run', ' RETURNING ?").bind(1).run').format(row="f\"({row['a']})\""),
            "binds nothing",
        ),
    ],
)
def test_what_may_mean_something_else_is_left_alone(body, reason, rewritten):
    outcome = rewritten(body)
    assert isinstance(outcome, Refused)
    assert reason in outcome.why
    assert "json_each(?1)" in outcome.remedy
