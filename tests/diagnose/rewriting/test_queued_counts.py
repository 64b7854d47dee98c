from __future__ import annotations

from dataclasses import replace
from textwrap import dedent, indent

import pytest

from diagnose.project.source.model import Module
from diagnose.rewriting import reread
from diagnose.rewriting.queued_counts import as_queued, queued_counts

HELPER = """\
import json


async def queue_rows(env, rows):
    for row in rows:
        await env.Q.send(json.dumps(row))
    return len(rows)
"""
HEAD = """\
import json

from rows_queue import queue_rows
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        rows = json.loads(await request.text())
"""


@pytest.fixture
def counts(analysed):
    """The worker's last lines once the numbers are called queued, and the renamed keys."""

    def read(body, **choices):
        text = HEAD + indent(dedent(body).strip("\n"), " " * 8) + "\n"
        source = analysed(text)
        helper = Module(path="rows_queue.py", name="rows_queue", text=HELPER)
        source = reread(replace(source, modules=(source.modules[0], helper)), "worker.py", text)
        found = queued_counts(source, "rows_queue.py", **choices)
        assert found.texts.keys() <= {"worker.py"}
        return dedent(found.texts.get("worker.py", text)[len(HEAD) :]), dict(found.renamed)

    return read


def test_a_key_of_the_answer_is_renamed(counts):
    assert counts("""
        stored = await queue_rows(self.env, rows)
        return Response.json({"ok": True, "inserted": stored, "received": len(rows)})
    """) == (
        dedent("""\
        stored = await queue_rows(self.env, rows)
        return Response.json({"ok": True, "queued": stored, "received": len(rows)})
        """),
        {"inserted": "queued"},
    )


def test_words_around_a_number_are_changed_and_no_code(counts):
    assert counts("""
        stored = await queue_rows(self.env, rows)
        print(f"Stored {stored} rows, inserted {stored:>5} in all")
        return Response(f"{stored} rows imported")
    """) == (
        dedent("""\
        stored = await queue_rows(self.env, rows)
        print(f"Queued {stored} rows, queued {stored:>5} in all")
        return Response(f"{stored} rows queued")
        """),
        {},
    )


def test_words_beside_a_number_are_changed(counts):
    text, _ = counts("""
        written = await queue_rows(self.env, rows)
        print("rows written:", written)
        return Response("ok")
    """)
    assert 'print("rows queued:", written)' in text


def test_a_key_that_somebody_else_reads_stays(counts):
    body = 'return Response.json({"inserted": await queue_rows(self.env, rows)})'
    assert counts(body, keep=frozenset({"inserted"})) == (body + "\n", {})


def test_numbers_that_d1_counted_stay(counts):
    body = """\
    await queue_rows(self.env, rows)
    result = await self.env.DB.prepare("INSERT INTO log (n) VALUES (?)").bind(1).run()
    return Response.json({"inserted": result.meta.changes})
    """
    assert counts(body) == (dedent(body), {})


@pytest.mark.parametrize(
    ("words", "queued"),
    [
        ("rows_inserted", "rows_queued"),
        ("insertedRows", "insertedRows"),
        ("Saved", "Queued"),
        ("uninserted", "uninserted"),
        ("restored", "restored"),
        ("written", "queued"),
        ("total", "total"),
    ],
)
def test_only_whole_words_say_stored(words, queued):
    assert as_queued(words) == queued
