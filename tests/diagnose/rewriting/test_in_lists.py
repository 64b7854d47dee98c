from __future__ import annotations

import pytest

from diagnose.rewriting import Refused, Rewritten, rewrite_in_list
from diagnose.simulation import simulate

LIST = "SELECT value FROM json_each(?)"

SHAPES = {
    "a field, with other parameters around": (
        """
async def store(env, rows):
    ids = [row["taken"] for row in rows]
    marks = ",".join("?" * len(ids))
    result = await env.DB.prepare(
        f"SELECT taken FROM readings WHERE sensor = ? AND taken IN ({marks}) AND value > ?"
    ).bind("s", *ids, 0).all()
    return [row.taken for row in result.results]
""",
        f"""
async def store(env, rows):
    ids = [row["taken"] for row in rows]
    result = await env.DB.prepare(
        "SELECT taken FROM readings WHERE sensor = ? AND taken IN ({LIST}) AND value > ?"
    ).bind("s", json.dumps(ids), 0).all()
    return [row.taken for row in result.results]
""",
        [1, 2],
    ),
    "texts added up": (
        """
async def store(env, rows):
    ids = (row["taken"] for row in rows)
    ids = tuple(ids)
    sql = "DELETE FROM readings WHERE taken IN (" + ", ".join(["?"] * len(ids)) + ") AND sensor = ?"
    params = list(ids) + ["s"]
    return (await env.DB.prepare(sql).bind(*params).run()).meta.changes
""",
        f"""
async def store(env, rows):
    ids = (row["taken"] for row in rows)
    ids = tuple(ids)
    sql = "DELETE FROM readings WHERE taken IN ({LIST}) AND sensor = ?"
    params = [json.dumps(list(ids))] + ["s"]
    return (await env.DB.prepare(sql).bind(*params).run()).meta.changes
""",
        2,
    ),
    "a text that is filled in": (
        """
async def store(env, rows):
    ids = [row["taken"] for row in rows]
    marks = ",".join("?" * len(ids))
    sql = "DELETE FROM readings WHERE sensor = ? AND taken IN (%s)" % marks
    return (await env.DB.prepare(sql).bind("s", *ids).run()).meta.changes
""",
        f"""
async def store(env, rows):
    ids = [row["taken"] for row in rows]
    sql = "DELETE FROM readings WHERE sensor = ? AND taken IN ({LIST})"
    return (await env.DB.prepare(sql).bind("s", json.dumps(ids)).run()).meta.changes
""",
        2,
    ),
    "a text with format()": (
        """
async def store(env, rows):
    ids = [row["taken"] for row in rows]
    sql = "DELETE FROM readings WHERE taken IN ({}) AND sensor = ?".format(", ".join("?" for _ in ids))
    return (await env.DB.prepare(sql).bind(*ids, "s").run()).meta.changes
""",
        f"""
async def store(env, rows):
    ids = [row["taken"] for row in rows]
    sql = "DELETE FROM readings WHERE taken IN ({LIST}) AND sensor = ?"
    return (await env.DB.prepare(sql).bind(json.dumps(ids), "s").run()).meta.changes
""",
        2,
    ),
    "two lists": (
        """
async def store(env, rows):
    days = [row["taken"] for row in rows]
    names = {row["sensor"] for row in rows}
    a = ",".join("?" * len(days))
    b = ",".join("?" for _ in names)
    sql = f"SELECT count(*) AS n FROM readings WHERE taken IN ({a}) AND sensor IN ({b})"
    row = await env.DB.prepare(sql).bind(*days, *names).first()
    return row.n
""",
        f"""
async def store(env, rows):
    days = [row["taken"] for row in rows]
    names = {{row["sensor"] for row in rows}}
    sql = "SELECT count(*) AS n FROM readings WHERE taken IN ({LIST}) AND sensor IN ({LIST})"
    row = await env.DB.prepare(sql).bind(json.dumps(days), json.dumps(list(names))).first()
    return row.n
""",
        2,
    ),
    "other parameters first": (
        """
async def store(env, rows):
    marks = ",".join(["?"] * len(rows))
    params = ["s"]
    params.extend([row["taken"] for row in rows])
    sql = f"SELECT count(*) AS n FROM readings WHERE sensor = ? AND taken IN ({marks})"
    return (await env.DB.prepare(sql).bind(*params).first()).n
""",
        f"""
async def store(env, rows):
    params = ["s"]
    params.append(json.dumps([row["taken"] for row in rows]))
    sql = "SELECT count(*) AS n FROM readings WHERE sensor = ? AND taken IN ({LIST})"
    return (await env.DB.prepare(sql).bind(*params).first()).n
""",
        2,
    ),
    "other parameters behind": (
        """
async def store(env, rows):
    params = [row["taken"] for row in rows]
    marks = ",".join(["?"] * len(rows))
    params.append("s")
    sql = f"SELECT count(*) AS n FROM readings WHERE taken IN ({marks}) AND sensor = ?"
    return (await env.DB.prepare(sql).bind(*params).first()).n
""",
        f"""
async def store(env, rows):
    params = [json.dumps([row["taken"] for row in rows])]
    params.append("s")
    sql = "SELECT count(*) AS n FROM readings WHERE taken IN ({LIST}) AND sensor = ?"
    return (await env.DB.prepare(sql).bind(*params).first()).n
""",
        2,
    ),
    "a list made in a loop": (
        """
async def store(env, rows):
    ids = []
    for row in rows:
        ids.append(row["taken"])
    marks = ",".join("?" for _ in ids)
    sql = f"SELECT count(*) AS n FROM readings WHERE taken IN ({marks})"
    return (await env.DB.prepare(sql).bind(*ids).first()).n
""",
        f"""
async def store(env, rows):
    ids = []
    for row in rows:
        ids.append(row["taken"])
    sql = "SELECT count(*) AS n FROM readings WHERE taken IN ({LIST})"
    return (await env.DB.prepare(sql).bind(json.dumps(ids)).first()).n
""",
        3,
    ),
    "a display": (
        """
async def store(env, rows):
    ids = [row["taken"] for row in rows]
    placeholders = ", ".join("?" for _ in ids)
    query = f"UPDATE readings SET note = ? WHERE taken IN ({placeholders})"
    return (await env.DB.prepare(query).bind(*["seen", *ids]).run()).meta.changes
""",
        f"""
async def store(env, rows):
    ids = [row["taken"] for row in rows]
    query = "UPDATE readings SET note = ? WHERE taken IN ({LIST})"
    return (await env.DB.prepare(query).bind(*["seen", json.dumps(ids)]).run()).meta.changes
""",
        3,
    ),
}
PRESENT = (("s", 1, 1.0, None), ("s", 2, 2.0, None), ("t", 3, 3.0, None), ("t", 4, 4.0, None))
ASKED = [{"sensor": "s", "taken": taken} for taken in (1, 2, 3)]


@pytest.fixture
def rewritten(worker, analysed):
    def rewrite(function):
        text = worker(function)
        source = analysed(text)
        return rewrite_in_list(text, source.sites[0], source.sites[1:])

    return rewrite


@pytest.mark.parametrize("shape", SHAPES)
def test_a_list_becomes_one_parameter(shape, rewritten, worker, analysed):
    before, after, _ = SHAPES[shape]
    outcome = rewritten(before)
    assert isinstance(outcome, Rewritten), outcome
    assert outcome.text == worker(after)
    assert simulate(analysed(outcome.text).sites[0]) is None


@pytest.mark.anyio
@pytest.mark.parametrize("shape", SHAPES)
async def test_the_answer_stays_the_same(shape, rewritten, worker, execute):
    before, _, answer = SHAPES[shape]
    old = await execute(worker(before), ASKED, present=PRESENT)
    new = await execute(rewritten(before).text, ASKED, present=PRESENT)
    assert old.answer == new.answer == {"inserted": answer}
    assert old.rows == new.rows


@pytest.mark.anyio
async def test_lists_of_any_length_pass(rewritten, execute):
    asked = [{"sensor": "s", "taken": taken} for taken in range(2_000)]
    run = await execute(rewritten(SHAPES["two lists"][0]).text, asked, present=PRESENT)
    assert run.answer == {"inserted": 2}


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (
            """
async def store(env, rows):
    sql = "SELECT * FROM readings WHERE taken IN ({}) LIMIT {}".format(",".join("?" * len(rows)), 9)
    return await env.DB.prepare(sql).bind(*rows).all()
""",
            "the IN (…) list is put together in a way that is not understood",
        ),
        (
            """
async def store(env, rows):
    marks = ",".join("?" * len(rows))
    json = "shadow"
    return await env.DB.prepare(f"SELECT * FROM readings WHERE taken IN ({marks})").bind(*rows).all()
""",
            "`json` is a local variable there",
        ),
        (
            """
async def store(env, rows):
    marks = ",".join("?" * len(rows))
    params = ["s", "t"]
    params += rows
    sql = f"SELECT * FROM readings WHERE sensor IN (?, ?) AND taken IN ({marks})"
    return await env.DB.prepare(sql).bind(*params).all()
""",
            "`params` is put together in several steps",
        ),
    ],
)
def test_what_is_not_understood_is_refused(function, why, rewritten):
    outcome = rewritten(function)
    assert isinstance(outcome, Refused)
    assert outcome.why == f"store is not rewritten: {why}"
    assert LIST in outcome.remedy
