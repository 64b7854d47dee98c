from __future__ import annotations

import pytest

from diagnose.errors import SourceError
from diagnose.project.source import ir
from diagnose.project.source.python import lower, lower_readable


def one(text):
    (statement,) = lower(text, "a.py")
    return statement


def value(text):
    return one(f"x = {text}").value


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    pass\nexcept* (A, B) as group:\n    raise\n",
        "def f[T: int](x: T) -> T:\n    return x\n",
        "class A[T](B): pass\n",
        "type Rows[T] = list[T]\n",
        "match x:\n    case {'a': [1, *rest]} if rest: pass\n    case A(b=1) | None: pass\n",
        'x = f"{", ".join(["?"] * len(rows))} {f"{y!r:>{width}}"}"\n',
        "async with a as b, c: pass\n",
        "x = [i async for i in y]\n",
        "with (open(a) as b, open(c) as d): pass\n",
        "def f(a, /, b, *, c=1, **d): pass\n",
        "del a[1:]\nglobal b\n",
        "def f(a, \\\n      b=1): pass\n",
        "with a as b.c, d as (e, f): pass\n",
        "x = t'{y}'\n",
        "",
    ],
)
def test_newer_syntax_is_read(text):
    lower(text, "a.py")


@pytest.mark.parametrize(
    ("text", "line"), [("x = 1\ndef f(:\n", 2), ("export default {}\n", 1), ("x = (\n", 1)]
)
def test_broken_syntax_is_refused_with_its_line(text, line):
    with pytest.raises(SourceError) as caught:
        lower(text, "a.py")
    assert caught.value.where == f"a.py:{line}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a" "b"', "ab"),
        (r'"a\n\"b\""', 'a\n"b"'),
        (r"'it\'s'", "it's"),
        (r'r"a\n"', r"a\n"),
        ('"""a\n  b"""', "a\n  b"),
        (
            r'"""a\
b"""',
            "ab",
        ),
        ('f"{{}} %"', "{} %"),
        ('b"\\x00"', b"\x00"),
        ("0x_FF", 255),
        ("1e3", 1000.0),
        ("True", True),
        ("None", None),
        ('"\\u00e9\\N{BULLET}"', "é•"),
    ],
)
def test_literals(text, expected):
    literal = value(text)
    assert isinstance(literal, ir.Literal)
    assert literal.value == expected


def test_a_template_keeps_its_fields():
    template = value('f"a {x} {y!r} {z:>3} {w!s}" "b"')
    assert [part if isinstance(part, str) else type(part).__name__ for part in template.parts] == [
        "a ",
        "Name",
        " ",
        "Unknown",
        " ",
        "Unknown",
        " ",
        "Name",
        "b",
    ]


def test_spans_count_characters():
    statement = one('é = "😀", call(x)\n')
    call = statement.value.items[1]
    assert (call.span.line, call.span.column, call.span.start, call.span.end) == (1, 10, 9, 16)
    assert 'é = "😀", call(x)\n'[call.span.start : call.span.end] == call.source == "call(x)"


def test_a_byte_order_mark_is_no_syntax():
    assert isinstance(one("\ufeffx = 1\n"), ir.Assign)


@pytest.mark.parametrize(
    ("text", "source"), [("x = x + a", "a"), ("x = x + a + b", "a + b"), ("x += a", "a")]
)
def test_additions_to_a_name(text, source):
    statement = one(text)
    assert isinstance(statement, ir.Augment)
    assert statement.value.source == source


def test_branches_and_clauses():
    statement = one("if a: pass\nelif b: pass\nelse: pass\n")
    assert isinstance(statement.otherwise[0], ir.If)
    assert len(statement.otherwise[0].otherwise) == 1
    clauses = one("try: pass\nexcept (A, b.C) as e: pass\nexcept D: pass\nexcept: pass\n").clauses
    assert [(clause.types, clause.name) for clause in clauses] == [
        (("A", "b.C"), "e"),
        (("D",), None),
        ((), None),
    ]


def test_parameters():
    function = one("async def f(a, b: int = 1, *c, d, e=2, **f): yield 1\n")
    assert [(one.name, one.kind, one.annotation) for one in function.parameters] == [
        ("a", "plain", None),
        ("b", "plain", "int"),
        ("c", "rest", None),
        ("d", "keyword", None),
        ("e", "keyword", None),
        ("f", "options", None),
    ]
    assert (function.is_async, function.generator) == (True, True)


def test_imports():
    statements = lower("import a.b as c, d\nfrom ..x import (y, z as w)\nfrom . import *\n", "a.py")
    assert [(one.module, one.alias) for one in statements[:2]] == [("a.b", "c"), ("d", None)]
    assert (statements[2].module, statements[2].level, statements[2].names) == (
        "x",
        2,
        (("y", "y"), ("z", "w")),
    )
    assert (statements[3].level, statements[3].names) == (1, (("*", "*"),))


def test_a_file_that_cannot_be_read_has_no_statements():
    assert lower_readable("def f(:\n", "a.py") == ()
    assert len(lower_readable("x = 1\ny = 2\n", "a.py")) == 2


def test_a_chain_of_plus_has_its_operands_from_left_to_right():
    chain = list(ir.operands(value("'a' + (b + 'c') + d * 2")))
    assert [type(operand) for operand in chain] == [ir.Literal, ir.Name, ir.Literal, ir.Binary]
    assert list(ir.operands(chain[1])) == [chain[1]]
