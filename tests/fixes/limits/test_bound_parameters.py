from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from diagnose.engine.settlement import Outcome
from diagnose.rewriting.helper import FUNCTION

ROOT = Path(__file__).parents[3]
WORKER = "pyswarm/Data_Import/historical_worker.py"
SELECTION = (
    '        "SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, "\n'
    '        "value->>7, value->>8, value->>9 FROM json_each(?1)"\n'
)


OLD_END = """\
    await env.DB.prepare(sql).bind(*params).run()
    print(f"Inserted {len(candles)} candles for {symbol}")
    return len(candles)
"""
NEW_END = """\
    inserted = 0
    for part in json_parts(params):
        result = await env.DB.prepare(sql).bind(part).run()
        inserted += result.meta.changes
    print(f"Inserted {inserted} candles for {symbol}")
    return inserted
"""


def repaired_demo(text: str) -> str:
    """The demo's worker as it should look: six changes, nothing else."""
    for old, new in (
        ("from urllib.parse", "import json\nfrom urllib.parse"),
        ("async def insert_candles_to_d1", FUNCTION + "\n\nasync def insert_candles_to_d1"),
        (
            'source) VALUES "\n        + ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(candles))\n',
            f'source) "\n{SELECTION}',
        ),
        ("params.extend([", "params.append(["),
        (
            OLD_END,
            NEW_END,
        ),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


def of(code, result):
    return [settlement for settlement in result.settlements if settlement.finding.code == code]


@pytest.fixture
def demo(tmp_path):
    return Path(shutil.copytree(ROOT / "diagnose" / "demo" / "project", tmp_path / "demo"))


@pytest.mark.anyio
async def test_the_demo_is_repaired_and_restored(demo, repair, undo, tree):
    before = tree(demo)
    (settlement,) = of("LIM001", await repair("LIM001", demo, offline=True))
    assert settlement.outcome is Outcome.FIXED
    assert settlement.detail == (
        "the rows travel as JSON texts below D1's limit for a value, each bound as one parameter"
    )
    assert tree(demo) == before | {WORKER: repaired_demo(before[WORKER].decode()).encode()}
    again = await repair("LIM001", demo, offline=True)
    assert again.run_id is None
    assert of("LIM001", again) == []
    await undo(demo, offline=True)
    assert tree(demo) == before


@pytest.mark.anyio
async def test_the_repair_by_hand_is_repaired(tmp_path, repair):
    folder = Path(shutil.copytree(ROOT / "tests" / "fixtures" / "broken" / "option2", tmp_path / "option2"))
    (settlement,) = of("LIM001", await repair("LIM001", folder, offline=True))
    assert settlement.outcome is Outcome.FIXED
    text = (folder / WORKER).read_text()
    assert "            for part in json_parts(params):\n" in text
    assert "        inserted += written\n" in text


@pytest.mark.anyio
async def test_an_unknown_option_is_refused(demo, repair, tree):
    before = tree(demo)
    (settlement,) = of("LIM001", await repair("LIM001", demo, offline=True, options={"option": "tube"}))
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail == "--option option=tube is not known: choose direct or queue"
    assert tree(demo) == before


@pytest.mark.anyio
async def test_the_rows_go_through_a_queue(demo, repair, undo, tree):
    before = tree(demo)
    (settlement,) = of("LIM001", await repair("LIM001", demo, offline=True, options={"option": "queue"}))
    assert settlement.outcome is Outcome.REHEARSED
    after = tree(demo)
    assert sorted(after.keys() - before.keys()) == ["pyswarm/Data_Import/price_data_queue.py"]
    text = after[WORKER].decode()
    assert "    queued = await queue_price_data(env, params)\n" in text
    assert "prepare(" not in text
    again = await repair("LIM001", demo, offline=True, options={"option": "queue"})
    assert of("LIM001", again) == []
    await undo(demo, offline=True)
    assert tree(demo) == before


@pytest.mark.anyio
async def test_a_list_is_no_matter_of_a_queue(project, repair):
    folder = project("""
ids = [row["a"] for row in rows]
places = ",".join("?" * len(ids))
await db.prepare(f"DELETE FROM two WHERE id IN ({places})").bind(*ids).run()
""")
    (settlement,) = of("LIM001", await repair("LIM001", folder, offline=True, options={"option": "queue"}))
    assert settlement.outcome is Outcome.FIXED
    assert "IN (SELECT value FROM json_each(?))" in (folder / "worker.py").read_text()


@pytest.mark.anyio
async def test_what_is_not_understood_is_left_alone(project, repair, tree):
    folder = project("""
sql = "SELECT * FROM t WHERE id IN ({}) LIMIT {}".format(",".join("?" * len(rows)), 9)
await db.prepare(sql).bind(*rows).all()
""")
    before = tree(folder)
    (settlement,) = of("LIM001", await repair("LIM001", folder, offline=True))
    assert settlement.outcome is Outcome.REFUSED
    assert "SELECT * FROM t WHERE id IN (SELECT value FROM json_each(?))" in settlement.detail
    assert tree(folder) == before


@pytest.mark.anyio
async def test_two_statements_of_one_function_are_one_repair(project, repair):
    folder = project("""
marks = ", ".join(["(?, ?)"] * len(rows))
values = [v for row in rows for v in (row["a"], row["b"])]
first = await db.prepare(f"INSERT INTO one (a, b) VALUES {marks}").bind(*values).run()
ids = [row["a"] for row in rows]
places = ",".join("?" * len(ids))
await db.prepare(f"DELETE FROM two WHERE id IN ({places})").bind(*ids).run()
""")
    outcomes = [
        settlement.outcome for settlement in of("LIM001", await repair("LIM001", folder, offline=True))
    ]
    assert outcomes == [Outcome.FIXED, Outcome.IN_ORDER]
    text = (folder / "worker.py").read_text()
    assert "INSERT INTO one (a, b) SELECT value->>0, value->>1 FROM json_each(?1)" in text
    assert ".bind(json.dumps(ids)).run()" in text


CONFIG = """
name = "shop"
main = "worker.py"
compatibility_date = "2025-12-01"

[[d1_databases]]
binding = "DB"
"""
STORE = """
async def store(env, rows):
    marks = ", ".join(["(?, ?)"] * len(rows))
    sql = f"INSERT INTO products (sku, stock) VALUES {marks}"
    await env.DB.prepare(sql).bind(*[value for row in rows for value in row]).run()
"""
IMPORT = """
from pyodide.ffi import jsnull
from workers import WorkerEntrypoint, fetch
from store import store

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        response = await fetch("https://api.example.com/products?limit=2000")
        found = (await response.json())["products"]
        await store(self.env, [(one["sku"], one["stock"] or jsnull) for one in found])
"""


@pytest.mark.anyio
async def test_rows_with_the_null_of_javascript_are_left(write_project, repair, tree):
    folder = write_project({"wrangler.toml": CONFIG, "worker.py": IMPORT, "store.py": STORE})
    before = tree(folder)
    (settlement,) = of("LIM001", await repair("LIM001", folder, offline=True))
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail.startswith(
        "store is not rewritten: worker.py makes `jsnull`, which JSON does not take"
    )
    assert tree(folder) == before
    (folder / "worker.py").write_text(
        IMPORT.replace("or jsnull", "or None").replace("import jsnull", "import to_js")
    )
    (settlement,) = of("LIM001", await repair("LIM001", folder, offline=True))
    assert settlement.outcome is Outcome.FIXED
