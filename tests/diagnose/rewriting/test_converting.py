from __future__ import annotations

import pytest

from diagnose.project.python_dates import PythonRuntime
from diagnose.rewriting import Refused, convert_bound, refused_calls

FUNCTION = """
async def store(env, rows):
    insert = env.DB.prepare("INSERT INTO readings VALUES (?, ?, ?, ?)")
    {line}
    return 1
"""
RAW = PythonRuntime(date="2025-11-10")


@pytest.fixture
def rewritten(worker, analysed):
    def rewrite(line, head=""):
        text = head + worker(FUNCTION.replace("{line}", line))
        (refused,) = refused_calls(analysed(text), RAW)
        return text, convert_bound(text, refused, RAW)

    return rewrite


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{'a': rows}", "json.dumps({'a': rows})"),
        ("[1, 2]", "json.dumps([1, 2])"),
        ("b'x'", "to_js(b'x')"),
        ("rows[0] if rows else None", "rows[0] if rows else jsnull"),
        ("uuid.uuid4()", "str(uuid.uuid4())"),
        ("datetime.now() - day", "(datetime.now() - day).isoformat()"),
    ],
)
def test_an_argument_is_converted(before, after, rewritten, analysed):
    head = "import uuid\nfrom datetime import datetime\n"
    _, outcome = rewritten(f"await insert.bind('s', 1, 2, {before}).run()", head)
    assert f"await insert.bind('s', 1, 2, {after}).run()" in outcome.text
    assert refused_calls(analysed(outcome.text), RAW) == ()


def test_the_name_of_the_helper_may_be_taken(rewritten):
    _, outcome = rewritten("null_for_none = 1; await insert.bind('s', 1, 2, rows[0].get('note')).run()")
    assert outcome == Refused(
        "store is not rewritten: the module uses the name `null_for_none` for something else",
        "bind text, numbers or `jsnull`; or bind the rows as one JSON text, in which None is null",
    )


@pytest.mark.anyio
async def test_a_missing_field_is_stored_as_null_then(rewritten, execute):
    text, outcome = rewritten("await insert.bind('s', rows[0]['t'], None, rows[0].get('note')).run()")
    rows = [{"t": 3}]
    before = await execute(text, rows, wrapped=False)
    assert "Type 'undefined' not supported for value 'undefined'" in before.invocation.exception.message
    assert (await execute(outcome.text, rows, wrapped=False)).rows == (("s", 3, None, None),)


@pytest.mark.anyio
@pytest.mark.parametrize("wrapped", [False, True])
async def test_a_dict_is_stored_as_json_then(wrapped, rewritten, execute):
    text, outcome = rewritten("await insert.bind('s', 1, 2, {'rows': len(rows)}).run()")
    before = await execute(text, [1], wrapped=wrapped)
    assert "Type 'object' not supported" in before.invocation.exception.message
    assert (await execute(outcome.text, [1], wrapped=wrapped)).rows == (("s", 1, 2, '{"rows": 1}'),)
