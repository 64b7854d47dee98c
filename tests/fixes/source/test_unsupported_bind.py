from __future__ import annotations

import pytest

from diagnose.engine.settlement import Outcome

pytestmark = pytest.mark.anyio

CONFIG = """
name = "import"
main = "worker.py"
compatibility_date = "{date}"
compatibility_flags = ["python_workers"{flag}]

[[d1_databases]]
binding = "DB"
database_name = "history"
database_id = "0b6f6a5c-36ae-4a3a-9d0a-6f7f3c1f4a11"
"""
WORKER = """from datetime import datetime

{imports}from workers import WorkerEntrypoint


{helper}class Default(WorkerEntrypoint):
    async def queue(self, batch):
        insert = self.env.DB.prepare("INSERT INTO prices VALUES (?, ?)")
        for message in batch.messages:
            row = message.body
            {line}
"""
HELPER = '''def null_for_none(value):
    """JavaScript's null for None, which D1 would get as undefined and refuse."""
    return jsnull if value is None else value


'''
JSNULL = "from pyodide.ffi import jsnull\n"


def worker(line, imports="", helper=""):
    text = WORKER.replace("{line}", line).replace("{imports}", imports)
    return text.replace("{helper}", helper)


@pytest.fixture
def project(write_project):
    def write(line, date="2025-11-10"):
        config = CONFIG.replace("{date}", date).replace("{flag}", "")
        return write_project({"wrangler.toml": config, "worker.py": worker(line)})

    return write


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "both = []\n            both += [1, None]\n            await insert.bind(*both).run()",
            worker(
                "both = []\n            both += [1, jsnull]\n            await insert.bind(*both).run()",
                JSNULL,
            ),
        ),
        (
            "await insert.bind(1, None).run()",
            worker("await insert.bind(1, jsnull).run()", JSNULL),
        ),
        (
            "await insert.bind(1, row['a'] or None).run()",
            worker("await insert.bind(1, row['a'] or jsnull).run()", JSNULL),
        ),
        (
            "await insert.bind(None, row.get('a')).run()  # maybe",
            worker("await insert.bind(jsnull, null_for_none(row.get('a'))).run()  # maybe", JSNULL, HELPER),
        ),
        (
            "await insert.bind(datetime.now(), 1).run()",
            worker("await insert.bind(datetime.now().isoformat(), 1).run()"),
        ),
    ],
)
async def test_values_are_converted_and_restored(before, after, project, repair, undo, tree):
    folder = project(before)
    files = tree(folder)
    result = await repair("SRC004", folder, offline=True)
    assert {each.outcome for each in result.settlements} <= {Outcome.FIXED, Outcome.IN_ORDER}
    assert tree(folder)["worker.py"].decode() == after
    assert (await repair("SRC004", folder, offline=True)).settlements == ()
    await undo(folder, offline=True)
    assert tree(folder) == files


EXECUTE = """async def execute(database, sql, values=()):
    return await database.prepare(sql).bind(*values).run()
"""
CALL = "await execute(self.env.DB, 'INSERT INTO prices VALUES (?, ?)', [{}])"


@pytest.mark.parametrize(
    ("before", "after", "imports"),
    [
        ("row['a'], None", "row['a'], jsnull", JSNULL),
        ("datetime.now(), 1", "datetime.now().isoformat(), 1", ""),
        ("1, {'a': 2}", "1, json.dumps({'a': 2})", "import json\n"),
    ],
)
async def test_what_a_helper_binds_is_converted_in_its_call(
    before, after, imports, write_project, repair, undo, tree
):
    store = "from store import execute\n"
    config = CONFIG.replace("{date}", "2025-11-10").replace("{flag}", "")
    text = worker(CALL.format(before), store)
    folder = write_project({"wrangler.toml": config, "worker.py": text, "store.py": EXECUTE})
    files = tree(folder)
    result = await repair("SRC004", folder, offline=True)
    assert {each.outcome for each in result.settlements} <= {Outcome.FIXED, Outcome.IN_ORDER}
    changed = tree(folder)
    assert changed["store.py"].decode() == EXECUTE
    assert CALL.format(after) in changed["worker.py"].decode()
    assert imports in changed["worker.py"].decode()
    assert (await repair("SRC004", folder, offline=True)).settlements == ()
    await undo(folder, offline=True)
    assert tree(folder) == files


async def test_the_form_of_what_a_helper_binds_is_left_to_the_user(write_project, repair, tree):
    config = CONFIG.replace("{date}", "2025-11-10").replace("{flag}", "")
    text = worker(CALL.format("1, {1, 2}"), "from store import execute\n")
    folder = write_project({"wrangler.toml": config, "worker.py": text, "store.py": EXECUTE})
    files = tree(folder)
    (settlement,) = (await repair("SRC004", folder, offline=True)).settlements
    assert settlement.outcome is Outcome.REFUSED
    assert "what to store for the set `{1, 2}` is a choice" in settlement.detail
    assert tree(folder) == files


@pytest.mark.parametrize(
    ("line", "date", "why"),
    [
        (
            "await insert.bind(1, (1, 2)).run()",
            "2026-05-20",
            "what to store for the tuple `(1, 2)` is a choice",
        ),
        (
            "await insert.bind(1, None).run()",
            "2025-09-01",
            "Pyodide 0.26.0a2 has no value that arrives as null",
        ),
    ],
)
async def test_a_choice_is_left_to_the_user(line, date, why, project, repair, tree):
    folder = project(line, date)
    files = tree(folder)
    (settlement,) = (await repair("SRC004", folder, offline=True)).settlements
    assert settlement.outcome is Outcome.REFUSED
    assert why in settlement.detail
    assert tree(folder) == files
