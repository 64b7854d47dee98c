from __future__ import annotations

import pytest

from diagnose.project.source.interpolation import interpolations
from diagnose.rewriting import Refused, bind_interpolated

BY_HAND = "write `?` in place of each value and pass the values to `bind()`; bind rows as one JSON text"
FUNCTION = """
async def store(env, rows):
    first = rows[0]
    {lines}
    return len(rows)
"""


@pytest.fixture
def rewritten(worker, analysed):
    def rewrite(*lines):
        text = worker(FUNCTION.replace("{lines}", "\n    ".join(lines)))
        source = analysed(text)
        found = interpolations(source)[0]
        return text, bind_interpolated(text, found, [one for one in source.sites if one is not found.site])

    return rewrite


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "env.DB.prepare(f\"DELETE FROM t WHERE a = '{first}'\").run()",
            'env.DB.prepare("DELETE FROM t WHERE a = ?").bind(str(first)).run()',
        ),
        (
            "env.DB.prepare(f\"DELETE FROM t WHERE a = '{first}' OR b = '{first}' OR c = {first}\").run()",
            (
                'env.DB.prepare("DELETE FROM t WHERE a = ? OR b = ? OR c = ?")'
                ".bind(str(first), str(first), first).run()"
            ),
        ),
        (
            (
                "env.DB.prepare(f\"SELECT a FROM t WHERE a = ? AND b = '{first['b']}' AND c = ? "
                "AND d = {first['d']}\").bind(1, 2).all()"
            ),
            (
                'env.DB.prepare("SELECT a FROM t WHERE a = ? AND b = ? AND c = ? AND d = ?")'
                ".bind(1, str(first['b']), 2, first['d']).all()"
            ),
        ),
        (
            (
                "env.DB.prepare(f\"SELECT a FROM t WHERE b = '{first}' AND a IN "
                "({', '.join('?' for _ in rows)})\").bind(*rows).all()"
            ),
            (
                'env.DB.prepare(f"SELECT a FROM t WHERE b = ? AND a IN '
                "({', '.join('?' for _ in rows)})\").bind(str(first), *rows).all()"
            ),
        ),
        (
            'env.DB.prepare("SELECT a FROM t WHERE b = \'" + first + "\' LIMIT " + str(rows[1])).all()',
            'env.DB.prepare("SELECT a FROM t WHERE b = ? LIMIT ?").bind(str(first), rows[1]).all()',
        ),
        (
            "env.DB.batch([env.DB.prepare(f\"DELETE FROM t WHERE a = '{row['a']}'\") for row in rows])",
            (
                'env.DB.batch([env.DB.prepare("DELETE FROM t WHERE a = ?")'
                ".bind(str(row['a'])) for row in rows])"
            ),
        ),
        (
            "env.DB.prepare(\"SELECT a FROM t WHERE b = '%s' AND c = %s\" % (first, str(rows[1]))).all()",
            'env.DB.prepare("SELECT a FROM t WHERE b = ? AND c = ?").bind(str(first), rows[1]).all()',
        ),
        (
            "env.DB.prepare(\"DELETE FROM t WHERE a = ? AND b = '{}'\".format(first)).bind(1).run()",
            'env.DB.prepare("DELETE FROM t WHERE a = ? AND b = ?").bind(1, str(first)).run()',
        ),
        (
            "env.DB.prepare(f\"SELECT a FROM t WHERE b > datetime('now', '-{first} days')\").all()",
            'env.DB.prepare("SELECT a FROM t WHERE b > datetime(\'now\', ?)").bind(f"-{first} days").all()',
        ),
    ],
)
def test_values_leave_the_text(before, after, rewritten, analysed):
    text, outcome = rewritten(f"await {before}")
    assert outcome.text == text.replace(before, after)
    assert interpolations(analysed(outcome.text)) == ()


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (
            [
                "values = ', '.join(f\"('{row}')\" for row in rows)",
                "await env.DB.prepare(f'INSERT INTO t VALUES {values}').run()",
            ],
            "the rows are put into the text one by one",
        ),
        (
            ['await env.DB.prepare("DELETE FROM %s WHERE a = \'%s\'" % ("t", first)).run()'],
            "not everything that is filled in is a value",
        ),
        (
            ["await env.DB.prepare(\"DELETE FROM t WHERE a LIKE '%%' AND b = %s\" % first).run()"],
            "the text has more in it than values to fill in",
        ),
        (
            ["await env.DB.prepare(\"DELETE FROM t WHERE a = '-{}'\".format(first)).run()"],
            "more than `first` stands between the quotes",
        ),
        (
            ["await env.DB.prepare(f\"DELETE FROM {first} WHERE a = '{first}'\").run()"],
            "the place of `first` in the text was not found",
        ),
        (
            ["await env.DB.prepare(f\"DELETE FROM t WHERE a = '{first['a']}-{first['b']}'\").run()"],
            "the text around `first['a']` holds quotes or escapes",
        ),
        (
            ["await env.DB.prepare(f\"DELETE FROM t WHERE a = '{first} {{}}'\").run()"],
            "the text around `first` holds quotes or escapes",
        ),
        (
            ["await env.DB.prepare(f\"DELETE FROM t WHERE a = 'it''s {first}'\").run()"],
            "the text around `first` holds quotes or escapes",
        ),
        (
            ["await env.DB.prepare(f'DELETE FROM t WHERE a = \"{first}\"').run()"],
            "the quotes around the value were not found",
        ),
        (
            ['await env.DB.prepare("DELETE FROM t WHERE a LIKE \'%" + first + "%\'").run()'],
            "more than `first` stands between the quotes",
        ),
        (
            ["await env.DB.exec(f\"DELETE FROM t WHERE a = '{first}'\")"],
            "the call of `prepare` was not found again",
        ),
        (
            ["await env.DB.prepare(f\"DELETE FROM t WHERE a = ?1 AND b = '{first}'\").bind(1).run()"],
            "its parameters are numbered or named",
        ),
        (
            [
                "sql = f\"DELETE FROM t WHERE a = '{first}'\"",
                "first = 1",
                "await env.DB.prepare(sql).run()",
            ],
            "the values of store may change between the text and `bind`",
        ),
        (
            [
                "sql = f\"DELETE FROM t WHERE a = '{first}'\"",
                "await env.DB.prepare(sql).run()",
                "await env.DB.prepare(sql).run()",
            ],
            "several statements share the text",
        ),
        (
            [
                "marks = ', '.join('?' for _ in rows)",
                "await env.DB.prepare(",
                "    f\"SELECT a FROM t WHERE a IN ({marks}) AND b = '{first}'\"",
                ").bind(*rows).all()",
            ],
            "a list of parameters stands before the value",
        ),
    ],
)
def test_what_is_not_understood_is_refused(lines, why, rewritten):
    _, outcome = rewritten(*lines)
    assert outcome == Refused(f"store is not rewritten: {why}", BY_HAND)


@pytest.mark.anyio
async def test_a_quote_in_a_value_is_stored_then(rewritten, execute):
    insert = (
        "await env.DB.prepare("
        "f\"INSERT INTO readings VALUES ('{first['s']}', {first['t']}, ?, 'by {first['s']}')\""
        ").bind(2.5).run()"
    )
    text, outcome = rewritten(insert)
    rows = [{"s": "O'Brien", "t": 3}]
    before = await execute(text, rows)
    assert "syntax error" in before.invocation.exception.message
    assert (await execute(outcome.text, rows)).rows == (("O'Brien", 3, 2.5, "by O'Brien"),)
