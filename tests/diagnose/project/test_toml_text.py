"""The TOML reader: tomlkit's data, exact places, errors with line and column."""

from __future__ import annotations

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from diagnose.errors import ConfigError
from diagnose.project import parse_document
from diagnose.project.toml_text import read_toml

TEXT = st.text(alphabet="ab.[]{}\"'#=,\\ é\n\t😀", max_size=6)
VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | TEXT
    | st.dates()
    | st.datetimes(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXT, children, max_size=3),
    max_leaves=6,
)
TABLES = st.recursive(
    st.dictionaries(TEXT, VALUES, max_size=3),
    lambda children: st.dictionaries(TEXT, children | st.lists(children, min_size=1, max_size=2), max_size=3),
    max_leaves=4,
)


def paths(value: object, keys: tuple[str | int, ...] = ()):
    """Every path of keys in a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield (*keys, key)
        yield from paths(below, (*keys, key))


@given(TABLES)
def test_every_key_that_tomlkit_writes_is_placed(data):
    text = tomlkit.dumps(data)
    layout = read_toml(text, "x")
    assert set(layout.places) == set(paths(layout.data))
    for keys, place in layout.places.items():
        name = next(iter(tomlkit.parse(f"{place.key.of(text)} = 0"))) if isinstance(keys[-1], str) else None
        assert name is None or name == keys[-1]


@given(TABLES)
def test_every_value_text_reads_back_as_its_value(data):
    text = tomlkit.dumps(data)
    layout = read_toml(text, "x")
    for keys, place in layout.places.items():
        expected = layout.data
        for key in keys:
            expected = expected[key]
        if place.value is not None:
            assert tomlkit.parse(f"x = {place.value.of(text)}").unwrap()["x"] == expected


def test_locates_keys_of_every_kind(toml):
    document = toml(
        """
        name = "w" # the name
        a."b c".d = 1

        [vars]
          KEY = \"\"\"
        [not.a.header]
        x = 1
        \"\"\"
        list = [ # a comment with ]
          "one", # two
          { k = "v", l.m = [1] },
        ]

        [[d1_databases]]
        binding = "DB"

        [[d1_databases]]
        name = "prices"
        [env.production]
        [[env.production.queues.producers]]
        queue = 'q'
        """
    )
    where = {
        ("name",): "1:1",
        ("a",): "2:1",
        ("a", "b c"): "2:3",
        ("a", "b c", "d"): "2:9",
        ("vars",): "4:2",
        ("vars", "KEY"): "5:3",
        ("vars", "list"): "9:1",
        ("vars", "list", 0): "10:3",
        ("vars", "list", 1): "11:3",
        ("vars", "list", 1, "k"): "11:5",
        ("vars", "list", 1, "l", "m"): "11:16",
        ("d1_databases",): "14:3",
        ("d1_databases", 0): "14:3",
        ("d1_databases", 0, "binding"): "15:1",
        ("d1_databases", 1): "17:3",
        ("d1_databases", 1, "name"): "18:1",
        ("env", "production"): "19:6",
        ("env", "production", "queues", "producers", 0): "20:25",
        ("env", "production", "queues", "producers", 0, "queue"): "21:1",
    }
    assert {keys: str(document.locate(*keys)) for keys in where} == {
        keys: f"wrangler.toml:{place}" for keys, place in where.items()
    }
    assert document.locate("not") is None


def test_carriage_returns_byte_order_mark_and_unicode():
    document = parse_document('\ufeffname = "é😀"\r\n[triggers]\r\ncrons = []\r\n', "wrangler.toml", "toml")
    assert str(document.locate("name")) == "wrangler.toml:1:1"
    assert str(document.locate("triggers", "crons")) == "wrangler.toml:3:1"


def test_an_escaped_key_has_its_name(toml):
    assert str(toml('"\\u0061" = 1\n').locate("a")) == "wrangler.toml:1:1"


def test_an_inline_table_over_several_lines_is_read_as_wrangler_reads_it(toml):
    document = toml("vars = {\n  A = 1,\n  B = 2,\n}\n")
    assert document.data == {"vars": {"A": 1, "B": 2}}
    assert str(document.locate("vars", "B")) == "wrangler.toml:3:3"


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('name = "w"\nmain = \n', 2, 8),
        ('name = "w\n', 1, 10),
        ("a = 1\na = 2\n", 2, 1),
        ("[t\n", 1, 3),
    ],
)
def test_errors_say_where(text, line, column):
    with pytest.raises(ConfigError) as caught:
        read_toml(text, "wrangler.toml")
    assert (caught.value.line, caught.value.column) == (line, column)
    assert caught.value.where == f"wrangler.toml:{line}:{column}"
    assert "at line" not in caught.value.message


def test_hostile_nesting_is_an_error_and_no_crash():
    with pytest.raises(ConfigError):
        read_toml("a = " + "[" * 5000 + "]" * 5000, "wrangler.toml")
